/** Forgets what no device needs: once an hour on one of the nodes, and when asked. */
import type { Log, Random, Timers } from '../protocol/ports.js'
import type { Connection, Database } from './transaction.js'

export interface PurgeTools {
  readonly database: Database
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
  /** ms */
  readonly horizon: number
}

export class Purge {
  readonly #tools: PurgeTools
  #cancel: () => void = () => undefined

  constructor(tools: PurgeTools) {
    this.#tools = tools
  }

  start(): void {
    // Nodes that were started together do not purge together.
    this.#cancel = this.#tools.timers.after(hour * (0.5 + this.#tools.random.next()), () => {
      this.run().catch((error: unknown) =>
        this.#tools.log('warn', 'purge-failed', { error: error instanceof Error ? error.message : 'no error' }),
      )
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /**
   * Deletes changes and outcomes older than `horizon` ms and raises the floor in the same transaction, so that no position can
   * be used whose changes are gone. Waits for a purge that is running elsewhere.
   */
  async run(horizon = this.#tools.horizon): Promise<void> {
    const purged = await this.#tools.database.write((connection) => purge(connection, horizon))
    this.#tools.log('info', 'purged', { changes: purged })
  }
}

const purge = async (connection: Connection, horizon: number): Promise<number> => {
  await connection.rows(`select pg_advisory_xact_lock(hashtext('syncgen.purge'))`)
  const [row] = await connection.rows(`select syncgen.purge(make_interval(secs => $1::float8 / 1000))`, [horizon])
  return Number(row?.[0] ?? 0)
}

const hour = 3600 * 1000
