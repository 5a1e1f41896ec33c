/** The world's own connection: it sets the database's clock, looks who waits for whom, ends sessions, reads what was committed. */
import pg from 'pg'
import type { RunSql } from '../schema/tables.js'
import { worldStart } from '../kernel/ports.js'
import { realPause } from '../kernel/stillness.js'

export class Control {
  #client: pg.Client
  #clock = -Infinity
  #last: Promise<unknown> = Promise.resolve()

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<Control> {
    return new Control(await connected(url))
  }

  /** Leaves, and comes back to the database that `meanwhile` says, while nobody is connected. */
  async leave(meanwhile: () => Promise<string>): Promise<void> {
    await this.#last
    await this.#client.end()
    this.#client = await connected(await meanwhile())
    this.#clock = -Infinity
  }

  readonly sql: RunSql = async (text, values = []) => (await this.#ask<Record<string, unknown>>({ text, values: [...values] })).rows

  /** The database's clock follows the world's in steps of 20 ms. */
  async setClock(now: number): Promise<void> {
    if (now - this.#clock < 20) return
    this.#clock = now
    await this.#ask({ name: 'clock', text: `select setval('sim.clock', $1)`, values: [Math.floor(worldStart + now)] })
  }

  /** Those of these backends that wait for a lock of another. */
  async blocked(pids: readonly number[]): Promise<ReadonlySet<number>> {
    const text = `select pid from unnest($1::int[]) pid where cardinality(pg_blocking_pids(pid)) > 0`
    const { rows } = await this.#ask<{ pid: number }>({ name: 'blocked', text, values: [[...pids]] })
    return new Set(rows.map(({ pid }) => pid))
  }

  /** Ends a backend, and waits until it is gone with its locks. */
  async terminate(pid: number): Promise<void> {
    for (;;) {
      // It says whether there is one. Its own way to wait looks every 100 ms.
      const { rows } = await this.#ask<{ there: boolean }>({ name: 'terminate', text: 'select pg_terminate_backend($1) as there', values: [pid] })
      if (rows[0]?.there !== true) return
      await realPause(1)
    }
  }

  async cancel(pid: number): Promise<void> {
    await this.#ask({ text: 'select pg_cancel_backend($1)', values: [pid] })
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  /** One after the other: some of those who ask do not wait for each other. */
  #ask<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>> {
    const answer = this.#last.then(() => this.#client.query<Row>(query))
    this.#last = answer.catch(() => undefined)
    return answer
  }
}

const connected = async (url: string): Promise<pg.Client> => {
  // Nobody would let go of a lock while the world waits for this connection.
  const client = new pg.Client({ connectionString: url, application_name: 'control', lock_timeout: 20 })
  client.on('error', () => undefined) // Queries report their own failures.
  await client.connect()
  return client
}
