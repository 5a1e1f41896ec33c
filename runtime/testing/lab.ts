/**
 * A server and devices for the tests of an app, in one call: a database of its own with the app's migrations applied, any
 * number of server nodes on real sockets, and clients with storage of their own that can be cut off and reopened.
 */
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { memoryStorage, type OpenOptions, type OpenStorage } from '../client/index.js'
import { includes, parsePosition } from '../protocol/index.js'
import { migrate } from '../server/index.js'
import { testDatabase } from './database.js'
import { type LabNode, type LabNodeOptions, type LabServer, startLabNode } from './lab-node.js'

/** What the lab needs of a generated client. */
export interface LabClient {
  readonly status: { get(): { readonly connection: string; readonly pending: number; readonly error: unknown } }
  /** Position of the cache, as the server gave it. */
  readonly position: string | null
  goOffline(): void
  goOnline(): void
  close(): Promise<void>
}

/** The app under test: what was generated for it. */
export interface LabOptions<Claims, Hooks, Server extends LabServer, Client extends LabClient>
  extends LabNodeOptions<Claims, Hooks, Server> {
  /** As generated: `openTracker`. */
  readonly openClient: (options: OpenOptions) => Promise<Client>
  /** Folder of the generated migrations. */
  readonly migrations: URL | string
  /** Server nodes over the one database; 1 unless given. */
  readonly nodes?: number
}

/** Whose device it is, and what is special about it. */
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

/** Everything that `openLab` started. A device is cut off with its `goOffline` and healed with `goOnline`. */
export interface Lab<Claims, Server, Client> {
  readonly database: string
  /** The first node. */
  readonly server: Server
  readonly servers: readonly Server[]
  /** WebSocket URL of a node. */
  url(node?: number): string
  device(options: DeviceOptions<Claims>): Promise<Client>
  /** Plain SQL as the database's owner: the other application. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /**
   * Resolves when every device that is not offline by choice has sent its work, and has seen all of everybody's. @throws after 15 s.
   */
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
  const nodes = await Promise.all(Array.from({ length: options.nodes ?? 1 }, () => startLabNode(options, database.url, 0)))
  const clients = new Set<Client>()

  const nodeAt = (index: number): LabNode<Server> => {
    const node = nodes[index]
    if (node === undefined) throw new RangeError(`no node ${index}: the lab has ${nodes.length}`)
    return node
  }
  const url = (node = 0): string => `ws://127.0.0.1:${nodeAt(node).port}/sync`

  return {
    database: database.url,
    get server() {
      return nodeAt(0).server
    },
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
      const connected = (): readonly Client[] => [...clients].filter((client) => !isOfflineByChoice(client))
      await until('every device has sent its work', () => connected().every(isIdle))
      // Only now: what they sent is committed, and before this position.
      const { rows } = await owner.query<{ position: string }>(`select syncgen.position() as position`)
      const position = rows[0]?.position ?? ''
      await until('every device is in step', () => connected().every((client) => isIdle(client) && hasSeen(client, position)))
    },
    kill: async (node = 0) => nodeAt(node).kill(),
    start: async (node = 0) => {
      nodes[node] = await startLabNode(options, database.url, nodeAt(node).port)
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

/** Between two attempts there is an error; after `goOffline` and `close` there is none. */
const isOfflineByChoice = ({ status }: LabClient): boolean => status.get().connection === 'offline' && status.get().error === null

const isIdle = ({ status }: LabClient): boolean => status.get().connection === 'online' && status.get().pending === 0

const hasSeen = (client: LabClient, position: string): boolean => {
  const [reached, wanted] = [client.position === null ? undefined : parsePosition(client.position), parsePosition(position)]
  return reached !== undefined && wanted !== undefined && includes(reached, wanted)
}

const folderOf = (migrations: URL | string): string => (typeof migrations === 'string' ? migrations : fileURLToPath(migrations))

/** Polls until `holds`. @throws when it does not within 15 s, naming what was awaited. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>, within = 15_000): Promise<void> => {
  const deadline = performance.now() + within
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${within} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
