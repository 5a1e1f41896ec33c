/** The world's own connection: it sets the database's clock, looks who waits for whom, ends sessions, reads what was committed. */
import pg from 'pg'
import type { RunSql } from '../schema/tables.js'
import { worldStart } from '../kernel/ports.js'

export class Control {
  readonly #client: pg.Client
  #clock = -Infinity

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<Control> {
    // Nobody would let go of a lock while the world waits for this connection.
    const client = new pg.Client({ connectionString: url, application_name: 'control', lock_timeout: 20 })
    client.on('error', () => undefined) // Queries report their own failures.
    await client.connect()
    return new Control(client)
  }

  readonly sql: RunSql = async (text, values = []) => (await this.#client.query<Record<string, unknown>>(text, [...values])).rows

  /** The database's clock follows the world's in steps of 20 ms. */
  async setClock(now: number): Promise<void> {
    if (now - this.#clock < 20) return
    this.#clock = now
    await this.#client.query({ name: 'clock', text: `select setval('sim.clock', $1)`, values: [Math.floor(worldStart + now)] })
  }

  /** Those of these backends that wait for a lock of another. */
  async blocked(pids: readonly number[]): Promise<ReadonlySet<number>> {
    const text = `select pid from unnest($1::int[]) pid where cardinality(pg_blocking_pids(pid)) > 0`
    const { rows } = await this.#client.query<{ pid: number }>({ name: 'blocked', text, values: [[...pids]] })
    return new Set(rows.map(({ pid }) => pid))
  }

  /** Ends a backend, and waits until it is gone with its locks. */
  async terminate(pid: number): Promise<void> {
    await this.#client.query('select pg_terminate_backend($1, 10000)', [pid])
  }

  async cancel(pid: number): Promise<void> {
    await this.#client.query('select pg_cancel_backend($1)', [pid])
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}
