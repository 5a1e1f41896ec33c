import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Log } from '../protocol/index.js'
import type { ServerOptions } from '../server/index.js'

/** What the lab needs of a generated server. */
export interface LabServer {
  attach(http: HttpServer, options?: { readonly path?: string }): void
  close(): Promise<void>
}

/** How the nodes of a lab are made. */
export interface LabNodeOptions<Claims, Hooks, Server extends LabServer> {
  /** As generated: `createTrackerServer`. */
  readonly createServer: (options: ServerOptions<Claims, Hooks>) => Promise<Server>
  /** On top of what the lab sets for each node. */
  readonly server?: Partial<Omit<ServerOptions<Claims, Hooks>, 'database' | 'authenticate'>>
  readonly log?: Log
}

/** One server node on a socket of its own. */
export interface LabNode<Server> {
  readonly server: Server
  readonly port: number
  /** Ends it as a crash would: sockets cut, nothing drained. */
  kill(): Promise<void>
  close(): Promise<void>
}

/** Short, so that quiet devices learn their position soon. */
const heartbeat = 500

/** Starts a node on a loopback port; 0 takes a free one. Its tokens are identities as JSON. */
export const startLabNode = async <Claims, Hooks, Server extends LabServer>(
  options: LabNodeOptions<Claims, Hooks, Server>,
  database: string,
  port: number,
): Promise<LabNode<Server>> => {
  const server = await options.createServer({
    origins: '*',
    pollInterval: 10,
    ...(options.log === undefined ? {} : { log: options.log }),
    ...options.server,
    limits: { heartbeat, framesPerSecond: 10_000, checkOneIn: 1, ...options.server?.limits },
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
  const sockets = new Set<Socket>()
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
