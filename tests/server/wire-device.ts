/**
 * A client that speaks the protocol and nothing more, for tests of the server alone: a cache of rows and claims as the frames
 * say, no overlay, no storage. Every frame is read by the protocol's own parser, so a malformed one fails the test.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import WebSocket from 'ws'
import type {
  ClientMessage,
  Delta,
  Hello,
  Mutation,
  Op,
  PushResult,
  SchemaDescriptor,
  ScopeClaim,
  ServerMessage,
  VersionedRow,
  Wire,
} from '../../runtime/protocol/index.js'
import { parseServerMessage, writeKeys } from '../../runtime/protocol/index.js'
import { schema as tracker } from '../../generated-example/shared/schema.js'

export interface DeviceIdentity {
  readonly principal: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly expiresAt?: number
}

/** A scope by name, with its parameters. */
export type ScopeCall = readonly [name: string, params?: Readonly<Record<string, Wire>>]

interface Scope {
  readonly claim: Omit<ScopeClaim, 'hash' | 'position'>
  hash: string | null
  position: string | null
}

type Kind = ServerMessage['kind']
type Of<K extends Kind> = Extract<ServerMessage, { kind: K }>

export class WireDevice {
  client: string = randomUUID()
  readonly identity: DeviceIdentity
  readonly schema: SchemaDescriptor
  readonly rows = new Map<string, Map<string, VersionedRow>>()
  readonly claims = new Map<string, Set<string>>()
  readonly scopes = new Map<number, Scope>()
  position: string | null = null
  done = 0
  seq = 0
  /** Its mutations say that they were made in it. */
  run: string = randomUUID()
  closed: { readonly code: number; readonly reason: string } | undefined
  /** All frames of the current connection, for assertions about what was never sent. */
  frames: ServerMessage[] = []
  bytes = 0
  /** Leaves questions to the test. */
  isMute = false
  #inbox: ServerMessage[] = []
  #waiting: (() => void)[] = []
  #socket: WebSocket | undefined
  #staged = new Map<number, Delta[]>()
  #attempt = 0
  #last: string | null = null

  constructor(identity: DeviceIdentity, schema: SchemaDescriptor = tracker) {
    this.identity = identity
    this.schema = schema
  }

  get socket(): WebSocket {
    if (this.#socket === undefined) throw new Error('not connected')
    return this.#socket
  }

  /** Opens a socket, says hello and waits for the answer. */
  async connect(url: string, hello: Partial<Hello> = {}): Promise<Of<'welcome'> | Of<'refused'>> {
    await this.open(url)
    const next = randomUUID()
    this.send({
      kind: 'hello',
      protocol: 1,
      schema: this.schema.hash,
      client: this.client,
      principal: this.identity.principal,
      token: JSON.stringify(this.identity),
      session: { last: this.#last, next },
      ...hello,
    })
    const answer = await this.next('welcome', 'refused')
    if (answer.kind === 'welcome') this.#last = next
    return answer
  }

  /** The nonce that the server accepted last. */
  lastNonce(): string | null {
    return this.#last
  }

  /** Opens a socket and says nothing. */
  async open(url: string, options: WebSocket.ClientOptions = {}): Promise<void> {
    const socket = new WebSocket(url, options)
    this.#socket = socket
    this.closed = undefined
    this.frames = []
    this.#inbox = []
    this.#staged = new Map()
    this.bytes = 0
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => {
      if (this.#socket !== socket) return
      this.bytes += data.length
      this.#receive(parseServerMessage(data.toString()))
    })
    socket.on('close', (code, reason) => {
      if (this.#socket === socket) this.closed = { code, reason: reason.toString() }
      this.#wake()
    })
    await once(socket, 'open')
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message))
  }

  /** Cuts the line. The cache stays. */
  async cut(): Promise<void> {
    const socket = this.socket
    if (socket.readyState === WebSocket.CLOSED) return
    socket.terminate()
    await once(socket, 'close')
  }

  /** The next frame of one of these kinds; frames of other kinds before it are passed over. */
  async next<K extends Kind>(...kinds: readonly K[]): Promise<Of<K>> {
    const deadline = performance.now() + 10_000
    for (;;) {
      for (let frame = this.#inbox.shift(); frame !== undefined; frame = this.#inbox.shift()) {
        if ((kinds as readonly Kind[]).includes(frame.kind)) return frame as Of<K>
      }
      if (this.closed !== undefined)
        throw new Error(`closed with ${this.closed.code} ${this.closed.reason} instead of ${kinds.join()}`)
      await this.#change(
        deadline,
        `a frame ${kinds.join()}; last were ${this.frames
          .slice(-3)
          .map((frame) => frame.kind)
          .join()}`,
      )
    }
  }

  /** Resolves when the cache is as wanted. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!holds()) await this.#change(deadline, what)
  }

  async whenClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until('the socket is closed', () => this.closed !== undefined)
    if (this.closed === undefined) throw new Error('not closed')
    return this.closed
  }

  /** Opens a scope (by number, if it was open before) and waits until it is in step. */
  async sync(...scopes: readonly ScopeCall[]): Promise<Of<'synced'>> {
    for (const [name, params = {}] of scopes) {
      const id = this.scopes.size + 1
      this.scopes.set(id, { claim: { id, name, params }, hash: null, position: null })
    }
    return this.resync([...this.scopes.keys()].slice(this.scopes.size - scopes.length))
  }

  /** Reconciles scopes that the cache has; all of them unless named. */
  async resync(ids: readonly number[] = [...this.scopes.keys()]): Promise<Of<'synced'>> {
    const attempt = this.startSync(ids)
    for (;;) {
      const frame = await this.next('synced', 'refused', 'closing')
      if (frame.kind !== 'synced') throw new Error(`sync ended with ${JSON.stringify(frame)}`)
      if (frame.attempt === attempt) return frame
    }
  }

