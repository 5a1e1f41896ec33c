/**
 * What one connected device has: its open scopes, and how far they are. Two positions: `told`, the last that the client heard
 * of, and `covered`, up to which it lacks nothing (a tick that changed nothing for it moves only the latter).
 */
import type { Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { type ScopeClaim, type Sync, firstServerAttempt } from '../protocol/messages.js'
import { includes } from '../protocol/position.js'
import type { Catalog } from './catalog.js'
import type { Channel } from './channel.js'
import { DeltaText } from './delta-text.js'
import type { Holdings } from './holdings.js'
import { type Verified, bindingsOf, claimsOf } from './identity.js'
import { type Beyond, type BoundLine, LineCursor } from './line-cursor.js'
import { type Greeted, type Mark, type Reading, type Window, markOf } from './reading.js'
import { type ReconcileTools, reconcileScopes } from './reconcile-scope.js'
import { type ScopeInstance, openInstance } from './scope-instance.js'
import { Serial } from './serial.js'
import type { Parameter } from './values.js'

/** An open scope with its lines. */
interface OpenScope {
  readonly instance: ScopeInstance
  readonly claim: ScopeClaim
  readonly lines: readonly BoundLine[]
}

export class Device {
  readonly greeted: Greeted
  /** Ends the connection. */
  readonly fail: (error: unknown) => void
  readonly #tools: ReconcileTools
  readonly #channel: Channel
  readonly #holdings: Holdings
  readonly #serial = new Serial()
  readonly #scopes = new Map<number, OpenScope>()
  #identity: Verified
  #told: Mark | null = null
  #covered: Mark | null = null
  /** Last mutation that was decided, and last of which the client knows that its position contains it. */
  #decided = 0
  #done = 0
  #attempt = firstServerAttempt

  constructor(
    greeted: Greeted,
    identity: Verified,
    tools: ReconcileTools,
    channel: Channel,
    holdings: Holdings,
    fail: (error: unknown) => void,
  ) {
    this.greeted = greeted
    this.#identity = identity
    this.#tools = tools
    this.#channel = channel
    this.#holdings = holdings
    this.fail = fail
  }

  get client(): Uuid {
    return this.greeted.client
  }

  /** Up to where it lacks nothing; null: it is not to be advanced now (not synced, in an attempt, reading too slowly). */
  get covered(): Mark | null {
    return this.#serial.waiting > 0 || this.#channel.full || this.#channel.closed ? null : this.#covered
  }

  /** Whether a mutation was decided that no position told so far contains. */
  get owes(): boolean {
    return this.#decided > this.#done
  }

  /** The outcome of this mutation is known; the next batch says when its rows are in. */
  decided(seq: number): void {
    this.#decided = Math.max(this.#decided, seq)
  }

  /** Nothing that it reads has changed until then. */
  moved(at: Mark): void {
    this.#covered = at
  }

  /**
   * Opens scopes and brings the whole device to one position.
   * @throws SyncError `malformed-frame` for a scope named twice; `limit-exceeded`.
   */
  sync({ attempt, scopes, check }: Sync): Promise<void> {
    if (scopes.length > this.#tools.limits.scopes) throw tooManyScopes(this.#tools.limits.scopes)
    if (this.#serial.waiting > this.#tools.limits.scopes) throw new SyncError('limit-exceeded', 'too many attempts at once')
    if (new Set(scopes.map(({ id }) => id)).size < scopes.length)
      throw new SyncError('malformed-frame', 'a scope stands in a sync once')
    return this.#serial.run(async () => {
      const opened = scopes.map((claim) => this.#open(claim, this.#identity))
      const ids = new Set([...this.#scopes.keys(), ...opened.map(({ instance }) => instance.id)])
      if (ids.size > this.#tools.limits.scopes) throw tooManyScopes(this.#tools.limits.scopes)
      const fresh = new Set(opened.map(({ instance }) => instance.id))
      const others = [...this.#scopes.values()].filter(({ instance }) => !fresh.has(instance.id))
      const cursors = [
        ...others.flatMap((scope) => this.#cursorsFrom(scope.lines)),
        ...opened.flatMap((scope) => scope.lines.map((line) => new LineCursor(line, beyondOf(scope)))),
      ]
      const isChecked = this.#tools.canDigest && (check === true || (this.#told === null && this.#isSampled()))
      const { at, done, digests } = await reconcileScopes(this.#tools, {
        number: attempt,
        greeted: this.greeted,
        channel: this.#channel,
        cursors,
        ask: (lines) => this.#holdings.ask(attempt, lines),
        checked: isChecked ? cursors.filter(({ bound }) => fresh.has(bound.instance.id)) : [],
      })
      for (const scope of opened) this.#scopes.set(scope.instance.id, scope)
      this.#channel.send({
        kind: 'synced',
        attempt,
        from: this.#told?.text ?? null,
        position: at.text,
        done,
        scopes: opened.map(({ instance }) => ({ id: instance.id, hash: instance.hash })),
        ...(isChecked ? { digests } : {}),
      })
      this.#arrived(at, done)
    })
  }

  /** The client wants no more of this scope. */
  close(scope: number): Promise<void> {
    return this.#serial.run(async () => {
      this.#scopes.delete(scope)
      return Promise.resolve()
    })
  }

  /** A fresh identity. False: some open scope means something else under it, and must be reconciled anew. */
  identify(identity: Verified): Promise<boolean> {
    return this.#serial.run(async () => {
      const same = [...this.#scopes.values()].every(
        ({ instance, claim }) => openInstance(this.#tools.catalog, identity, claim).hash === instance.hash,
      )
      if (same) this.#identity = identity
      return Promise.resolve(same)
    })
  }

  /** All its lines. */
  get lines(): readonly BoundLine[] {
    return [...this.#scopes.values()].flatMap(({ lines }) => lines)
  }

  /** Its lines that changes in these models can concern. */
  linesReading(windows: ReadonlyMap<string, Window>): readonly BoundLine[] {
    if (windows.size === 0) return []
    return this.lines.filter(({ line }) => line.reads.some((model) => windows.has(model)))
  }

  /** Sends what happened between `covered` and this reading: in one batch, or in an attempt of its own if it is too large. */
  advance(reading: Reading, lines: readonly BoundLine[], done: number): Promise<void> {
    return this.#serial.run(async () => {
      const covered = this.#covered
      if (covered === null || !includes(reading.at, covered)) return
      const delta = (await hasManyChanges(reading, lines, covered)) ? undefined : await this.#deltaOf(reading, lines)
      if (delta === undefined) this.#catchUp().catch(this.fail)
      else if (delta.isEmpty && done <= this.#done) this.#covered = reading.at
      else this.#tell(reading.at, done, delta.take())
    })
  }

  /** Tells the client its position, so that it knows that the line and its cache are alive. */
  beat(): void {
    const covered = this.#covered
    if (covered !== null && !this.#channel.full) this.#tell(covered, this.#done, emptyDelta)
  }

  /** Resolves when nothing is being read for it any more. */
  settled(): Promise<void> {
    return this.#serial.settled()
  }

  /** Everything since `covered`, or undefined if that is too long for one frame. */
  async #deltaOf(reading: Reading, lines: readonly BoundLine[]): Promise<DeltaText | undefined> {
    const delta = new DeltaText()
    const most = this.#tools.limits.pageBytes * 2
    const tooLong = (): boolean => delta.bytes > most
    for (const cursor of this.#cursorsFrom(lines)) {
      if (!(await cursor.advance(reading, { delta, gathered: nothing, advanced: nothing, spent: tooLong })) || tooLong())
        return undefined
    }
    return delta
  }

  /** The same as `advance`, in transactions and frames of its own. */
  #catchUp(): Promise<void> {
    return this.#serial.run(async () => {
      const number = (this.#attempt += 1)
      const cursors = this.#cursorsFrom(this.lines)
      const { at, done } = await reconcileScopes(this.#tools, {
        number,
        greeted: this.greeted,
        channel: this.#channel,
        cursors,
        ask: null,
        checked: [],
      })
      this.#tell(at, done, emptyDelta, number)
    })
  }

  #tell(to: Mark, done: number, delta: string, attempt?: number): void {
    const from = this.#told
    if (from === null) return
    const pages = attempt === undefined ? '' : `"attempt":${attempt},`
    this.#channel.sendText(`{"kind":"changed","from":"${from.text}","to":"${to.text}","done":${done},${pages}"delta":${delta}}`)
    this.#arrived(to, done)
  }

  #arrived(at: Mark, done: number): void {
    this.#told = at
    this.#covered = at
    this.#done = Math.max(this.#done, done)
  }

  /** Whether this one of many reconnections is checked. */
  #isSampled(): boolean {
    return this.#tools.random.next() * this.#tools.limits.checkOneIn < 1
  }

  #cursorsFrom(lines: readonly BoundLine[]): readonly LineCursor[] {
    const covered = this.#covered
    return lines.map(
      (line) => new LineCursor(line, covered === null ? { kind: 'nothing' } : { kind: 'since', position: covered }),
    )
  }

  #open(claim: ScopeClaim, identity: Verified): OpenScope {
    const { catalog } = this.#tools
    const instance = openInstance(catalog, identity, claim)
    const lines = instance.scope.lines.map((line) => ({
      instance,
      line,
      since: bindingsOf(catalog, line.since, identity, instance.params),
      digests: bindingsOf(catalog, line.digests, identity, instance.params),
      keys: bindingsOf(catalog, line.keys, identity, instance.params),
      page: bindingsOf(catalog, line.page, identity, instance.params),
      read: readClaims(catalog, line.model, identity),
    }))
    return { instance, claim, lines }
  }
}

