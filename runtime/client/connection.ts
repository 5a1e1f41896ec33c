/**
 * Keeps one link to the server whenever the app wants one and the network allows it: dials, says hello, waits longer after each
 * failure, and says in the status why there is none. What frames mean is the session's business.
 */
import { Dialect } from '../protocol/dialect.js'
import { SyncError, type SyncErrorCode } from '../protocol/errors.js'
import { type Hello, type Refused, type ServerMessage, type Welcome, protocolVersion } from '../protocol/messages.js'
import type { Log } from '../protocol/ports.js'
import type { Transition } from '../protocol/transition.js'
import { passingWait, slowWait } from './backoff.js'
import { Link } from './link.js'
import type { ClientPorts } from './ports.js'
import type { ConnectionState, StatusBoard } from './status.js'

/** Who talks over the links. */
export interface Session {
  /** What the next hello says of this client, once that is stored. */
  greeting(): Promise<Pick<Hello, 'client' | 'session'>>
  /** @param roundTrip - milliseconds from hello to welcome */
  welcomed(link: Link, welcome: Welcome, roundTrip: number): void
  received(link: Link, message: ServerMessage, size: number): void
  /** The link that was welcomed has ended. */
  ended(): void
  /** The server refuses this client's id: take another. */
  clientTaken(): Promise<void>
}

export interface ConnectionParts {
  readonly url: string
  readonly principal: string
  /** Hash of the schema. */
  readonly schema: string
  /** What led to it: for a server that does not know it yet. */
  readonly previous?: Transition | undefined
  readonly token: string | (() => string | Promise<string>)
  readonly ports: ClientPorts
  readonly board: StatusBoard
  readonly log: Log
}

/** After this long at most it is tried again in today's words. Milliseconds. */
const longestInOldWords = 600_000

/** A link that lived this long was a success: the next failure is the first. Milliseconds. */
const stable = 10_000

