import type pg from 'pg'

/** What a statement read. */
export interface Touched {
  /** Rows of the application's tables that its plan produced or dropped: actual rows × loops plus rows removed by filters. */
  readonly tables: number
  /** Rows of the changelog that its functions fetched, which no plan shows: PostgreSQL's own counters. */
  readonly log: number
  /** Rows that came out. */
  readonly rows: number
}

/** Runs a statement by its generic plan, the worst that a prepared one gets, and counts what it reads. Leaves no trace. */
export const rowsTouched = async (client: pg.Client, text: string, values: readonly (string | null)[]): Promise<Touched> => {
  await client.query('begin isolation level repeatable read')
  try {
    await client.query('set local plan_cache_mode = force_generic_plan')
    await client.query(`prepare counted as ${text}`)
    const literals = values.map((value) => (value === null ? 'null' : client.escapeLiteral(value)))
    const run = `execute counted${literals.length === 0 ? '' : ` (${literals.join(', ')})`}`
    const before = await fetchedFromLog(client)
    const explained = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(`explain (analyze, format json, timing off) ${run}`)
    const log = (await fetchedFromLog(client)) - before
    const plan = explained.rows[0]?.['QUERY PLAN'][0]?.Plan
    if (plan === undefined) throw new Error('no plan')
    return { tables: scanned(plan), log, rows: plan['Actual Rows'] * plan['Actual Loops'] }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly PlanNode[]
}

const scanned = (node: PlanNode): number => {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
  const own = node['Relation Name'] === undefined ? 0 : node['Actual Loops'] * (node['Actual Rows'] + removed)
  return (node.Plans ?? []).reduce((sum, child) => sum + scanned(child), own)
}

const fetchedFromLog = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ n: string | null }>(
    `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as n from pg_stat_xact_all_tables where relid = 'syncgen.changes'::regclass`,
  )
  return Number(rows[0]?.n ?? 0)
}
