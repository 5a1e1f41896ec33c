import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { createDatabase, type PostgresCluster, startPostgres } from 'syncgen/testing'
import { openTracker, type Tracker } from '../generated-example/client/index.js'

/** Sizes of the projects that the benchmarks read. */
export const sizes = [100, 10_000, 100_000] as const
export type Size = (typeof sizes)[number]

/** A PostgreSQL whose writes are as durable as in production, with a tracker in it. */
export interface BenchWorld {
  readonly cluster: PostgresCluster
  readonly database: string
  readonly sql: pg.Client
  /** Who owns all projects. */
  readonly owner: string
  /** The project with this many tasks. */
  readonly project: Readonly<Record<Size, string>>
  close(): Promise<void>
}

/** Starts it. The tasks are written by plain SQL. */
export const openBenchWorld = async (): Promise<BenchWorld> => {
  const cluster = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '512MB' } })
  const database = await newTracker(cluster, 'tracker')
  const sql = new pg.Client({ connectionString: database })
  await sql.connect()
  const ids = async (text: string, values: readonly unknown[] = []): Promise<string> => {
    const { rows } = await sql.query<{ id: string }>(`${text} returning id`, [...values])
    return rows[0]?.id ?? ''
  }
  const owner = await ids(`insert into users (name, email) values ('Ada', 'ada@example.org')`)
  const projectOf = async (size: Size): Promise<string> => {
    const project = await ids('insert into projects (title, owner_id) values ($1, $2)', [`${size} tasks`, owner])
    await sql.query(`insert into members (project_id, user_id, role) values ($1, $2, 'owner')`, [project, owner])
    await sql.query(
      `insert into tasks (project_id, title, state, position, estimate)
       select $1, 'Task number ' || n, (array['todo', 'doing', 'done'])[1 + n % 3], 'a' || lpad(n::text, 6, '0'), n % 100
       from generate_series(1, $2::int) n`,
      [project, size],
    )
    return project
  }
  const project = { 100: await projectOf(100), 10_000: await projectOf(10_000), 100_000: await projectOf(100_000) }
  await sql.query('vacuum analyze')
  const close = async (): Promise<void> => {
    await sql.end()
    await cluster.stop()
  }
  return { cluster, database, sql, owner, project, close }
}

/** A new database with the tracker's migrations applied. */
export const newTracker = async (cluster: PostgresCluster, name: string): Promise<string> => {
  const database = await createDatabase(cluster.url(), name)
  const sql = new pg.Client({ connectionString: database })
  await sql.connect()
  const folder = new URL('../generated-example/migrations/', import.meta.url)
  for (const file of readdirSync(folder).toSorted()) await sql.query(readFileSync(new URL(file, folder), 'utf8'))
  await sql.end()
  return database
}

/** A client of the owner that holds one project's board, in step with the server. */
export const openBoard = async (url: string, { owner }: BenchWorld, projectId: string): Promise<Tracker> => {
  const db = await openTracker({ url, principal: owner, token: owner, open: [] })
  await db.scopes.board({ projectId }).ready
  await online(db)
  return db
}

/** Resolves when every change arrives as it happens. */
export const online = (db: Tracker): Promise<void> =>
  new Promise((resolve) => {
    const isOnline = (): boolean => db.status.get().connection === 'online'
    if (isOnline()) return resolve()
    const stop = db.status.subscribe(() => {
      if (!isOnline()) return
      queueMicrotask(() => stop())
      resolve()
    })
  })