export class Connection {
  readonly #parts: ConnectionParts
  #session: Session | null = null
  #isWanted = false
  #isClosed = false
  #link: Link | null = null
  /** When the present link was welcomed (monotonic); null: it was not. */
  #welcomedAt: number | null = null
  #refusal: Refused | null = null
  /** Why the last attempt failed; null once one has succeeded. */
  #error: SyncError | null = null
  #retryAfter = 0
  #failures = 0
  /** Counts dials, so that an outdated one notices. */
  #dials = 0
  #isWaiting = false
  /** The last hello was in the words of the previous version. */
  #isPrevious = false
  #cancelWait: () => void = () => undefined
  #stopListening: () => void = () => undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  /** Connects, now and after every loss; while it waits for the next attempt, that is made at once. */
  start(): void {
    if (this.#isClosed) return
    if (this.#isWanted) return this.#hurry()
    const { onlineSignal } = this.#parts.ports
    this.#isWanted = true
    this.#stopListening = onlineSignal.subscribe((isOnline) => (isOnline ? this.#dialNow() : this.#hangUp()))
    if (onlineSignal.isOnline()) this.#dialNow()
  }

  /** Ends the link and makes no other. */
  stop(): void {
    this.#isWanted = false
    this.#stopListening()
    this.#hangUp()
  }

  /** Stops for good. */
  close(): void {
    this.#isClosed = true
    this.stop()
  }

  attach(session: Session): void {
    this.#session = session
  }

  /** Somebody is waiting, or knows that the network is back: not a moment to be patient. */
  #hurry(): void {
    if (this.#isWaiting && this.#parts.ports.onlineSignal.isOnline()) this.#dialNow()
  }

  /** Shows the server a fresh token. */
  renew(): void {
    const link = this.#link
    if (link === null || this.#welcomedAt === null) return this.#isWanted ? this.#dialNow() : undefined
    void this.#token().then(
      (token) => link.send({ kind: 'authenticate', token }),
      () => this.#parts.log('warn', 'token-failed'),
    )
  }

  #dialNow(): void {
    this.#failures = 0
    if (this.#link === null) void this.#dial()
  }

  #hangUp(): void {
    this.#dials += 1
    this.#cancelWait()
    this.#isWaiting = false
    this.#link?.end(1000, null)
    this.#parts.board.connection('offline')
  }

  /** In today's words, unless it was just said that nobody knows them. */
  async #dial(isPrevious = false): Promise<void> {
    const { board, ports, url } = this.#parts
    const session = this.#session
    if (session === null) return
    this.#cancelWait()
    this.#isWaiting = false
    this.#isPrevious = isPrevious
    this.#dials += 1
    const dial = this.#dials
    board.connection('connecting', this.#error)
    let hello: Hello
    try {
      hello = await this.#hello(session, isPrevious)
    } catch (error) {
      if (dial === this.#dials) this.#wait(error instanceof SyncError ? error : noToken(error))
      return
    }
    if (dial !== this.#dials) return
    this.#refusal = null
    this.#retryAfter = 0
    this.#welcomedAt = null
    const { previous } = this.#parts
    const dialect = isPrevious && previous !== undefined ? new Dialect([previous], 'older') : null
    const listener = {
      opened: () => this.#link?.send(hello),
      received: (message: ServerMessage, size: number) => this.#receive(session, link, message, size, started),
      ended: (error: SyncError | null) => this.#ended(session, error),
    }
    const link = new Link(url, ports, listener, dialect)
    const started = ports.clock.monotonic()
    this.#link = link
  }

  async #hello(session: Session, isPrevious: boolean): Promise<Hello> {
    const { principal, previous } = this.#parts
    const schema = (isPrevious ? previous?.from : undefined) ?? this.#parts.schema
    const token = await this.#token()
    return { kind: 'hello', protocol: protocolVersion, schema, principal, token, ...(await session.greeting()) }
  }

  async #token(): Promise<string> {
    const { token } = this.#parts
    return typeof token === 'string' ? token : token()
  }

  #receive(session: Session, link: Link, message: ServerMessage, size: number, started: number): void {
    if (message.kind === 'refused') {
      this.#refusal = message
      return link.end(1000, refusedError(message))
    }
    if (message.kind === 'closing') {
      this.#retryAfter = message.retryAfter
      return link.end(1000, unreachable())
    }
    if (this.#welcomedAt !== null) return session.received(link, message, size)
    if (message.kind !== 'welcome') throw new SyncError('malformed-frame', 'the first frame is welcome or refused')
    const now = this.#parts.ports.clock.monotonic()
    this.#welcomedAt = now
    this.#error = null
    this.#parts.board.connection('syncing')
    link.startHeartbeat(message.heartbeat)
    const { ports } = this.#parts
    // It may be another node than the one that refused, or that one has been replaced: what cannot be said in old words is not to wait for long.
    if (this.#isPrevious) this.#cancelWait = ports.timers.after(longestInOldWords * (0.5 + ports.random.next() / 2), () => link.end(1000, null))
    session.welcomed(link, message, now - started)
  }

  #ended(session: Session, error: SyncError | null): void {
    const welcomedAt = this.#welcomedAt
    this.#link = null
    this.#welcomedAt = null
    if (welcomedAt !== null) {
      if (this.#parts.ports.clock.monotonic() - welcomedAt >= stable) this.#failures = 0
      session.ended()
    }
    if (!this.#isWanted || !this.#parts.ports.onlineSignal.isOnline()) return
    // A server one version behind: while servers are replaced one by one, some are.
    if (this.#refusal?.code === 'schema-unknown' && this.#parts.previous !== undefined && !this.#isPrevious) return void this.#dial(true)
    const wait = (): void => this.#wait(error ?? unreachable())
    if (this.#refusal?.code === 'client-taken') session.clientTaken().then(wait, wait)
    else wait()
  }

  /** Waits as long as the cause asks for, then dials. */
  #wait(error: SyncError): void {
    if (!this.#isWanted) return
    const { board, ports, log } = this.#parts
    const { state, isSlow } = afterwards(error.code)
    const retryAfter = this.#refusal?.retryAfter ?? this.#retryAfter
    const ms = isSlow ? slowWait(ports.random, retryAfter) : passingWait(this.#failures, ports.random, retryAfter)
    this.#failures += 1
    this.#error = error
    log('info', 'connection-waits', { code: error.code, ms: Math.round(ms), failures: this.#failures })
    board.connection(state, error)
    this.#cancelWait()
    this.#isWaiting = true
    this.#cancelWait = ports.timers.after(ms, () => void this.#dial())
  }
}

/** What the app sees while waiting, and whether the cause passes by itself. */
const afterwards = (code: SyncErrorCode): { readonly state: ConnectionState; readonly isSlow: boolean } => {
  switch (code) {
    case 'unauthenticated':
    case 'wrong-principal':
      return { state: 'refused', isSlow: true }
    case 'schema-unknown':
    case 'protocol-unknown':
      return { state: 'upgrade-required', isSlow: true }
    default:
      return { state: 'offline', isSlow: false }
  }
}

const refusedError = ({ code }: Refused): SyncError => {
  switch (code) {
    case 'unauthenticated':
      return new SyncError('unauthenticated', 'the server does not accept the token: sign in again, then call renew()')
    case 'wrong-principal':
      return new SyncError('wrong-principal', 'the token is of somebody else: open a client for that principal instead')
    case 'schema-unknown':
      return new SyncError('schema-unknown', 'the server does not know the schema of this app: update the app, or deploy the server first')
    case 'protocol-unknown':
      return new SyncError('protocol-unknown', 'the server speaks another protocol version: update the app')
    case 'expired':
      return new SyncError('unreachable', 'the token expired: connecting again with a fresh one', { refused: code })
    case 'client-taken':
      return new SyncError('unreachable', 'this client id is taken: going on under a new one', { refused: code })
    case 'malformed-frame':
    case 'limit-exceeded':
    case 'database-unreachable':
    case 'internal':
      return new SyncError(code, `the server ended the connection (${code}): trying again`)
  }
}

const unreachable = (): SyncError => new SyncError('unreachable', 'no connection to the server: trying again')

const noToken = (cause: unknown): SyncError =>
  new SyncError('unreachable', 'the token function failed: trying again', {}, { cause })
