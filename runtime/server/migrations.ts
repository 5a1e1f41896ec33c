/**
 * Applies migrations: plain SQL files, in order of their names, each once, in one transaction unless it says `transaction:false` (then
 * it holds one statement). What was applied is a set, not a number: two branches that were merged both get theirs. A file that was applied and
 * then edited is refused.
 */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SyncError } from '../protocol/errors.js'
import type { Log, Timers } from '../protocol/ports.js'
import { platform } from './platform.js'
import { isPassing, sqlFailure } from './sql-failure.js'
import { Database, type DatabaseOptions, type DedicatedConnection } from './transaction.js'

export interface MigrateOptions {
  readonly database: DatabaseOptions
  /** Folder of `.sql` files; or `files` as they are. */
  readonly folder?: string | URL
  readonly files?: readonly Migration[]
  readonly log?: Log
  /** Between two attempts. Those of the machine unless given. */
  readonly timers?: Timers
}

/** One migration. */
export interface Migration {
  /** `0001_initial.sql` */
  readonly name: string
  readonly sql: string
}

/** A migration and what the database knows of it. */
export interface MigrationState {
  readonly name: string
  /** `edited`: applied, and its file was changed since. `unknown`: applied, and there is no such file: another branch's. */
  readonly state: 'applied' | 'missing' | 'edited' | 'unknown'
}

/**
 * Applies what is missing and returns the names of those applied. Of several that run at once, one works and the others wait.
 * A file that does not get a lock within the time that it allows itself is tried again, for about two minutes.
 * @throws SyncError `database-unreachable`; `database-not-migrated` if a file fails (nothing of it is kept, unless it runs outside a
 * transaction, where it can be run again) or was edited after it had been applied.
 */
export const migrate = (options: MigrateOptions): Promise<readonly string[]> =>
  connected(options, async (connection, files, log) => {
    const { timers = platform.timers } = options
    await connection.command('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0')
    await takeLock(connection, timers)
    return applyMissing(connection, files, log, timers)
  })

/** What `migrate` would find, by name. Changes nothing. @throws SyncError `database-unreachable`. */
export const migrationStates = (options: MigrateOptions): Promise<readonly MigrationState[]> =>
  connected(options, async (connection, files) => {
    const applied = await readApplied(connection)
    const names = new Set(files.map(({ name }) => name))
    return [
      ...files.map(({ name, sql }) => ({ name, state: stateOf(applied.get(name), checksum(sql)) })),
      ...[...applied.keys()].filter((name) => !names.has(name)).map((name) => ({ name, state: 'unknown' as const })),
    ].sort(byName)
  })

/**
 * Lets `run` look at a database. Whatever it does there is rolled back, also if it fails or this process ends.
 * @throws SyncError `database-unreachable`, also where a right is missing or a statement fails.
 */
export const examine = <Result>(database: DatabaseOptions, run: (connection: Pick<DedicatedConnection, 'rows' | 'command'>) => Promise<Result>): Promise<Result> =>
  connected({ database, files: [] }, async (connection) => {
    await connection.command('begin')
    try {
      return await run({ rows: (text, values) => connection.rows(text, values), command: (text) => connection.command(text) })
    } catch (error) {
      throw notExamined(error)
    } finally {
      await connection.command('rollback').catch(() => undefined) // A connection that is lost has rolled back.
    }
  })

const connected = async <Result>(
  options: MigrateOptions,
  run: (connection: DedicatedConnection, files: readonly Migration[], log: Log) => Promise<Result>,
): Promise<Result> => {
  const files = [...(options.files ?? (await readFolder(options.folder ?? 'generated/migrations')))].sort(byName)
  const log = options.log ?? (() => undefined)
  // A migration may take as long as it takes.
  const settings = typeof options.database === 'string' ? { connectionString: options.database } : options.database
  const database = new Database({ ...settings, query_timeout: 0 }, log, options.timers ?? platform.timers)
  try {
    const connection = await database.connect(() => undefined)
    return await run(connection, files, log).finally(() => connection.end())
  } finally {
    await database.close()
  }
}

const stateOf = (applied: string | undefined, present: string): MigrationState['state'] =>
  applied === undefined ? 'missing' : applied === present ? 'applied' : 'edited'

const applyMissing = async (
  connection: DedicatedConnection,
  files: readonly Migration[],
  log: Log,
  timers: Timers,
): Promise<readonly string[]> => {
  const applied = await readApplied(connection)
  const edited = files.filter(({ name, sql }) => stateOf(applied.get(name), checksum(sql)) === 'edited').map(({ name }) => name)
  if (edited.length > 0)
    throw refused(`${edited.join(', ')} was edited after it had been applied. Restore it, and put the change into a new file.`)
  const missing = files.filter(({ name }) => !applied.has(name))
  for (const migration of missing) {
    await applyPatiently(connection, migration, log, timers)
    log('info', 'migrated', { name: migration.name })
  }
  return missing.map(({ name }) => name)
}

