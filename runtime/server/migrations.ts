/**
 * Applies migrations: plain SQL files, in order of their names, each in one transaction and once. What was applied is a set, not
 * a number: two branches that were merged both get theirs. A file that was applied and then edited is refused.
 */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SyncError } from '../protocol/errors.js'
import type { Log } from '../protocol/ports.js'
import { platform } from './platform.js'
import { Database, type DatabaseOptions, type DedicatedConnection } from './transaction.js'

export interface MigrateOptions {
  readonly database: DatabaseOptions
  /** Folder of `.sql` files; or `files` as they are. */
  readonly folder?: string | URL
  readonly files?: readonly Migration[]
  readonly log?: Log
}

/** One migration. */
export interface Migration {
  /** `0001_initial.sql` */
  readonly name: string
  readonly sql: string
}

/**
 * Applies what is missing and returns the names of those applied. Of several that run at once, one works and the others wait.
 * @throws SyncError `database-unreachable`; `database-not-migrated` if a file fails (nothing of it is kept) or was edited after
 * it had been applied.
 */
export const migrate = async (options: MigrateOptions): Promise<readonly string[]> => {
  const files = [...(options.files ?? (await readFolder(options.folder ?? 'generated/migrations')))].sort(byName)
  const log = options.log ?? (() => undefined)
  // A migration may take as long as it takes.
  const settings = typeof options.database === 'string' ? { connectionString: options.database } : options.database
  const database = new Database({ ...settings, query_timeout: 0 }, log, platform.timers)
  try {
    const connection = await database.connect(() => undefined)
    return await applyMissing(connection, files, log).finally(() => connection.end())
  } finally {
    await database.close()
  }
}

const applyMissing = async (
  connection: DedicatedConnection,
  files: readonly Migration[],
  log: Log,
): Promise<readonly string[]> => {
  await connection.command('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0')
  await takeLock(connection)
  const applied = await readApplied(connection)
  const edited = files.filter(({ name, sql }) => (applied.get(name) ?? checksum(sql)) !== checksum(sql)).map(({ name }) => name)
  if (edited.length > 0)
    throw refused(`${edited.join(', ')} was edited after it had been applied. Restore it, and put the change into a new file.`)
  const missing = files.filter(({ name }) => !applied.has(name))
  for (const migration of missing) {
    await applyOne(connection, migration)
    log('info', 'migrated', { name: migration.name })
  }
  return missing.map(({ name }) => name)
}

const applyOne = async (connection: DedicatedConnection, { name, sql }: Migration): Promise<void> => {
  try {
    await connection.within('begin', async () => {
      await connection.command(sql)
      await connection.command(bookkeeping)
      await connection.rows('insert into syncgen.migrations (name, checksum) values ($1, $2)', [name, checksum(sql)])
    })
  } catch (error) {
    throw refused(`${name} failed${placeOf(error, sql)}: ${messageOf(error)}. Nothing of it was kept.`, error)
  }
}

/** The first migration makes the schema: before it nothing can have been applied. */
const readApplied = async (connection: DedicatedConnection): Promise<ReadonlyMap<string, string>> => {
  const [there] = await connection.rows(`select to_regclass('syncgen.migrations') is not null`)
  if (there?.[0] !== true) return new Map()
  const rows = await connection.rows('select name, checksum from syncgen.migrations')
  return new Map(rows.map(([name, sum]) => [String(name), String(sum)]))
}

/** Tried, not waited for: who waits for a lock holds a snapshot, for whose end a CREATE INDEX CONCURRENTLY would wait. */
const takeLock = async (connection: DedicatedConnection): Promise<void> => {
  for (;;) {
    const [row] = await connection.rows(`select pg_try_advisory_lock(hashtext('syncgen.migrate'))`)
    if (row?.[0] === true) return
    await new Promise<void>((resolve) => platform.timers.after(100, resolve))
  }
}

const readFolder = async (given: string | URL): Promise<readonly Migration[]> => {
  const folder = typeof given === 'string' ? given : fileURLToPath(given)
  const names = await readdir(folder).catch((error: unknown) => {
    throw refused(
      `the folder ${folder} cannot be read (${messageOf(error)}). Generate it first: \`npx syncgen schemas/\`.`,
      error,
    )
  })
  const files = names.filter((name) => name.endsWith('.sql'))
  return Promise.all(files.map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })))
}

const bookkeeping = `create schema if not exists syncgen;
create table if not exists syncgen.migrations (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default clock_timestamp()
)`

/** Line ends are the checkout's affair. */
const checksum = (sql: string): string => createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')

const byName = (left: Migration, right: Migration): number => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)

const refused = (what: string, cause?: unknown): SyncError =>
  new SyncError('database-not-migrated', `Migrations: ${what}`, {}, { cause })

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'no reason given')

/** PostgreSQL counts characters from the start of the file. */
const placeOf = (error: unknown, sql: string): string => {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN
  return Number.isInteger(position) ? ` at line ${sql.slice(0, position).split('\n').length}` : ''
}
