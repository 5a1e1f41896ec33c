/**
 * One connection of one client, from its greeting to its end. Frames are handled in the order in which they came, pushes
 * and reconciles each in a line of their own; nothing that a client sends can throw past `receive`.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { type ClientMessage, type Hello, type LostField, type Push, protocolVersion } from '../protocol/messages.js'
import { parseClientMessage } from '../protocol/parse-client-message.js'
import type { Log } from '../protocol/ports.js'
import type { Channel } from './channel.js'
import { Device } from './device.js'
import { FrameRate } from './frame-rate.js'
import { greet } from './handshake.js'
import { Holdings } from './holdings.js'
import { type Verified, verify } from './identity.js'
import { Interpreter } from './interpreter.js'
import type { Pusher } from './mutate.js'
import type { ServerOptions } from './options.js'
import type { ReconcileTools } from './reconcile-scope.js'
import { Refuse, Replaced, refusalOf } from './refusal.js'
import type { Router } from './router.js'
import { Serial } from './serial.js'

/** What all sessions of a node share. */
export interface SessionTools extends ReconcileTools {
  readonly authenticate: ServerOptions<object, unknown>['authenticate']
  readonly pusher: Pusher
  readonly router: Router
  readonly log: Log
  /** The database's clock, ms since 1970. */
  readonly now: () => number
  /** Something was committed, or a device needs advancing: look at the changelog now. */
  readonly wake: (committed: boolean) => void
}

export class Session {
  readonly #tools: SessionTools
  readonly #channel: Channel
  readonly #headers: IncomingHttpHeaders
  readonly #rate: FrameRate
  readonly #holdings: Holdings
  readonly #pushes = new Serial()
  readonly #cancels = new Map<'hello' | 'beat' | 'expiry', () => void>()
  #state: 'new' | 'greeting' | 'open' | 'forked' | 'draining' = 'new'
  #identity: Verified | undefined
  #device: Device | undefined
  #interpreter: Interpreter | undefined
  #nonce = ''
  #unanswered = 0
  #heard: number

  constructor(tools: SessionTools, channel: Channel, headers: IncomingHttpHeaders) {
    const { clock, limits, timers } = tools
    this.#tools = tools
    this.#channel = channel
    this.#headers = headers
    this.#rate = new FrameRate(clock, limits.framesPerSecond)
    this.#holdings = new Holdings(channel, timers, limits.heldRows, holdWithin)
    this.#heard = clock.monotonic()
    this.#expectIdentity()
  }

  get client(): Uuid | undefined {
    return this.#device?.client
  }

  get principal(): string | undefined {
    return this.#identity?.principal
  }

  /** The device once it has been greeted, for the router. */
  get device(): Device | undefined {
    return this.#state === 'open' ? this.#device : undefined
  }