/** Behind a lock that is waited for, everybody else waits: a file says how long it may, and is tried again. */
const applyPatiently = async (connection: DedicatedConnection, migration: Migration, log: Log, timers: Timers): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await applyOne(connection, migration)
    } catch (error) {
      const isLockTimeout = sqlFailure(error instanceof Error ? error.cause : error)?.code === '55P03'
      if (!isLockTimeout || attempt === mostAttempts) throw error
      log('info', 'migration-waits', { name: migration.name, attempt })
      await new Promise<void>((resolve) => timers.after(Math.min(100 * 2 ** attempt, 3_000), resolve))
    }
  }
}

const mostAttempts = 30

const applyOne = async (connection: DedicatedConnection, { name, sql }: Migration): Promise<void> => {
  const alone = /^-- migrate:up transaction:false\s*$/m.test(sql)
  const remember = async (): Promise<void> => {
    await connection.command(bookkeeping)
    await connection.rows('insert into syncgen.migrations (name, checksum) values ($1, $2)', [name, checksum(sql)])
  }
  try {
    if (alone) {
      await dropUnfinished(connection, sql)
      if (!(await isBuilt(connection, sql))) await connection.command(sql)
    }
    await connection.within('begin', async () => {
      if (!alone) await connection.command(sql)
      await remember()
    })
  } catch (error) {
    const kept = alone ? 'It can be run again once the cause is gone.' : 'Nothing of it was kept.'
    throw refused(`${name} failed${placeOf(error, sql)}: ${messageOf(error)}. ${kept}`, error)
  }
}

/** An index that could not be built concurrently stays behind, invalid and in the way of the next attempt. */
const dropUnfinished = async (connection: DedicatedConnection, sql: string): Promise<void> => {
  const rows = await connection.rows(unfinished, [sql])
  for (const [index] of rows) await connection.command(`drop index concurrently ${String(index)}`)
}

const unfinished = `select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid
where not i.indisvalid and $1 ~* 'index concurrently' and position('"' || c.relname || '"' in $1) > 0`

/** An attempt that ended before it was recorded may have built its index to the end. */
const isBuilt = async (connection: DedicatedConnection, sql: string): Promise<boolean> => (await connection.rows(built, [sql])).length > 0

const built = `select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
where i.indisvalid and pg_table_is_visible(c.oid) and position(
  'create ' || case when i.indisunique then 'unique ' else '' end || 'index concurrently "' || c.relname || '" on "' || t.relname || '"' in $1) > 0`

/** The first migration makes the schema: before it nothing can have been applied. */
const readApplied = async (connection: DedicatedConnection): Promise<ReadonlyMap<string, string>> => {
  const [there] = await connection.rows(`select to_regclass('syncgen.migrations') is not null`)
  if (there?.[0] !== true) return new Map()
  const rows = await connection.rows('select name, checksum from syncgen.migrations')
  return new Map(rows.map(([name, sum]) => [String(name), String(sum)]))
}

/** Tried, not waited for: who waits for a lock holds a snapshot, for whose end a CREATE INDEX CONCURRENTLY would wait. */
const takeLock = async (connection: DedicatedConnection, timers: Timers): Promise<void> => {
  for (;;) {
    const [row] = await connection.rows(`select pg_try_advisory_lock(hashtext('syncgen.migrate'))`)
    if (row?.[0] === true) return
    await new Promise<void>((resolve) => timers.after(100, resolve))
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

const byName = (left: { readonly name: string }, right: { readonly name: string }): number => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)

const refused = (what: string, cause?: unknown): SyncError =>
  new SyncError('database-not-migrated', `Migrations: ${what}`, {}, { cause })

/** Failures that are not of the database are nobody's but ours. */
const notExamined = (error: unknown): unknown => {
  const failure = sqlFailure(error)
  if (failure === undefined && !isPassing(error)) return error
  return new SyncError('database-unreachable', `Cannot look at the database: ${whyNot(failure?.code, error)}.`, {}, { cause: error })
}

const whyNot = (code: string | undefined, error: unknown): string => {
  if (code === '42501') return `${messageOf(error)}. Its user needs the right to create schemas (grant create on database … to …); what is made there is rolled back`
  return code === '25006' ? 'it is a standby, where nothing can be made, not even to be rolled back; ask its primary' : messageOf(error)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'no reason given')

/** PostgreSQL counts characters from the start of the file. */
const placeOf = (error: unknown, sql: string): string => {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN
  return Number.isInteger(position) ? ` at line ${sql.slice(0, position).split('\n').length}` : ''
}
