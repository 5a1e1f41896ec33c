/** That the comparison of catalogs notices what a migration leaves out: one statement of each kind, left out of the chain. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import pg from 'pg'
import { expect, it } from 'vitest'
import { readLock } from '../../generator/evolve/read-lock.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { catalogOf } from './catalog.js'

const generated = fileURLToPath(new URL('chain/generated', import.meta.url))

/** A file of the chain: which migration it belongs to, its head, and its statements. */
interface Part {
  readonly migration: number
  readonly head: string
  readonly statements: readonly string[]
}

it('[E2] a migration that lacks a statement fails, or leads to another catalog', { timeout: 120_000 }, async () => {
  const parts = await partsOfChain()
  const latest = new Map<string, { readonly part: Part; readonly statement: string }>()
  for (const part of parts.filter(({ migration }) => migration > 0))
    for (const statement of part.statements) if (kindOf(statement) !== null) latest.set(kindOf(statement) ?? '', { part, statement })
  expect(latest.size).toBeGreaterThanOrEqual(8)
  const silent: string[] = []
  for (const [kind, { part, statement }] of latest) {
    const upTo = parts.filter(({ migration }) => migration <= part.migration)
    const whole = await outcome(upTo.map(textOf))
    const lacking = await outcome(upTo.map((each) => (each === part ? textOf({ ...part, statements: part.statements.filter((one) => one !== statement) }) : textOf(each))))
    expect(whole, kind).not.toMatch(/^failed/)
    if (lacking === whole) silent.push(`${kind}: ${statement}`)
  }
  expect(silent).toEqual([])
})

const partsOfChain = async (): Promise<readonly Part[]> => {
  const lock = readLock(await readFile(join(generated, 'schema.lock.json'), 'utf8'))
  if ('fault' in lock) throw new Error(lock.fault.why)
  const files = lock.migrations.flatMap(({ files }, migration) => Object.keys(files).map((file) => ({ file, migration })))
  return Promise.all(
    files.map(async ({ file, migration }) => {
      const [head = '', ...rest] = (await readFile(join(generated, 'migrations', file), 'utf8')).split(/\n\n(?=-- )/)
      return { migration, head, statements: migration === 0 ? rest : rest.map((each) => each.trim()) }
    }),
  )
}

const textOf = ({ head, statements }: Part): string => [head, ...statements].join('\n\n')

/** Of what changes the catalog for good: rows that are moved are not in it, nor what helps a column until its migration drops it. */
const kindOf = (statement: string): string | null => {
  if (statement.includes('writers of the new version do not name this column') || statement.includes('syncgen_meanwhile') || /\b\w+_not_null_check\b/.test(statement)) return null
  const sql = statement.replaceAll(/^--.*$/gm, '').trim()
  const altered = /^alter table .*?\b(rename|add column|drop column|add constraint|validate constraint|set not null|set default|drop default|drop not null|type)\b/s.exec(sql)
  if (altered !== null) return `alter table ${altered[1] ?? ''}`
  return /^(create (or replace )?(table|unique index|index|trigger|function)|drop (table|function))\b/.exec(sql)?.[0] ?? null
}

const outcome = async (texts: readonly string[]): Promise<string> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
    return (await catalogOf(client)).join('\n')
  } catch (error) {
    return `failed: ${String(error)}`
  } finally {
    await client.end()
    await drop()
  }
}
