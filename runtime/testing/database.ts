import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { SyncError } from '../protocol/errors.js'
import { type PostgresCluster, type PostgresOptions, startPostgres } from './postgres.js'

/** A database of a test's own. */
export interface TestDatabase {
  readonly url: string
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>
}

/** The database server that a demo uses. */
export interface DemoDatabase {
  /** Of a new, empty database. */
  readonly url: string
  /** For people: where it runs. */
  readonly description: string
  /** Drops the database, and stops the server if it was started here. */
  stop(): Promise<void>
}

/** Where a test run that shares one cluster asks for its URL; set by the run, read by its test files. */
export const clusterDoor = 'SYNCGEN_TEST_CLUSTER'

/**
 * A new, empty database with a name of its own, for one test or test file. It lies in the server that SYNCGEN_TEST_DATABASE_URL
 * names (whose user must be allowed to create databases), else in the cluster that the test run shares, else in a private one
 * that ends with this process. DATABASE_URL is never read.
 */
export const testDatabase = async (): Promise<TestDatabase> => {
  const url = await createDatabase(await testServerUrl(), `${testPrefix()}${randomBytes(6).toString('hex')}`)
  return { url, drop: () => dropDatabase(url) }
}

/**
 * A new, empty database for a demo: in the server of DATABASE_URL if that is set (nothing that is in there is touched), else
 * in a private cluster.
 */
export const demoDatabase = async (options: PostgresOptions = {}): Promise<DemoDatabase> => {
  const name = `syncgen_demo_${randomBytes(4).toString('hex')}`
  const given = process.env['DATABASE_URL']
  if (given !== undefined && given !== '') {
    const url = await createDatabase(given, name)
    return { url, description: `database ${name} in the server of DATABASE_URL`, stop: () => dropDatabase(url) }
  }
  const cluster = await startPostgres(options)
  const url = await createDatabase(cluster.url(), name)
  return { url, description: `PostgreSQL ${cluster.version} (${cluster.source})`, stop: () => cluster.stop() }
}

/** Creates an empty database in a server, named by any of its databases, and returns its URL. */
export const createDatabase = async (server: string, name: string): Promise<string> => {
  await inServer(server, (client) => client.query(`create database ${pg.escapeIdentifier(name)} template template0`))
  return withDatabase(server, name)
}

/** Drops a database, ending the sessions that use it. Dropping one that is gone does nothing. */
export const dropDatabase = async (url: string): Promise<void> => {
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  const text = `drop database if exists ${pg.escapeIdentifier(name)} with (force)`
  await inServer(withDatabase(url, 'postgres'), (client) => client.query(text))
}

/** Names of a run's databases start so: whoever started the run can drop what its tests left behind. */
export const testPrefix = (): string => `syncgen_test_${process.env['SYNCGEN_TEST_RUN'] ?? process.pid}_`

/** Drops every database of this test run. */
export const dropTestDatabases = async (server: string): Promise<void> => {
  const left = await inServer(server, (client) =>
    client.query<{ datname: string }>('select datname from pg_database where starts_with(datname, $1)', [testPrefix()]),
  )
  for (const { datname } of left.rows) await dropDatabase(withDatabase(server, datname))
}

const withDatabase = (server: string, name: string): string => {
  const url = new URL(server)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

let ownCluster: Promise<PostgresCluster> | undefined

const testServerUrl = async (): Promise<string> => {
  const given = process.env['SYNCGEN_TEST_DATABASE_URL']
  if (given !== undefined && given !== '') return given
  const door = process.env[clusterDoor]
  if (door === undefined) return (ownCluster ??= startPostgres()).then((cluster) => cluster.url())
  const answer = await fetch(door)
  const said = await answer.text()
  if (!answer.ok) throw new SyncError('database-unreachable', said, { reason: 'start-failed' })
  return said
}

const inServer = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 20_000 })
  const { hostname, port } = new URL(url)
  const server = `${hostname}:${port || 5432}`
  try {
    await client.connect()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SyncError(
      'database-unreachable',
      `Cannot connect to PostgreSQL at ${server}: ${why}. Check the URL, and that the server runs.`,
      { reason: 'unreachable' },
      { cause: error },
    )
  }
  try {
    return await work(client)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
    throw new SyncError(
      'database-unreachable',
      `The user of ${server} may not create or drop databases. Grant it: alter role … createdb.`,
      { reason: 'no-right' },
      { cause: error },
    )
  } finally {
    await client.end()
  }
}
