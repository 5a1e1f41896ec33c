import pg from 'pg'
import type { Figure, Section } from './figures.js'
import { type BenchWorld, newTracker } from './world.js'

/** What writers pay for the changelog. */
export const inserts = async ({ cluster }: BenchWorld): Promise<Section> => {
  const [captured, plain] = [await newTracker(cluster, 'captured'), await newTracker(cluster, 'plain')]
  await withClient(plain, async (sql) => {
    const { rows } = await sql.query<{ text: string }>(
      `select format('alter table %s disable trigger %I', tgrelid::regclass, tgname) as text from pg_trigger
       where not tgisinternal and pg_get_triggerdef(oid) like '%syncgen.%'`,
    )
    for (const { text } of rows) await sql.query(text)
    await sql.query('alter table tasks alter version set default 1')
  })
  const figures: Figure[] = []
  for (const connections of [1, 8]) {
    for (const batch of [1, 1000]) {
      const [ours, bare] = [await throughput(captured, connections, batch), await throughput(plain, connections, batch)]
      figures.push({
        name: `${connections} ${connections === 1 ? 'connection' : 'connections'}, ${batch} ${batch === 1 ? 'row' : 'rows'} a transaction`,
        ours: `${rate(ours)} (${Math.round((ours / bare) * 100)} %)`,
        bare: rate(bare),
      })
    }
  }
  return {
    title: 'Inserts by plain SQL, with our triggers and without',
    how: 'Rows inserted into tasks per second over 3 s, durable commits (fsync on), every transaction one statement.',
    figures,
  }
}

const rate = (rows: number): string => `${Math.round(rows).toLocaleString('en')} rows/s`

/** Rows per second of all connections together. */
const throughput = async (database: string, connections: number, batch: number): Promise<number> => {
  const project = await withClient(database, async (sql) => {
    await sql.query('truncate users, projects, members, tasks, labels, task_labels, syncgen.changes')
    const { rows } = await sql.query<{ id: string }>(
      `with u as (insert into users (name, email, version) values ('Ada', 'a', 1) returning id)
       insert into projects (title, owner_id, version) select 'P', id, 1 from u returning id`,
    )
    return rows[0]?.id ?? ''
  })
  const insert = {
    name: 'insert',
    text: `insert into tasks (project_id, title, position) select $1, 'Task ' || n, 'a' || n from generate_series(1, $2::int) n`,
    values: [project, batch],
  }
  const until = performance.now() + 3_000
  const counts = await Promise.all(
    Array.from({ length: connections }, () =>
      withClient(database, async (sql) => {
        let rows = 0
        for (; performance.now() < until; rows += batch) await sql.query(insert)
        return rows
      }),
    ),
  )
  return counts.reduce((sum, rows) => sum + rows, 0) / 3
}

const withClient = async <Result>(database: string, work: (sql: pg.Client) => Promise<Result>): Promise<Result> => {
  const sql = new pg.Client({ connectionString: database })
  await sql.connect()
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}