  /** A frame came; undefined: one that is not text. */
  receive(frame: string | undefined): void {
    if (this.#channel.closed || this.#state === 'draining') return
    this.#heard = this.#tools.clock.monotonic()
    try {
      if (!this.#rate.admits()) throw new SyncError('limit-exceeded', 'too many frames')
      if (frame === undefined) throw new SyncError('malformed-frame', 'frames are text')
      if (this.#unanswered + frame.length > this.#tools.limits.unansweredBytes)
        throw new SyncError('limit-exceeded', 'too much at once')
      this.#watch(this.#dispatch(this.#understood(parseClientMessage(frame))), frame.length)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The socket has closed. */
  ended(): void {
    this.#channel.ended()
    this.#holdings.cancel()
    for (const cancel of this.#cancels.values()) cancel()
    this.#tools.router.leave(this)
  }

  /** Another connection of the same client has taken its place. */
  replaced(): void {
    this.#channel.close(policyViolation, 'replaced')
    this.ended()
  }

  /** Finishes what is running (unless nobody reads the answers), says when to come back, and closes. */
  async close(retryAfter: number): Promise<void> {
    const running = this.#state === 'open'
    this.#state = 'draining'
    this.#holdings.cancel()
    if (running && !this.#channel.full) await this.#pushes.settled()
    this.#channel.send({ kind: 'closing', retryAfter })
    this.#channel.close(serviceRestart, 'closing')
    this.ended()
    await this.#device?.settled()
  }

  /** What a client of another version of the schema means; and from now on it hears what it can understand. */
  #understood(message: ClientMessage): ClientMessage {
    const interpreter = this.#interpreter
    if (interpreter === undefined) return message
    const meant = interpreter.hears(message)
    if (interpreter.isNeeded) this.#channel.translating((each) => interpreter.says(each))
    return meant
  }

  readonly #unconverted = (seq: number): readonly LostField[] => this.#interpreter?.unconverted(seq) ?? []

  /** What is still to be done when it returns, if anything. */
  #dispatch(message: ClientMessage): Promise<unknown> | undefined {
    if (message.kind === 'hello') {
      if (this.#state !== 'new' && this.#state !== 'forked') throw new SyncError('malformed-frame', 'hello comes once')
      this.#state = 'greeting'
      return this.#hello(message)
    }
    const device = this.#device
    const isFork = this.#state === 'forked'
    if ((this.#state !== 'open' && !isFork) || device === undefined) throw new SyncError('malformed-frame', 'hello comes first')
    if (isFork && !forks.has(message.kind)) throw new SyncError('malformed-frame', 'a fork takes a new client id first')
    switch (message.kind) {
      case 'sync':
        return device.sync(message).then(() => this.#tools.wake(false))
      case 'hold':
        this.#holdings.hear(message)
        return undefined
      case 'close':
        return device.close(message.scope)
      case 'push':
        return isFork ? this.#recall(message, device) : this.#push(message, device)
      case 'authenticate':
        return this.#authenticate(message.token, device)
      case 'ping':
        // Who does not read is not written to.
        if (!this.#channel.full) this.#channel.send({ kind: 'pong', at: message.at, now: this.#tools.now() })
        return undefined
      default:
        return message satisfies never
    }
  }

  async #hello(message: Hello): Promise<void> {
    const { catalog, limits, router } = this.#tools
    if (message.protocol !== protocolVersion) throw new Refuse('protocol-unknown')
    const interpreter = Interpreter.of(catalog.schema, message.schema)
    if (interpreter === undefined) throw new Refuse('schema-unknown')
    const identity = await this.#verify(message.token)
    if (identity.principal !== message.principal) throw new Refuse('wrong-principal')
    if (router.connectionsOf(identity.principal) >= limits.connectionsPerPrincipal) throw new Refuse('limit-exceeded')
    const greeting = await greet(this.#tools.database, message.client, identity.principal, message.session)
    if (greeting.kind === 'taken') throw new Refuse('client-taken')
    if (this.#channel.closed) return
    const { epoch, lastSeq, lastRun, now, forked } = greeting
    this.#identity = identity
    this.#nonce = message.session.next
    this.#interpreter = interpreter
    this.#device = new Device({ client: message.client, nonce: this.#nonce }, identity, this.#tools, this.#channel, this.#holdings, (error) => this.#fail(error))
    this.#state = forked ? 'forked' : 'open'
    if (!forked) {
      this.#cancel('hello')
      router.enter(this, message.client)
    }
    this.#channel.send({ kind: 'welcome', epoch, lastSeq, ...(lastRun === null ? {} : { lastRun }), forked, now, heartbeat: limits.heartbeat })
    this.#expire(identity)
    this.#beat()
  }

  async #verify(token: string): Promise<Verified> {
    try {
      const identity = verify(this.#tools.catalog, await this.#tools.authenticate({ token, headers: this.#headers }))
      if (identity.expiresAt !== undefined && identity.expiresAt <= this.#tools.clock.now()) throw new Refuse('expired')
      return identity
    } catch (error) {
      if (error instanceof Refuse) throw error
      this.#tools.log('info', 'unauthenticated', { reason: error instanceof Error ? error.message : 'no error' })
      throw new Refuse('unauthenticated')
    }
  }

  async #authenticate(token: string, device: Device): Promise<void> {
    const identity = await this.#verify(token)
    if (identity.principal !== this.#identity?.principal) throw new Refuse('wrong-principal')
    this.#identity = identity
    this.#expire(identity)
    if (await device.identify(identity)) this.#channel.send({ kind: 'authenticated' })
    else await this.close(0)
  }

  #admit({ mutations }: Push): void {
    const { limits } = this.#tools
    const ops = mutations.reduce((sum, mutation) => sum + mutation.ops.length, 0)
    if (mutations.length > limits.mutationsPerPush || ops > limits.opsPerPush)
      throw new SyncError('limit-exceeded', 'too much in one push')
    if (this.#pushes.waiting >= mostPushesWaiting) throw new SyncError('limit-exceeded', 'too many pushes at once')
  }

  /** A fork asks what became of what it pushed under the id that it has to leave. While it asks, it is not late. */
  async #recall(push: Push, { client }: Device): Promise<void> {
    this.#admit(push)
    await this.#pushes.run(async () => {
      await this.#channel.drained()
      this.#expectIdentity()
      this.#channel.send({ kind: 'pushed', ...(await this.#tools.pusher.recall(client, push.mutations, this.#unconverted)) })
    })
  }

  async #push(push: Push, device: Device): Promise<void> {
    const { pusher, wake } = this.#tools
    this.#admit(push)
    const { mutations } = push
    await this.#pushes.run(async () => {
      let left = mutations
      while (left.length > 0 && this.#identity !== undefined && !this.#channel.closed) {
        await this.#channel.drained()
        const pushed = await pusher.push({ client: device.client, nonce: this.#nonce, identity: this.#identity, unconverted: this.#unconverted }, left)
        if (pushed === 'replaced') return this.replaced()
        const last = pushed.results.at(-1)?.seq ?? 0
        device.decided(last)
        wake(true)
        this.#channel.send({ kind: 'pushed', ...pushed })
        if (pushed.gap !== undefined) return
        left = left.slice(pushed.results.length)
      }
    })
  }

  /** Ends the connection when the identity does. */
  #expire({ expiresAt }: Verified): void {
    this.#cancel('expiry')
    if (expiresAt === undefined) return
    const left = expiresAt - this.#tools.clock.now()
    this.#after('expiry', Math.min(left, longestTimer), () => {
      if (left > longestTimer && this.#identity !== undefined) this.#expire(this.#identity)
      else this.#fail(new Refuse('expired'))
    })
  }

  /** Shows that the line is alive, and finds out whether the other end is. */
  #beat(): void {
    const { clock, limits } = this.#tools
    this.#after('beat', limits.heartbeat * 0.7, () => {
      if (clock.monotonic() - this.#heard > Math.max(limits.heartbeat * 3, leastSilence)) {
        this.#channel.terminate()
        return this.ended()
      }
      this.device?.beat()
      this.#beat()
    })
  }

  #watch(running: Promise<unknown> | undefined, bytes: number): void {
    if (running === undefined) return
    this.#unanswered += bytes
    running.catch((error: unknown) => this.#fail(error)).finally(() => (this.#unanswered -= bytes))
  }

  #fail(error: unknown): void {
    if (error instanceof Replaced) return this.replaced()
    const refusal = refusalOf(error)
    if (refusal === undefined || this.#channel.closed) return
    const { code, close, ...rest } = refusal
    if (code === 'internal')
      this.#tools.log('error', 'session-failed', { error: error instanceof Error ? (error.stack ?? error.message) : 'no error' })
    this.#channel.send({ kind: 'refused', code, ...rest })
    this.#channel.close(close, code)
    this.ended()
  }

  /** Who does not say in time who it is, under an id that is its own, is not waited for. */
  #expectIdentity(): void {
    this.#after('hello', this.#tools.limits.helloWithin, () => this.#fail(new Refuse('unauthenticated')))
  }

  #after(name: 'hello' | 'beat' | 'expiry', ms: number, run: () => void): void {
    this.#cancel(name)
    this.#cancels.set(name, this.#tools.timers.after(ms, run))
  }

  #cancel(name: 'hello' | 'beat' | 'expiry'): void {
    this.#cancels.get(name)?.()
    this.#cancels.delete(name)
  }
}

/** What a fork may say: it hears what became of its pushes, and leaves. */
const forks: ReadonlySet<ClientMessage['kind']> = new Set(['push', 'ping', 'authenticate'])
const policyViolation = 1008
const serviceRestart = 1012
const mostPushesWaiting = 32
/** Short heartbeats are for quick news, not for quick judgement, ms. */
const leastSilence = 5000
/** For a client to say what it holds, ms. */
const holdWithin = 60_000
/** Beyond it, timers of JavaScript fire at once. */
const longestTimer = 2 ** 31 - 1
