/** The generated tracker server over a database of its own, with three people: what tests of the server start from. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { type TrackerServer, type TrackerServerOptions, createTrackerServer } from '../../generated-example/server/index.js'
import { migrate } from '../../runtime/server/index.js'
import { testDatabase } from '../../runtime/testing/index.js'
import { type DeviceIdentity, type ScopeCall, WireDevice } from './wire-device.js'

export interface TrackerNode {
  readonly server: TrackerServer
  readonly http: Server
  readonly url: string
  stop(): Promise<void>
}

export interface Tracker extends TrackerNode {
  readonly database: string
  readonly ada: string
  readonly bob: string
  readonly eve: string
  /** Ada's, with Bob as an editor. */
  readonly project: string
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Inserts a task by plain SQL. */
  task(title: string, values?: Readonly<Record<string, unknown>>): Promise<string>
  /** One more node over the same database. */
  node(options?: Partial<TrackerServerOptions>): Promise<TrackerNode>
  device(user: string, identity?: Partial<DeviceIdentity>): WireDevice
  /** A device that is connected and has these scopes. */
  online(user: string, ...scopes: readonly ScopeCall[]): Promise<WireDevice>
  log: string[]
}

export const openTracker = async (options: Partial<TrackerServerOptions> = {}): Promise<Tracker> => {
  const { url: database, drop } = await testDatabase()
  await migrate({ database, folder: new URL('../../generated-example/migrations/', import.meta.url) })
  const log: string[] = []
  const start = (more: Partial<TrackerServerOptions> = {}): Promise<TrackerNode> =>
    startNode(database, log, { ...options, ...more })
  const owner = new pg.Pool({ connectionString: database, max: 4 })
  owner.on('error', () => undefined) // Queries report their own failures.
  const sql: Tracker['sql'] = async (text, values = []) => (await owner.query<Record<string, unknown>>(text, [...values])).rows
  const insert = async (table: string, values: Readonly<Record<string, unknown>>): Promise<string> => {
    const names = Object.keys(values)
    const [row] = await sql(
      `insert into ${table} (${names.join()}) values (${names.map((_, at) => `$${at + 1}`).join()}) returning id`,
      Object.values(values),
    )
    return String(row?.['id'])
  }
  const [ada, bob, eve] = [
    await insert('users', { name: 'Ada', email: 'ada@example.org' }),
    await insert('users', { name: 'Bob', email: 'bob@example.org' }),
    await insert('users', { name: 'Eve', email: 'eve@example.org' }),
  ]
  const project = await insert('projects', { title: 'Rocket', owner_id: ada })
  await insert('members', { project_id: project, user_id: ada, role: 'owner' })
  await insert('members', { project_id: project, user_id: bob, role: 'editor' })
  const node = await start()
  const nodes = [node]
  const devices: WireDevice[] = []
  const device: Tracker['device'] = (user, identity = {}) => {
    const made = new WireDevice({ principal: user, claims: { sub: user }, ...identity })
    devices.push(made)
    return made
  }
  return {
    ...node,
    database,
    log,
    ada,
    bob,
    eve,
    project,
    sql,
    task: (title, values = {}) => insert('tasks', { project_id: project, title, position: 'a', ...values }),
    node: async (more) => {
      const another = await start(more)
      nodes.push(another)
      return another
    },
    device,
    online: async (user, ...scopes) => {
      const made = device(user)
      await made.connect(node.url)
      await made.sync(...scopes)
      return made
    },
    stop: async () => {
      for (const each of devices) await each.cut().catch(() => undefined)
      for (const each of nodes) await each.stop()
      await owner.end()
      await drop()
    },
  }
}

const startNode = async (database: string, log: string[], options: Partial<TrackerServerOptions>): Promise<TrackerNode> => {
  const server = await createTrackerServer({
    database,
    origins: ['https://app.example'],
    authenticate: ({ token }) => JSON.parse(token) as { principal: string; claims: { sub: string } },
    log: (level, event, details) => log.push(`${level} ${event} ${JSON.stringify(details ?? {})}`),
    pollInterval: 10,
    ...options,
    limits: { framesPerSecond: 10_000, ...options.limits },
  })
  const http = createHttpServer()
  server.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    server,
    http,
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/sync`,
    stop: async () => {
      await server.close()
      http.closeAllConnections()
      http.close()
    },
  }
}

/** A task as a client makes one. */
export const newTask = (
  projectId: string,
  values: Readonly<Record<string, string | number | null>> = {},
  id: string = randomUUID(),
) => ({ op: 'create', model: 'Task', id, values: { projectId, title: 'Task', position: 'a', ...values } }) as const
