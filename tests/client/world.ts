/** The outside world of a client under test: a clock that moves when told, seeded randomness, sockets that end in the test. */
import { vi } from 'vitest'
import type { ClientPorts, OpenOptions, OpenStorage, SocketListener } from '../../runtime/client/index.js'
import { memoryStorage } from '../../runtime/client/index.js'
import type { ClientMessage, Delta, SchemaDescriptor, ServerMessage, VersionedRow } from '../../runtime/protocol/index.js'
import { parseClientMessage } from '../../runtime/protocol/index.js'
import { openTrial, schema, type Trial } from './schema.js'

/** A client's connection, seen from the server. */
export class Wire {
  readonly received: ClientMessage[] = []
  isOpen = true
  /** The code with which the client closed it. */
  closedWith: number | null = null
  readonly #listener: SocketListener

  constructor(listener: SocketListener) {
    this.#listener = listener
  }

  send(message: ServerMessage): void {
    this.sendText(JSON.stringify(message))
  }

  sendText(text: string): void {
    if (this.isOpen) this.#listener.received(text)
  }

  cut(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#listener.closed(1006)
  }

  /** What the client sent of one kind, oldest first. */
  of<Kind extends ClientMessage['kind']>(kind: Kind): readonly Extract<ClientMessage, { readonly kind: Kind }>[] {
    return this.received.filter((message): message is Extract<ClientMessage, { readonly kind: Kind }> => message.kind === kind)
  }

  /** The last of a kind, as soon as there are `count` of them. */
  async awaits<Kind extends ClientMessage['kind']>(kind: Kind, count = 1): Promise<Extract<ClientMessage, { readonly kind: Kind }>> {
    await eventually(() => {
      if (this.of(kind).length < count) throw new Error(`the client sent ${this.of(kind).length} of ${count} ${kind}`)
    })
    const last = this.of(kind)[count - 1]
    if (last === undefined) throw new Error(`no ${kind}`)
    return last
  }
}

export class TestWorld {
  /** Connections in the order in which the client made them. */
  readonly wires: Wire[] = []
  readonly ports: Omit<ClientPorts, 'storage'>
  now = 1_000_000
  isOnline = true
  reachable = true
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>()
  readonly #signals = new Set<(online: boolean) => void>()
  #monotonic = 0
  #drawn = 0

