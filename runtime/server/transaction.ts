/**
 * The database: a pool whose connections all behave alike, and transactions that say their isolation. Every error of a
 * connection ends in the promise of whoever used it, or in the log; none ends the process.
 */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { SyncError } from '../protocol/errors.js'
import type { Log, Timers } from '../protocol/ports.js'
import { breaksConnection, isPassing } from './sql-failure.js'
import type { Parameter } from './values.js'

/** URL or settings of a PostgreSQL primary. */
export type DatabaseOptions = string | pg.PoolConfig

/** One row in the order of its select list. */
export type SqlRow = readonly unknown[]

/** Settings that the SQL relies on; jit costs more than it gives on statements of milliseconds. */
const sessionSettings = `set jit = off; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres';
set bytea_output = 'hex'; set extra_float_digits = 1; set standard_conforming_strings = on; set client_encoding = 'UTF8'`

/**
 * For statements that follow a position: they must cost what changed since, not what was ever logged. The planner has no
 * statistics that tell the few transactions since a position from all others, so after a bulk load it would read the whole log
 * each time.
 */
export const boundedPlans = 'enable_seqscan = off'

/** A pool of connections, and the transactions that run on them. */
export class Database {
  readonly #pool: pg.Pool
  readonly #settings: pg.PoolConfig
  readonly #log: Log
  readonly #timers: Timers
  readonly #inUse = new Set<pg.PoolClient>()
  #isCut = false

  constructor(options: DatabaseOptions, log: Log, timers: Timers) {
    this.#log = log
    this.#timers = timers
    this.#settings = {
      application_name: 'syncgen',
      statement_timeout: 60_000,
      // Of a server that does not answer at all: longer than any that does.
      query_timeout: 90_000,
      idle_in_transaction_session_timeout: 60_000,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      max: 10,
      ...(typeof options === 'string' ? { connectionString: options } : options),
      types: driverTypes,
    }
    this.#pool = new pg.Pool({ ...this.#settings, onConnect: (client) => prepare(client, log) })
    this.#pool.on('error', (error) => log('warn', 'database-connection-lost', { error: error.message }))
  }

  /** One statement in a transaction of its own. */
  async rows(text: string, values: readonly Parameter[] = []): Promise<readonly SqlRow[]> {
    return this.#use((connection) => connection.rows(text, values))
  }

  /** Everything `run` reads is one snapshot. Reads only. */
  read<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
    const begin = `begin isolation level repeatable read, read only; set local ${boundedPlans}`
    return this.#use((connection) => connection.within(begin, () => run(connection)))
  }

  /**
   * What `run` writes commits as a whole. Runs it again, in a new transaction, after a failure that `mayRetry`, at most five
   * times. Unless told otherwise that is any failure that may pass, a lost answer to the commit included: then `run` must
   * recognise its own work.
   */
  async write<Result>(
    run: (connection: Connection) => Promise<Result>,
    mayRetry: (error: unknown) => boolean = isPassing,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#use((connection) =>
          connection.within(`begin isolation level read committed, read write; set local lock_timeout = '5s'`, () =>
            run(connection),
          ),
        )
      } catch (error) {
        if (!mayRetry(error) || attempt === 5 || this.#isCut) throw error
        this.#log('info', 'transaction-retried', { attempt, error: error instanceof Error ? error.message : '' })
        await new Promise<void>((resolve) => this.#timers.after(10 * 2 ** attempt, resolve))
      }
    }
  }

  /** A connection outside the pool, for as long as the caller likes. @throws SyncError `database-unreachable`. */
  async connect(lost: (error: Error) => void): Promise<DedicatedConnection> {
    const client = new pg.Client(this.#settings)
    client.on('error', lost)
    client.on('end', () => lost(new Error('Connection terminated')))
    try {
      await client.connect()
      await client.query(sessionSettings)
    } catch (error) {
      client.end().catch(() => undefined) // Not waited for: a connection that failed may never say that it has ended.
      throw unreachable(error)
    }
    return new DedicatedConnection(client)
  }

  /** Ends what is running, without its answer: PostgreSQL rolls back what was not committed. Nothing is tried again. */
  cut(): void {
    this.#isCut = true
    for (const client of this.#inUse) client.end().catch(() => undefined)
  }

  /** Waits for what is running, then closes every connection. */
  close(): Promise<void> {
    return this.#pool.end()
  }

  async #use<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw unreachable(error)
    })
    this.#inUse.add(client)
    let broken: Error | undefined
    try {
      return await run(new Connection(client))
    } catch (error) {
      if (breaksConnection(error) || error instanceof RollbackFailed) broken = error as Error
      throw error instanceof RollbackFailed ? error.cause : error
    } finally {
      this.#inUse.delete(client)
      client.release(broken)
    }
  }
}

