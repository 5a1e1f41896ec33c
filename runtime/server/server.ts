/** A node: the pieces put together, and the one place that touches sockets. */
import { type IncomingHttpHeaders, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { BaseRow } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { Catalog } from './catalog.js'
import { Changelog } from './changelog.js'
import { Channel, type Socket } from './channel.js'
import { ConstraintFields } from './constraints.js'
import { checkDatabase, renewEpoch } from './database-check.js'
import type { ServerSchema } from './descriptor.js'
import { canDigest } from './digest-check.js'
import { EventHub } from './events.js'
import type { ModelHooks, ServerHooks } from './hooks.js'
import { type Limits, defaultLimits } from './limits.js'
import { Pusher } from './mutate.js'
import type { ServerOptions } from './options.js'
import { consoleLog, platform } from './platform.js'
import { Purge } from './purge.js'
import { Router } from './router.js'
import type { AnyEvent, EventListener, EventOf, ServerEvent, ServerTransaction, ServerTypes } from './server-types.js'
import { serverTransaction } from './server-writer.js'
import { Session, type SessionTools } from './session.js'
import { wasRolledBack } from './sql-failure.js'
import { Database, type DatabaseOptions } from './transaction.js'
import { Turnstile } from './turnstile.js'

/** A running server: one node of any number over one database. */
export interface SyncServer<Types extends ServerTypes> {
  /** Serves clients that open a WebSocket on `path` (default `/sync`) of this HTTP server. */
  attach(http: Server, options?: { readonly path?: string }): void
  /**
   * Serves one client over a socket that something else has opened: another WebSocket server, say. Whether its origin may connect
   * is for whoever opened it to decide. Tell what is returned what comes of the socket. @throws SyncError `closed`.
   */
  accept(socket: Socket, headers?: IncomingHttpHeaders): Accepted
  /** Calls `listener` after each commit that changed rows of a model (by plural), or of any (`change`). Returns the stop. */
  on(event: 'change', listener: EventListener<AnyEvent<Types>>): () => void
  on<Plural extends keyof Types['models'] & string>(
    event: Plural,
    listener: EventListener<EventOf<Types['models'][Plural]>>,
  ): () => void
  /**
   * Runs typed writes in one transaction; commits when `run` resolves. Clients see it as a whole. After a deadlock or a
   * serialization failure `run` is called again.
   */
  transaction<Result>(run: (tx: ServerTransaction<Types>) => Promise<Result>): Promise<Result>
  /** Forgets changes and outcomes older than `horizon` ms (default: the server's). Devices away for longer then `diff`. */
  purge(options?: { readonly horizon?: number }): Promise<void>
  /** Finishes what is running, tells the clients, closes their sockets and the database connections. */
  close(): Promise<void>
}

/** A socket that is being served. */
export interface Accepted {
  /** A frame came; undefined: one that is not text. */
  received(frame: string | undefined): void
  /** The other side broke off, or broke the rules: nothing more is sent to it, whether or not the socket has closed yet. */
  failed(): void
  /** The socket has closed, whoever closed it. */
  closed(): void
}

/**
 * Connects to the database, checks that it is this schema's, and begins to follow its changes.
 * @throws SyncError `database-unreachable`; `database-not-migrated`, whose message names the command to run.
 */
export const createServer = async <Types extends ServerTypes>(
  schema: ServerSchema,
  options: ServerOptions<Types['claims'], ServerHooks<Types>>,
): Promise<SyncServer<Types>> => {
  const { database } = options
  if (database === undefined || database === '') {
    throw new SyncError('database-unreachable', 'No database was named: `database` is empty. Is DATABASE_URL set?')
  }
  const node = new Node<Types>(new Catalog(schema), options, database)
  try {
    await node.start()
  } catch (error) {
    await node.close()
    throw error
  }
  return node
}

class Node<Types extends ServerTypes> implements SyncServer<Types> {
  readonly #catalog: Catalog
  readonly #options: ServerOptions<Types['claims'], ServerHooks<Types>>
  readonly #limits: Limits
  readonly #ports: typeof platform
  readonly #database: Database
  readonly #router = new Router()
  readonly #events: EventHub
  readonly #changelog: Changelog
  readonly #purge: Purge
  readonly #sockets: WebSocketServer
  readonly #detach: (() => void)[] = []
  /** Each until its socket is gone. */
  readonly #sessions = new Map<Session, Promise<void>>()
  #tools: SessionTools | undefined
  /** Origins that were refused, as far as the log says so. */
  readonly #refused = new Set<string>()
  /** How far the database's clock is ahead of this machine's, ms. */
  #clockOffset = 0
  #closing: Promise<void> | undefined

  constructor(catalog: Catalog, options: ServerOptions<Types['claims'], ServerHooks<Types>>, database: DatabaseOptions) {
    const log = options.log ?? consoleLog
    this.#catalog = catalog
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#ports = { ...platform, ...options.ports }
    const { timers, random } = this.#ports
    this.#database = new Database(database, log, timers)
    this.#events = new EventHub(catalog, log)
    this.#purge = new Purge({ database: this.#database, timers, random, log, horizon: options.horizon ?? ninetyDays })
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#limits.frameBytes,
      maxFragments: 1024,
    })
    this.#changelog = new Changelog({
      database: this.#database,
      catalog,
      router: this.#router,
      events: this.#events,
      timers,
      log,
      node: random.uuid(),
      pollInterval: options.pollInterval ?? 30,
      clockRead: (now) => (this.#clockOffset = now - this.#ports.clock.now()),
      epochChanged: () => this.#epochChanged(),
    })
  }

  async start(): Promise<void> {
    const log = this.#options.log ?? consoleLog
    await checkDatabase(this.#database, this.#catalog, log)
    if (await renewEpoch(this.#database))
      log('warn', 'epoch-renewed', { reason: 'the database is another than before: devices will compare what they hold' })
    const { clock, timers, random } = this.#ports
    const catalog = this.#catalog
    const database = this.#database
    const limits = this.#limits
    this.#tools = {
      database,
      catalog,
      clock,
      limits,
      timers,
      random,
      log,
      canDigest: await canDigest(database, log),
      router: this.#router,
      turnstile: new Turnstile(limits.attemptsAtOnce),
      authenticate: this.#options.authenticate as SessionTools['authenticate'],
      pusher: new Pusher({
        database,
        catalog,
        clock,
        timers,
        doubtFor: limits.doubtFor,
        hookWithin: limits.hookWithin,
        log,
        constraints: await ConstraintFields.read(database, catalog),
        hooks: new Map(Object.entries(this.#options.hooks ?? {})) as ReadonlyMap<string, ModelHooks<BaseRow, object, unknown>>,
        newId: () => random.uuid(),
      }),
      now: () => clock.now() + this.#clockOffset,
      wake: (committed) => this.#changelog.wake(committed),
    }
    await this.#changelog.start()
    this.#purge.start()
  }

  attach(http: Server, { path = '/sync' }: { readonly path?: string } = {}): void {
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      socket.on('error', () => socket.destroy())
      if (pathOf(request) === path) return this.#upgrade(request, socket, head)
      if (http.listenerCount('upgrade') === 1) refuse(socket, 404)
    }
    http.on('upgrade', upgrade)
    this.#detach.push(() => http.off('upgrade', upgrade))
  }

  on(event: string, listener: EventListener<never>): () => void {
    if (event !== 'change' && ![...this.#catalog.models.values()].some(({ plural }) => plural === event)) {
      throw new SyncError('invalid-value', `no event ${event}: it is 'change' or the plural of a model`)
    }
    // The overloads are the contract; the hub knows one type of event.
    return this.#events.on(event, listener as EventListener<ServerEvent>)
  }

  async transaction<Result>(run: (tx: ServerTransaction<Types>) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new SyncError('closed', 'this server is closed')
    const newId = (): string => this.#ports.random.uuid()
    const result = await this.#database.write(async (connection) => {
      const lent = connection.lend()
      try {
        return await run(serverTransaction<Types>(lent, this.#catalog, newId))
      } finally {
        lent.revoke()
      }
    }, wasRolledBack)
    this.#changelog.wake(true)
    return result
  }

  purge({ horizon }: { readonly horizon?: number } = {}): Promise<void> {
    return this.#purge.run(horizon)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const detach of this.#detach) detach()
    this.#purge.stop()
    const { random } = this.#ports
    const sessions = Promise.all(
      [...this.#sessions.keys()].map((session) => session.close(Math.ceil(500 + random.next() * 1500))),
    )
    await this.#inTime(sessions)
    this.#database.cut()
    await sessions
    await Promise.all(this.#sessions.values())
    await this.#changelog.close()
    await this.#inTime(this.#events.settled())
    await this.#database.close()
  }

  /** Waits for what should end by itself, but not for ever. */
  async #inTime(ending: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined
    const late = new Promise<void>((resolve) => (cancel = this.#ports.timers.after(this.#limits.drainWithin, resolve)))
    await Promise.race([ending, late])
    cancel()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { origins } = this.#options
    const { origin } = request.headers
    if (this.#closing !== undefined || this.#tools === undefined) return refuse(socket, 503)
    if (origin !== undefined && origins !== '*' && !origins.includes(origin)) {
      this.#sayRefused(origin.slice(0, 200))
      return refuse(socket, 403)
    }
    const tools = this.#tools
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#serve(ws, request, tools))
  }

  /** Browsers tell neither page nor person why: who forgot to list an origin finds it here, each once. */
  #sayRefused(origin: string): void {
    if (this.#refused.has(origin) || this.#refused.size >= 100) return
    this.#refused.add(origin)
    const log = this.#options.log ?? consoleLog
    log('warn', 'origin-refused', { origin, advice: 'pages of this origin may connect once it is listed in origins' })
  }

  accept(socket: Socket, headers: IncomingHttpHeaders = {}): Accepted {
    if (this.#closing !== undefined || this.#tools === undefined) throw new SyncError('closed', 'this server is closed')
    const session = new Session(this.#tools, new Channel(socket, this.#limits.bufferedBytes), headers)
    let gone = (): void => undefined
    this.#sessions.set(session, new Promise((resolve) => (gone = resolve)))
    return {
      received: (frame) => session.receive(frame),
      failed: () => session.ended(),
      closed: () => {
        this.#sessions.delete(session)
        session.ended()
        gone()
      },
    }
  }

  #serve(ws: WebSocket, request: IncomingMessage, { timers, log }: SessionTools): void {
    let cancel = (): void => undefined
    const terminateSoon = (): void => {
      cancel()
      cancel = timers.after(closeWithin, () => ws.terminate())
    }
    const socket: Socket = {
      send: (text, sent) => ws.send(text, () => sent()),
      close: (code, reason) => {
        ws.close(code, reason)
        terminateSoon()
      },
      terminate: () => ws.terminate(),
    }
    const accepted = this.accept(socket, headersOf(request, this.#options.origins))
    ws.on('message', (data, isBinary) => accepted.received(isBinary ? undefined : textOf(data)))
    ws.on('error', (error) => {
      log('info', 'socket-error', { error: error.message })
      // The library has said goodbye; who broke the protocol may never answer.
      accepted.failed()
      terminateSoon()
    })
    ws.on('close', () => {
      cancel()
      accepted.closed()
    })
  }

  /** Every position that clients hold is of another database: they come back and compare. */
  async #epochChanged(): Promise<void> {
    await renewEpoch(this.#database)
    for (const session of this.#sessions.keys()) void session.close(0)
  }
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? ''

/** Where every page may connect, a cookie proves nothing: the browser adds it to whatever some page asks for. */
const headersOf = ({ headers }: IncomingMessage, origins: readonly string[] | '*'): IncomingHttpHeaders => {
  if (origins !== '*') return headers
  const { cookie: _, ...others } = headers
  return others
}

const refuse = (socket: Duplex, status: 403 | 404 | 503): void => {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

const textOf = (data: Buffer | ArrayBuffer | Buffer[]): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8')

/** For a client to answer the close of its connection, ms. */
const closeWithin = 2000

const ninetyDays = 90 * 24 * 3600 * 1000
