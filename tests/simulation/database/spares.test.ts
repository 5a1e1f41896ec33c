import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { startWorldCluster } from './cluster.js'
import { type Gatekeeper, type RealClient, keepGate } from './sessions.js'
import { endSpares } from './spares.js'

/** Lets everything through; who ends leaves its backend. */
class OpenGate implements Gatekeeper {
  readonly #clients = new Map<pg.Client, RealClient>()

  async connect(client: pg.Client, real: RealClient): Promise<void> {
    this.#clients.set(client, real)
    await real.connect()
  }

  query(client: pg.Client, config: unknown, values: unknown): Promise<pg.QueryResult> {
    return this.#realOf(client).query(config, values)
  }

  async end(client: pg.Client): Promise<void> {
    await this.#realOf(client).leave()
  }

  #realOf(client: pg.Client): RealClient {
    const real = this.#clients.get(client)
    if (real === undefined) throw new Error('it has not connected')
    return real
  }
}

let cluster: PostgresCluster

beforeAll(async () => {
  cluster = await startWorldCluster()
  keepGate(new OpenGate())
}, 60_000)

afterAll(async () => {
  endSpares()
  keepGate(null)
  await cluster.stop()
})

const connected = async (name: string, more: pg.ClientConfig = {}): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: cluster.url(), application_name: `sim:${name}`, ...more })
  await client.connect()
  return client
}

const one = async (client: pg.Client, text: string): Promise<unknown> => Object.values((await client.query<Record<string, unknown>>(text)).rows[0] ?? {})[0]
const named = { name: 'twice', text: 'select 2 * $1::int as twice', values: [21] }

describe('a backend that was left', () => {
  it('[I31] is found by the next who connects in the same way, with nothing of its last user but what was prepared', async () => {
    const first = await connected('first')
    const pid = await one(first, 'select pg_backend_pid()')
    await first.query('create temp table own (n int); set work_mem = 1234; listen news; select pg_advisory_lock(7)')
    await first.query(named)
    await first.query('begin; create table half (n int)')
    let isOver = false
    first.once('end', () => (isOver = true))
    await first.end()
    expect(isOver).toBe(true)

    const other = await connected('other', { options: '-c datestyle=German' })
    expect(await one(other, 'select pg_backend_pid()')).not.toBe(pid)

    const next = await connected('next')
    expect(await one(next, 'select pg_backend_pid()')).toBe(pid)
    expect(await one(next, 'show application_name')).toBe('sim:next')
    expect(await one(next, 'show work_mem')).not.toBe('1234kB')
    expect(await one(next, `select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype in ('advisory', 'transactionid')`)).toBe(0)
    expect(await one(next, 'select count(*)::int from pg_listening_channels()')).toBe(0)
    expect(await one(next, `select to_regclass('own') is null and to_regclass('half') is null`)).toBe(true)
    expect(await one(next, `select name from pg_prepared_statements`)).toBe('twice')
    expect((await next.query(named)).rows).toEqual([{ twice: 42 }])
    await Promise.all([other.end(), next.end()])
  })
})
