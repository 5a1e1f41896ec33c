/** A node of the vault (tests/security/vault/vault.yaml) over a database of its own: ann, who knows what she does, and mal, who does, too. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { migrate } from '../../runtime/server/index.js'
import { testDatabase } from '../../runtime/testing/index.js'
import type { Mutation, Outcome } from '../../runtime/protocol/index.js'
import { type ScopeCall, WireDevice } from '../server/wire-device.js'
import { type VaultServerOptions, createVaultServer } from './vault/generated/server/index.js'
import { schema } from './vault/generated/shared/schema.js'

export interface Vault {
  readonly url: string
  readonly ann: string
  readonly mal: string
  /** Ann's, with her as its chief. */
  readonly team: string
  readonly log: readonly string[]
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Inserts a row by plain SQL; its id. */
  insert(table: string, values: Readonly<Record<string, unknown>>): Promise<string>
  /** A device that is connected and has these scopes. */
  online(user: string, ...scopes: readonly ScopeCall[]): Promise<WireDevice>
  stop(): Promise<void>
}

export const openVault = async (options: Partial<VaultServerOptions> = {}): Promise<Vault> => {
  const database = await testDatabase()
  await migrate({ database: database.url, folder: new URL('./vault/generated/migrations/', import.meta.url) })
  const owner = new pg.Pool({ connectionString: database.url, max: 2 })
  owner.on('error', () => undefined) // Queries report their own failures.
  const sql: Vault['sql'] = async (text, values = []) => (await owner.query<Record<string, unknown>>(text, [...values])).rows
  const insert: Vault['insert'] = async (table, values) => {
    const names = Object.keys(values)
    const [row] = await sql(`insert into ${table} (${names.join()}) values (${names.map((_, at) => `$${at + 1}`).join()}) returning id`, Object.values(values))
    return String(row?.['id'])
  }
  const [ann, mal] = [await insert('people', { name: 'Ann', email: 'ann@example.org', pin: '4711' }), await insert('people', { name: 'Mal', email: 'mal@example.org' })]
  const team = await insert('teams', { title: 'Ann’s', founder_id: ann, budget: 'secret budget' })
  await insert('seats', { team_id: team, person_id: ann, chief: true })
  const log: string[] = []
  const server = await createVaultServer({
    database: database.url,
    origins: ['https://app.example'],
    pollInterval: 10,
    log: (level, event, details) => void log.push(`${level} ${event} ${JSON.stringify(details ?? {})}`),
    authenticate: ({ token }) => JSON.parse(token) as { principal: string; claims: { sub: string } },
    ...options,
    limits: { framesPerSecond: 10_000, ...options.limits },
  })
  const http = createHttpServer()
  server.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/sync`
  const devices: WireDevice[] = []
  return {
    url,
    ann,
    mal,
    team,
    log,
    sql,
    insert,
    online: async (user, ...scopes) => {
      const device = new WireDevice({ principal: user, claims: { sub: user } }, schema)
      devices.push(device)
      await device.connect(url)
      if (scopes.length > 0) await device.sync(...scopes)
      return device
    },
    stop: async () => {
      for (const device of devices) await device.cut().catch(() => undefined)
      await server.close()
      http.closeAllConnections()
      http.close()
      await owner.end()
      await database.drop()
    },
  }
}

/** A create with an id of its own. */
export const make = (model: string, values: Readonly<Record<string, string | number | boolean | null>>, id: string = randomUUID()) =>
  ({ op: 'create', model, id, values }) as const

/** Pushes all of these in one frame, and waits for all their outcomes. */
export const pushAll = async (device: WireDevice, mutations: readonly Mutation[]): Promise<readonly Outcome[]> => {
  device.send({ kind: 'push', mutations })
  const outcomes: Outcome[] = []
  while (outcomes.length < mutations.length) outcomes.push(...(await device.next('pushed')).results.map(({ outcome }) => outcome))
  return outcomes
}