  startSync(ids: readonly number[] = [...this.scopes.keys()]): number {
    this.#attempt += 1
    const scopes = ids.map((id) => {
      const scope = this.scopes.get(id)
      if (scope === undefined) throw new Error(`no scope ${id}`)
      return { ...scope.claim, hash: scope.hash, position: scope.position }
    })
    this.send({ kind: 'sync', attempt: this.#attempt, scopes })
    return this.#attempt
  }

  /** Pushes one mutation under the next number and waits for its outcome. */
  async push(...ops: readonly Op[]): Promise<PushResult> {
    return this.pushAs(this.mutation(ops))
  }

  async pushAs(mutation: Mutation): Promise<PushResult> {
    this.send({ kind: 'push', mutations: [mutation] })
    const { results, gap } = await this.next('pushed')
    const result = results.find(({ seq }) => seq === mutation.seq)
    if (result === undefined) throw new Error(`no result: gap ${JSON.stringify(gap)}`)
    return result
  }

  mutation(ops: readonly Op[], options: Partial<Mutation> = {}): Mutation {
    this.seq = options.seq ?? this.seq + 1
    return { seq: this.seq, run: this.run, schema: this.schema.hash, at: Date.now(), strict: false, ops, ...options }
  }

  /** Ids that some scope claims. */
  held(model: string): readonly string[] {
    const ids = [...this.claims].filter(([key]) => key.endsWith(` ${model}`)).flatMap(([, claimed]) => [...claimed])
    return [...new Set(ids)].sort()
  }

  /** A row by field name. */
  row(model: string, id: string): Readonly<Record<string, Wire>> | undefined {
    const claimed = [...this.claims].some(([key, ids]) => key.endsWith(` ${model}`) && ids.has(id))
    const row = claimed ? this.rows.get(model)?.get(id) : undefined
    if (row === undefined) return undefined
    const fields = Object.keys(this.schema.models[model]?.fields ?? {})
    return Object.fromEntries([['version', row[0]], ...fields.map((field, at) => [field, row[at + 1] ?? null] as const)])
  }

  version(model: string, id: string): number {
    return Number(this.row(model, id)?.['version'] ?? 0)
  }

  #receive(frame: ServerMessage): void {
    this.frames.push(frame)
    this.#inbox.push(frame)
    switch (frame.kind) {
      case 'wanted':
        if (!this.isMute) this.#answer(frame)
        break
      case 'page':
        this.#staged.set(frame.attempt, [...(this.#staged.get(frame.attempt) ?? []), frame.delta])
        break
      case 'synced':
        if (frame.from !== null && frame.from !== this.position)
          throw new Error('synced from a position that the device does not have')
        this.#flip(frame.attempt)
        for (const { id, hash } of frame.scopes) {
          const scope = this.scopes.get(id)
          if (scope !== undefined) scope.hash = hash
        }
        this.#arrive(frame.position, frame.done)
        break
      case 'changed':
        if (frame.from !== this.position) throw new Error('changed from a position that the device does not have')
        if (frame.attempt !== undefined) this.#flip(frame.attempt)
        this.#apply(frame.delta)
        this.#arrive(frame.to, frame.done)
        break
      default:
    }
    this.#wake()
  }

  #answer({ attempt, lines }: Of<'wanted'>): void {
    const parts = lines.flatMap(({ scope, model, ...wish }) => {
      if (wish.want === 'parts') throw new Error('parts are wanted of a device that lists its keys')
      const rows = [...(this.claims.get(`${scope} ${model}`) ?? [])].map(
        (id) => [id, Number(this.rows.get(model)?.get(id)?.[0] ?? 0)] as const,
      )
      const frames = Array.from({ length: Math.ceil(rows.length / 10_000) || 1 }, (_, at) =>
        rows.slice(at * 10_000, (at + 1) * 10_000),
      )
      return frames.map((part) => ({ kind: 'hold', attempt, scope, model, form: 'keys', bytes: writeKeys(part) }) as const)
    })
    for (const [at, part] of parts.entries()) this.send({ ...part, last: at === parts.length - 1 })
  }

  #flip(attempt: number): void {
    for (const delta of this.#staged.get(attempt) ?? []) this.#apply(delta)
    this.#staged.delete(attempt)
  }

  #apply({ rows, claims }: Delta): void {
    for (const [model, list] of Object.entries(rows)) {
      const known = this.rows.get(model) ?? new Map<string, VersionedRow>()
      this.rows.set(model, known)
      for (const row of list) known.set(String(row[1]), row)
    }
    for (const { scope, model, reset, add, out, deleted } of claims) {
      const key = `${scope} ${model}`
      const claimed = this.claims.get(key) ?? new Set<string>()
      this.claims.set(key, claimed)
      if (reset === true) claimed.clear()
      for (const id of add) {
        if (this.rows.get(model)?.has(id) !== true) throw new Error(`a claim on a ${model} that was never sent`)
        claimed.add(id)
      }
      for (const id of out) claimed.delete(id)
      for (const id of deleted) for (const [each, ids] of this.claims) if (each.endsWith(` ${model}`)) ids.delete(id)
    }
  }

  #arrive(position: string, done: number): void {
    this.position = position
    this.done = Math.max(this.done, done)
    for (const scope of this.scopes.values()) if (scope.hash !== null) scope.position = position
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  async #change(deadline: number, what: string): Promise<void> {
    const left = deadline - performance.now()
    if (left <= 0) throw new Error(`waited in vain for ${what}`)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
