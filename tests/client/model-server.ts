/**
 * A server for simulations of the client: the protocol over a database that is a list of states, one for each commit. Slow and
 * obvious: nothing is incremental. It decides with the real `reconcile`.
 */
import {
  type ClientMessage,
  type Edit,
  type Mutation,
  type Op,
  type Outcome,
  type ServerMessage,
  type StoredRow,
  type Wire as WireValue,
  readKeys,
  reconcile,
} from '../../runtime/protocol/index.js'
import { type Part, type Row, type Scope, type State, type Values, deltaOf, difference, digestsOf, empty, membersOf, models } from './model-states.js'
import { schema } from './schema.js'
import type { Wire } from './world.js'

type Put = (model: string, id: string, values: Values) => void
type Remove = (model: string, id: string) => void

interface Known {
  lastSeq: number
  nonce: string | null
  readonly outcomes: Map<number, Outcome>
}

interface Session {
  readonly wire: Wire
  readonly client: string
  /** How many of its messages were handled. */
  handled: number
  /** Index of the state that it was told of; null: not in step. */
  told: number | null
  done: number
  readonly scopes: Map<number, Scope>
  /** Frames on their way. */
  readonly queue: ServerMessage[]
  asking: { readonly attempt: number; readonly held: Map<string, number>; resume(): void } | null
}

export class ModelServer {
  #states: State[] = [empty]
  #epoch = 1
  #version = 0
  #attempt = 2 ** 40
  #now = 2_000_000_000
  #clients = new Map<string, Known>()
  readonly #edited = new Map<string, number>()
  #sessions: Session[] = []
  /** Amounts that were added to counters, and ops that were applied at all. */
  added = 0
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  get state(): State {
    return this.#states.at(-1) ?? empty
  }

  get position(): string {
    return this.#positionOf(this.#states.length - 1)
  }

  /** Rows that scopes carry, by model and id. */
  members(scopes: readonly Scope[]): ReadonlyMap<string, Row> {
    return new Map(scopes.flatMap((scope) => [...membersOf(this.state, scope)]))
  }

  /** Another writer's transaction. */
  write(change: (put: Put, remove: Remove) => void): void {
    const next = new Map(models.map((model) => [model, new Map(this.state[model])]))
    change(
      (model, id, values) => this.#put(next, model, id, values),
      (model, id) => void next.get(model)?.delete(id),
    )
    this.#states.push(Object.fromEntries(next))
  }