/** Statements on one connection, in order. */
export class Connection {
  readonly #client: pg.ClientBase

  constructor(client: pg.ClientBase) {
    this.#client = client
  }

  /** Runs a prepared statement; rows as arrays. */
  async rows(text: string, values: readonly Parameter[] = []): Promise<readonly SqlRow[]> {
    const name = nameOf(text)
    const query = { text, values: [...values], rowMode: 'array' as const }
    const result = await this.#client.query<unknown[]>(name === undefined ? query : { ...query, name })
    return result.rows
  }

  /** Runs any SQL of an app's; rows as objects. */
  async sql(text: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const result = await this.#client.query<Record<string, unknown>>(text, [...values])
    return result.rows
  }

  /** Commands without parameters and answers, several at once, separated by semicolons. */
  async command(text: string): Promise<void> {
    await this.#client.query(text)
  }

  /** The same connection, for the app, until it is revoked. */
  lend(): LentConnection {
    return new LentConnection(this.#client)
  }

  /** `begin`, `run`, `commit`; or `rollback` if it throws. @throws also when PostgreSQL rolled back instead of committing. */
  async within<Result>(begin: string, run: () => Promise<Result>): Promise<Result> {
    await this.#client.query(begin)
    let result: Result
    try {
      result = await run()
    } catch (error) {
      await this.#client.query('rollback').catch(() => {
        throw new RollbackFailed('rollback failed', { cause: error })
      })
      throw error
    }
    const { command } = await this.#client.query('commit')
    if (command !== 'COMMIT') throw new NotCommitted()
    return result
  }
}

/** A connection in the hands of the app. Once it is revoked, whatever is still asked of it throws SyncError `closed`. */
export class LentConnection extends Connection {
  #isRevoked = false

  /** From now on it is of no use. */
  revoke(): void {
    this.#isRevoked = true
  }

  override async rows(text: string, values?: readonly Parameter[]): Promise<readonly SqlRow[]> {
    this.#check()
    return super.rows(text, values)
  }

  override async sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    this.#check()
    return super.sql(text, values)
  }

  override async command(text: string): Promise<void> {
    this.#check()
    return super.command(text)
  }

  #check(): void {
    if (this.#isRevoked) throw new SyncError('closed', 'This transaction is over, or its time was: whatever writes with it must be awaited.')
  }
}

/** A connection outside the pool, which may listen. */
export class DedicatedConnection extends Connection {
  readonly #client: pg.Client

  constructor(client: pg.Client) {
    super(client)
    this.#client = client
  }

  /** Calls `heard` with the payload of each notification on the channels that this connection listens to. */
  onNotification(heard: (payload: string) => void): void {
    this.#client.on('notification', (message) => heard(message.payload ?? ''))
  }

  /** Closes it, whatever it is doing. */
  async end(): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }
}

/** No connection, for whatever reason: the network, the password, a database that takes none. */
const unreachable = (cause: unknown): SyncError =>
  new SyncError(
    'database-unreachable',
    `Cannot connect to the database: ${reasonOf(cause)}. Check the URL, and that PostgreSQL runs.`,
    {},
    { cause },
  )

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'no reason given')

/** A statement had failed and somebody caught its error: PostgreSQL answers the commit with ROLLBACK, and with no error. */
class NotCommitted extends Error {
  /** in_failed_sql_transaction */
  readonly code = '25P02'

  constructor() {
    super('Nothing was committed: a statement of this transaction had failed. Let its error pass, or use a savepoint.')
  }
}

/** The connection is in no known state: it must not go back to the pool. */
class RollbackFailed extends Error {}

const prepare = async (client: pg.ClientBase, log: Log): Promise<void> => {
  client.on('error', (error) => log('warn', 'database-connection-lost', { error: error.message }))
  await client.query(sessionSettings)
}

const names = new Map<string, string>()
/** Each prepared statement stays in each connection: those that clients can vary must not fill the server's memory. */
const mostNames = 2000

const nameOf = (text: string): string | undefined => {
  const known = names.get(text)
  if (known !== undefined || names.size >= mostNames) return known
  const name = `syncgen_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
  names.set(text, name)
  return name
}

const asText = (text: string): string => text

/** Object identifiers of the types that are not handed over as text (pg_type.dat in PostgreSQL's source). */
const parsed: readonly number[] = [
  16, // bool
  17, // bytea
  21, // int2
  23, // int4
  26, // oid
  700, // float4
  701, // float8
  114, // json
  3802, // jsonb
  1005, // int2[]
  1007, // int4[]
  1009, // text[]
  1015, // varchar[]
]

const driverTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsed.includes(oid) ? pg.types.getTypeParser(oid, format as 'text') : asText,
}