  constructor() {
    this.ports = {
      clock: { now: () => this.now, monotonic: () => this.#monotonic },
      timers: {
        after: (ms, run) => {
          const timer = { at: this.#monotonic + ms, run }
          this.#timers.add(timer)
          return () => void this.#timers.delete(timer)
        },
      },
      random: { next: () => 0.5, uuid: () => this.uuid() },
      network: { connect: (_url, listener) => this.#connect(listener) },
      onlineSignal: {
        isOnline: () => this.isOnline,
        subscribe: (listener) => {
          this.#signals.add(listener)
          return () => void this.#signals.delete(listener)
        },
      },
    }
  }

  /** A uuid that no other call returned. */
  uuid(): string {
    this.#drawn += 1
    return uuidOf(this.#drawn + 0xf000)
  }

  /** Lets time pass and runs what falls due, in order. */
  pass(ms: number): void {
    const until = this.#monotonic + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((left, right) => left.at - right.at)
      if (next === undefined) break
      const step = Math.max(0, next.at - this.#monotonic)
      this.now += step
      this.#monotonic += step
      this.#timers.delete(next)
      next.run()
    }
    this.now += Math.max(0, until - this.#monotonic)
    this.#monotonic = Math.max(until, this.#monotonic)
  }

  /** The device sleeps: time passes, nothing runs. What fell due runs with the next `pass`. */
  sleep(ms: number): void {
    this.now += ms
    this.#monotonic += ms
  }

  /** The process is gone, and its timers with it. */
  clearTimers(): void {
    this.#timers.clear()
    this.#signals.clear()
  }

  /** How long until the next timer, ms; undefined: none runs. */
  get nextTimer(): number | undefined {
    const times = [...this.#timers].map(({ at }) => at - this.#monotonic)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  setOnline(online: boolean): void {
    this.isOnline = online
    for (const signal of [...this.#signals]) signal(online)
  }

  /** The n-th connection (from 1), once its hello has come. */
  async wire(count = this.wires.length + 1): Promise<Wire> {
    await eventually(() => {
      if (this.wires.length < count) throw new Error(`${this.wires.length} of ${count} connections were made`)
    })
    const wire = this.wires[count - 1]
    if (wire === undefined) throw new Error('no connection')
    await wire.awaits('hello')
    return wire
  }

  open(options: Partial<OpenOptions> & { readonly storage?: OpenStorage } = {}, as: SchemaDescriptor = schema): Promise<Trial> {
    return openTrial({
      url: 'ws://test',
      principal: 'ada',
      token: 'secret',
      storage: memoryStorage(),
      ports: this.ports,
      open: [],
      log: () => undefined,
      ...options,
    }, as)
  }

  /** A client that says nothing about the scopes of its start. */
  openAll(): Promise<Trial> {
    const { ports } = this
    return openTrial({ url: 'ws://test', principal: 'ada', token: 'secret', storage: memoryStorage(), ports, log: () => undefined })
  }

  #connect(listener: SocketListener): { send(text: string): void; close(code: number): void } {
    const wire = new Wire(listener)
    const isReachable = this.reachable
    if (isReachable) this.wires.push(wire)
    queueMicrotask(() => (isReachable ? wire.isOpen && listener.opened() : listener.closed(1006)))
    return {
      send: (text) => {
        if (wire.isOpen) wire.received.push(parseClientMessage(text))
      },
      close: (code) => {
        wire.isOpen = false
        wire.closedWith ??= code
      },
    }
  }
}

export const epoch = 'e'.repeat(32)

export const welcome = (lastSeq = 0, more: Partial<Extract<ServerMessage, { kind: 'welcome' }>> = {}): ServerMessage => ({
  kind: 'welcome',
  epoch,
  lastSeq,
  forked: false,
  now: 1_000_000,
  heartbeat: 15_000,
  ...more,
})

export const position = (at: number): string => `${epoch}/${at}:${at}:`

export const uuidOf = (n: number): string => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

export const nothing: Delta = { rows: {}, claims: [] }

interface CardValues {
  readonly board?: number
  readonly title?: string
  readonly votes?: number
  readonly note?: string | null
}

/** A card as the server would send it: `[version, …fields]`. */
export const cardRow = (version: number, n: number, values: CardValues = {}): VersionedRow => [
  version,
  uuidOf(n),
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.000Z',
  uuidOf(values.board ?? 1),
  values.title ?? `card ${n}`,
  values.note ?? null,
  values.votes ?? 0,
  null,
  [],
]

export const boardRow = (version: number, n: number, title = `board ${n}`): VersionedRow => [version, uuidOf(n), title]

export const claim = (
  scope: number,
  model: string,
  change: { readonly [list in 'add' | 'out' | 'deleted']?: readonly number[] } & { readonly reset?: true },
): Delta['claims'][number] => ({
  scope,
  model,
  add: (change.add ?? []).map(uuidOf),
  out: (change.out ?? []).map(uuidOf),
  deleted: (change.deleted ?? []).map(uuidOf),
  ...(change.reset === true ? { reset: true as const } : {}),
})

/** Answers hello and the first sync: the device is in step at `at`, with these pages. */
export const bringIntoStep = async (wire: Wire, at: number, pages: readonly Delta[] = [], lastSeq = 0, done = lastSeq): Promise<void> => {
  wire.send(welcome(lastSeq))
  const { attempt, scopes } = await wire.awaits('sync')
  for (const delta of pages) wire.send({ kind: 'page', attempt, delta })
  const hashes = scopes.map(({ id }) => ({ id, hash: `hash ${id}` }))
  wire.send({ kind: 'synced', attempt, from: null, position: position(at), done, scopes: hashes })
}

/** Resolves when `check` does not throw any more. @throws what it threw last, after a second. */
export const eventually = <Result>(check: () => Result): Promise<Result> =>
  vi.waitFor(check, { interval: 1, timeout: 1_000 }) as Promise<Result>
