/**
 * A server and devices for the tests of an app, in one call: a database of its own with the app's migrations applied, any
 * number of server nodes on real sockets, and clients with storage of their own that can be cut off and reopened.
 */
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { OpenOptions } from '../client/index.js'
import { type OpenStorage, memoryStorage } from '../client/index.js'
import { includes, type Log, parsePosition } from '../protocol/index.js'
import { migrate, type ServerOptions } from '../server/index.js'
import { testDatabase } from './database.js'

/** What the lab needs of a generated server. */
export interface LabServer {
  attach(http: HttpServer, options?: { readonly path?: string }): void
  close(): Promise<void>
}

/** What the lab needs of a generated client. */
export interface LabClient {
  readonly status: { get(): { readonly connection: string; readonly pending: number } }
  /** Position of the cache, as the server gave it. */
  readonly position: string | null
  goOffline(): void
  goOnline(): void
  close(): Promise<void>
}

export interface LabOptions<Claims, Hooks, Server extends LabServer, Client extends LabClient> {
  /** As generated: `createTrackerServer`. */
  readonly createServer: (options: ServerOptions<Claims, Hooks>) => Promise<Server>
  /** As generated: `openTracker`. */
  readonly openClient: (options: OpenOptions) => Promise<Client>
  /** Folder of the generated migrations. */
  readonly migrations: URL | string
  /** Server nodes over the one database; 1 unless given. */
  readonly nodes?: number
  /** On top of what the lab sets for each node. */
  readonly server?: Partial<Omit<ServerOptions<Claims, Hooks>, 'database' | 'authenticate'>>
  readonly log?: Log
}

export interface DeviceOptions<Claims> {
  readonly principal: string
  readonly claims: Claims
  /** Which node it connects to: 0 unless given. */
  readonly node?: number
  /** Shared by successive clients of one device; memory unless given. */
  readonly storage?: OpenStorage
  /** Connects elsewhere than to a node: through a proxy of the test. */
  readonly url?: string
  /** Parameterless scopes to open at start; all unless given. */
  readonly open?: readonly string[]
  readonly ports?: OpenOptions['ports']
}

/** Everything that `openLab` started. */
export interface Lab<Claims, Server, Client> {
  readonly database: string
  readonly servers: readonly Server[]
  /** WebSocket URL of a node. */
  url(node?: number): string
  device(options: DeviceOptions<Claims>): Promise<Client>
  /** Plain SQL as the database's owner: the other application. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Resolves when every connected device has nothing pending and has seen all that is committed now. @throws after 15 s. */
  settled(): Promise<void>
  /** Ends a node as a crash would: sockets cut, nothing drained. `start` brings it back on the same port. */
  kill(node?: number): Promise<void>
  start(node?: number): Promise<Server>
  close(): Promise<void>
}

/** Starts it all. Tokens are the identity as JSON: `device` makes them. */
export const openLab = async <Claims, Hooks, Server extends LabServer, Client extends LabClient>(
  options: LabOptions<Claims, Hooks, Server, Client>,
): Promise<Lab<Claims, Server, Client>> => {
  const database = await testDatabase()
  await migrate({ database: database.url, folder: folderOf(options.migrations) })
  const owner = new pg.Client({ connectionString: database.url, application_name: 'lab', options: '-c datestyle=ISO' })
  owner.on('error', () => undefined) // Queries report their own failures.
  await owner.connect()
  const nodes = await Promise.all(Array.from({ length: options.nodes ?? 1 }, () => startNode(options, database.url, 0)))
  const clients = new Set<Client>()

  const nodeAt = (index: number): Node<Server> => {
    const node = nodes[index]
    if (node === undefined) throw new RangeError(`no node ${index}: the lab has ${nodes.length}`)
    return node
  }
  const url = (node = 0): string => `ws://127.0.0.1:${nodeAt(node).port}/sync`

  return {
    database: database.url,
    get servers() {
      return nodes.map(({ server }) => server)
    },
    url,
    device: async ({ principal, claims, node, ...device }) => {
      const token = JSON.stringify({ principal, claims })
      const client = await options.openClient({
        url: device.url ?? url(node),
        principal,
        token,
        storage: device.storage ?? memoryStorage(),
        ...(device.open === undefined ? {} : { open: device.open }),
        ...(device.ports === undefined ? {} : { ports: device.ports }),
        ...(options.log === undefined ? {} : { log: options.log }),
      })
      clients.add(client)
      return client
    },
    sql: async (text, values = []) => (await owner.query(text, [...values])).rows,
    settled: async () => {
      const { rows } = await owner.query<{ position: string }>(`select syncgen.epoch() || '/' || pg_current_snapshot() as position`)
      const now = parsePosition(rows[0]?.position ?? '')
      if (now === undefined) throw new TypeError('the database gave no position')
      await until('every device is in step', () =>
        [...clients].every((client) => {
          const { connection, pending } = client.status.get()
          if (connection === 'offline') return true
          const position = client.position === null ? undefined : parsePosition(client.position)
          return connection === 'online' && pending === 0 && position !== undefined && includes(position, now)
        }),
      )
    },
    kill: async (node = 0) => nodeAt(node).kill(),
    start: async (node = 0) => {
      nodes[node] = await startNode(options, database.url, nodeAt(node).port)
      return nodeAt(node).server
    },
    close: async () => {
      await Promise.allSettled([...clients].map((client) => client.close()))
      await Promise.allSettled(nodes.map((node) => node.close()))
      await owner.end()
      await database.drop()
    },
  }
}

interface Node<Server> {
  readonly server: Server
  readonly port: number
  kill(): Promise<void>
  close(): Promise<void>
}

const folderOf = (migrations: URL | string): string => (typeof migrations === 'string' ? migrations : fileURLToPath(migrations))

/** Short, so that quiet devices learn their position soon. */
const heartbeat = 500

const startNode = async <Claims, Hooks, Server extends LabServer, Client extends LabClient>(
  options: LabOptions<Claims, Hooks, Server, Client>,
  database: string,
  port: number,
): Promise<Node<Server>> => {
  const server = await options.createServer({
    origins: '*',
    pollInterval: 10,
    ...(options.log === undefined ? {} : { log: options.log }),
    ...options.server,
    limits: { heartbeat, framesPerSecond: 10_000, ...options.server?.limits },
    database,
    authenticate: ({ token }) => JSON.parse(token),
  })
  const http = createServer()
  server.attach(http)
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  const closeHttp = async (): Promise<void> => {
    if (!http.listening) return
    http.close()
    http.closeAllConnections()
    await once(http, 'close')
  }
  const sockets = new Set<import('node:net').Socket>()
  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    server,
    port: (http.address() as AddressInfo).port,
    kill: async () => {
      for (const socket of sockets) socket.destroy()
      await closeHttp()
      await server.close()
    },
    close: async () => {
      await server.close()
      await closeHttp()
    },
  }
}

/** Polls until `holds`. @throws when it does not within 15 s, naming what was awaited. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>, within = 15_000): Promise<void> => {
  const deadline = performance.now() + within
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${within} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