const readClaims = (catalog: Catalog, model: string, identity: Verified): readonly Parameter[] => {
  const rule = catalog.model(model).server.access.read
  return rule === null ? [] : claimsOf(catalog, rule, identity)
}

/** What a claim is worth: nothing is held, or a position, or only what the client can list. */
const beyondOf = ({ instance, claim }: OpenScope): Beyond => {
  if (claim.position === null) return { kind: 'nothing' }
  const position = claim.hash === instance.hash ? markOf(claim.position) : undefined
  return { kind: 'since', position: position ?? noPosition }
}

const tooManyScopes = (most: number): SyncError => new SyncError('limit-exceeded', `at most ${most} scopes can be open`)

/** Of no epoch that a database can have: no reading covers it. */
const noPosition: Mark = { epoch: '', migrated: '', xmin: 0n, xmax: 0n, inProgress: [], text: '' }

/** Whether a batch would have too many rows for one frame, or begins a line that has not been paged in yet. */
const hasManyChanges = async (reading: Reading, lines: readonly BoundLine[], since: Mark): Promise<boolean> => {
  if (!reading.covers(since)) return true
  let count = 0
  for (const bound of lines) {
    const actions = await reading.since(bound.line, bound.since, since)
    count += actions.length
    if (count > mostInOneBatch || actions.some(({ key }) => key === null)) return true
  }
  return false
}

/** Rows and removals. */
const mostInOneBatch = 2000

const nothing = (): void => undefined

const emptyDelta = '{"rows":{},"claims":[]}'