  /** Forgets the last commits, as a restore from a backup does. */
  restore(commits: number, lastSeqs: ReadonlyMap<string, number>): void {
    this.#states = this.#states.slice(0, Math.max(1, this.#states.length - commits))
    this.#epoch += 1
    this.#version += 1_000
    for (const [client, known] of this.#clients) {
      known.lastSeq = Math.min(known.lastSeq, lastSeqs.get(client) ?? 0)
      for (const seq of known.outcomes.keys()) if (seq > known.lastSeq) known.outcomes.delete(seq)
    }
    for (const session of this.#sessions) session.wire.cut()
  }

  get lastSeqs(): ReadonlyMap<string, number> {
    return new Map([...this.#clients].map(([client, { lastSeq }]) => [client, lastSeq]))
  }

  /** Takes up new connections and forgets dead ones. */
  accept(wires: readonly Wire[]): void {
    this.#sessions = this.#sessions.filter(({ wire }) => wire.isOpen)
    for (const wire of wires) {
      if (!wire.isOpen || this.#sessions.some((session) => session.wire === wire)) continue
      const [hello] = wire.of('hello')
      if (hello === undefined) continue
      const known = this.#clients.get(hello.client) ?? { lastSeq: 0, nonce: null, outcomes: new Map<number, Outcome>() }
      this.#clients.set(hello.client, known)
      const forked = known.nonce !== null && known.nonce !== hello.session.last && known.nonce !== hello.session.next
      if (!forked) known.nonce = hello.session.next
      const queue: ServerMessage[] = [
        { kind: 'welcome', epoch: this.#epochText, lastSeq: known.lastSeq, forked, now: this.#now, heartbeat: 15_000 },
      ]
      this.#sessions.push({ wire, client: hello.client, handled: 1, told: null, done: 0, scopes: new Map(), queue, asking: null })
    }
  }

  /** Does one thing for a session: handles a message, or lets a frame arrive. False: there was nothing to do. */
  step(wire: Wire): boolean {
    const session = this.#sessions.find((each) => each.wire === wire)
    if (session === undefined || !wire.isOpen) return false
    const message = wire.received[session.handled]
    const frame = session.queue[0]
    if (message !== undefined && (frame === undefined || this.#random() < 0.5)) {
      session.handled += 1
      this.#handle(session, message)
      return true
    }
    if (frame === undefined) return false
    session.queue.shift()
    wire.send(frame)
    return true
  }

  /** Tells the sessions in step what has happened. */
  tick(): void {
    for (const session of this.#sessions) {
      const { told } = session
      const to = this.#states.length - 1
      if (told === null || session.asking !== null) continue
      const delta = deltaOf([...session.scopes].map(([id, scope]) => this.#since(id, scope, told, to)), this.#states[to] ?? empty)
      const done = this.#clients.get(session.client)?.lastSeq ?? 0
      const attempt = this.#random() < 0.3 ? (this.#attempt += 1) : undefined
      if (attempt !== undefined) session.queue.push({ kind: 'page', attempt, delta })
      session.queue.push({
        kind: 'changed',
        from: this.#positionOf(told),
        to: this.#positionOf(to),
        done,
        ...(attempt === undefined ? { delta } : { attempt, delta: { rows: {}, claims: [] } }),
      })
      session.told = to
    }
  }

  #handle(session: Session, message: ClientMessage): void {
    switch (message.kind) {
      case 'sync':
        return this.#sync(session, message)
      case 'hold': {
        const asking = session.asking
        if (asking === null || asking.attempt !== message.attempt) return
        for (const [id, version] of readKeys(message.bytes)) asking.held.set(`${message.scope} ${message.model} ${id}`, version)
        if (message.last) asking.resume()
        return
      }
      case 'close':
        return void session.scopes.delete(message.scope)
      case 'push':
        return this.#push(session, message.mutations)
      case 'ping':
        return void session.queue.push({ kind: 'pong', at: message.at, now: (this.#now += 1) })
      case 'authenticate':
        return void session.queue.push({ kind: 'authenticated' })
      case 'hello':
        throw new Error('hello comes once')
    }
  }

  #sync(session: Session, { attempt, scopes: claims, check }: Extract<ClientMessage, { kind: 'sync' }>): void {
    const isChecked = check === true || this.#random() < 0.5
    const held = new Map<string, number>()
    const usable = claims.map((claim) => (claim.position === null ? null : this.#stateAt(claim.position)))
    const unusable = claims.filter((claim, at) => claim.position !== null && (usable[at] === undefined || this.#random() < 0.2))
    const finish = (): void => {
      session.asking = null
      const to = this.#states.length - 1
      const from = session.told
      const others = from === null ? [] : [...session.scopes].map(([id, scope]) => this.#since(id, scope, from, to))
      const own = claims.map((claim, at) => {
        if (unusable.includes(claim)) return this.#diff(claim.id, claim, held, to)
        const state = usable[at]
        return state === null || state === undefined ? this.#whole(claim.id, claim, to) : this.#since(claim.id, claim, state, to)
      })
      for (const claim of claims) session.scopes.set(claim.id, claim)
      for (const part of [...others, ...own]) {
        session.queue.push({ kind: 'page', attempt, delta: deltaOf([part], this.#states[to] ?? empty) })
      }
      session.queue.push({
        kind: 'synced',
        attempt,
        from: from === null ? null : this.#positionOf(from),
        position: this.#positionOf(to),
        done: this.#clients.get(session.client)?.lastSeq ?? 0,
        scopes: claims.map(({ id }) => ({ id, hash: 'h' })),
        ...(isChecked ? { digests: claims.flatMap((claim) => digestsOf(this.#states[to] ?? empty, claim)) } : {}),
      })
      session.told = to
    }
    if (unusable.length === 0) return finish()
    session.asking = { attempt, held, resume: finish }
    const lines = unusable.flatMap(({ id }) => models.map((model) => ({ scope: id, model, want: 'keys', parts: null }) as const))
    session.queue.push({ kind: 'wanted', attempt, lines })
  }

  #push(session: Session, mutations: readonly Mutation[]): void {
    const known = this.#clients.get(session.client)
    if (known === undefined) return
    const results: { readonly seq: number; readonly outcome: Outcome; readonly rows: object }[] = []
    for (const mutation of mutations) {
      if (mutation.seq > known.lastSeq + 1) {
        session.queue.push({ kind: 'pushed', results: results as never, gap: { expected: known.lastSeq + 1 } })
        return
      }
      const outcome = known.outcomes.get(mutation.seq) ?? this.#decide(mutation)
      if (mutation.seq === known.lastSeq + 1) {
        known.lastSeq = mutation.seq
        known.outcomes.set(mutation.seq, outcome)
      }
      results.push({ seq: mutation.seq, outcome, rows: {} })
    }
    session.queue.push({ kind: 'pushed', results: results as never })
  }

  /** The whole, or nothing of it. */
  #decide(mutation: Mutation): Outcome {
    const next = new Map(models.map((model) => [model, new Map(this.state[model])]))
    const lost: { readonly model: string; readonly id: string; readonly field: string }[] = []
    let added = 0
    for (const op of mutation.ops) {
      const decision = this.#decideOp(next, op, mutation)
      switch (decision.kind) {
        case 'reject':
          return { kind: 'rejected', code: decision.code, model: op.model, id: op.id, fields: decision.fields }
        case 'insert':
          if (op.op === 'create') this.#put(next, op.model, op.id, op.values)
          break
        case 'delete':
          next.get(op.model)?.delete(op.id)
          break
        case 'write': {
          const before = next.get(op.model)?.get(op.id)?.values ?? {}
          const after: Record<string, WireValue> = { ...before }
          for (const [field, change] of Object.entries(decision.set)) {
            after[field] = 'add' in change ? Number(before[field]) + change.add : change.value
            added += 'add' in change ? change.add : 0
            this.#edited.set(`${op.id} ${field}`, mutation.at)
          }
          if (Object.keys(decision.set).length > 0) this.#put(next, op.model, op.id, after)
          lost.push(...decision.lost.map((field) => ({ model: op.model, id: op.id, field })))
          break
        }
        case 'revive':
        case 'nothing':
          break
      }
      const written = next.get(op.model)?.get(op.id)?.values['title']
      if (written === 'forbidden') return { kind: 'rejected', code: 'forbidden', model: op.model, id: op.id, fields: ['title'] }
    }
    this.added += added
    this.#states.push(Object.fromEntries(next))
    return lost.length === 0 ? { kind: 'applied' } : { kind: 'merged', lost }
  }

  #decideOp(next: ReadonlyMap<string, ReadonlyMap<string, Row>>, op: Op, mutation: Mutation): ReturnType<typeof reconcile> {
    const row = next.get(op.model)?.get(op.id)
    const stored: StoredRow = row === undefined ? { kind: 'never' } : { kind: 'present', ...row }
    const model = schema.models[op.model]
    return reconcile(stored, { ...op, at: mutation.at, strict: mutation.strict } as Edit, {
      field: (name) => model?.fields[name] ?? { type: 'json' },
      deleteConflict: model?.deleteConflict ?? 'delete-wins',
      merge: () => undefined,
      editedAt: (field) => this.#edited.get(`${op.id} ${field}`) ?? 0,
    })
  }

  #put(next: ReadonlyMap<string, Map<string, Row>>, model: string, id: string, values: Values): void {
    this.#version += 1
    this.#now += 1
    const stamp = new Date(this.#now).toISOString()
    const times = schema.models[model]?.timestamps === true ? { createdAt: values['createdAt'] ?? stamp, updatedAt: stamp } : {}
    next.get(model)?.set(id, { version: this.#version, values: { ...values, ...times, id } })
  }

  #since(id: number, scope: Scope, from: number, to: number): Part {
    const was = membersOf(this.#states[from] ?? empty, scope)
    return difference(this.#states[to] ?? empty, id, scope, (key) => was.get(key)?.version, [...was.keys()])
  }

  #diff(id: number, scope: Scope, held: ReadonlyMap<string, number>, to: number): Part {
    const keys = [...held.keys()].filter((key) => key.startsWith(`${id} `)).map((key) => key.slice(`${id} `.length))
    return difference(this.#states[to] ?? empty, id, scope, (key) => held.get(`${id} ${key}`), keys)
  }

  #whole(id: number, scope: Scope, to: number): Part {
    return difference(this.#states[to] ?? empty, id, scope, () => undefined, [])
  }

  get #epochText(): string {
    return this.#epoch.toString(16).padStart(32, '0')
  }

  #positionOf(state: number): string {
    return `${this.#epochText}/${state + 1}:${state + 1}:`
  }

  #stateAt(position: string): number | undefined {
    const [epoch, snapshot = ''] = position.split('/')
    const state = Number(snapshot.split(':')[0]) - 1
    return epoch === this.#epochText && state < this.#states.length ? state : undefined
  }
}
