/**
 * How far a client is with one line of a scope, and the way on. A cursor says what the client holds: rows with keys up to
 * `through` as they were at `at`, rows beyond it as `beyond` tells. Every way to bring a client into step is this one, begun
 * from another place: a first sync holds nothing, a reconnection holds a position, a diff holds keys and versions, a live
 * connection holds the position of a moment ago; and what was read in one transaction goes on in the next.
 */
import type { Uuid } from '../protocol/descriptor.js'
import { partOf } from '../protocol/digest.js'
import type { DeltaText } from './delta-text.js'
import type { ServerScopeLine } from './descriptor.js'
import { type Held, LineComparison } from './line-comparison.js'
import type { LineDigest } from '../protocol/messages.js'
import type { Unknown } from './holdings.js'
import type { Action, Mark, Reading, RowText } from './reading.js'
import type { ScopeInstance } from './scope-instance.js'
import type { Parameter } from './values.js'

/** What a client holds of a line, where nothing of the current attempt has reached it yet. */
export type Beyond =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'since'; readonly position: Mark }

/** A line of an open scope, with the parameters of its statements. */
export interface BoundLine {
  readonly instance: ScopeInstance
  readonly line: ServerScopeLine
  readonly since: readonly Parameter[]
  readonly digests: readonly Parameter[]
  readonly keys: readonly Parameter[]
  readonly page: readonly Parameter[]
  /** Of the model's read rule. */
  readonly read: readonly Parameter[]
}

/** Where rows and removals go. `spent`: enough was read in this transaction, or the reader is slow. */
export interface Outlet {
  readonly delta: DeltaText
  /** Called after each row and removal; may send what has gathered. */
  gathered(): void
  /** Called after each run of keys. */
  advanced(): void
  /** Never before some run of keys went out: what follows up on earlier ones must not keep an attempt from its end. */
  spent(): boolean
}

export class LineCursor {
  readonly bound: BoundLine
  #beyond: Beyond
  #through: Uuid | null | typeof end = null
  #at: Mark | null = null
  #pageRows = runLength
  #comparison: LineComparison | undefined
  #compared: { readonly reading: Reading; readonly actions: readonly KeyedAction[] | null } | undefined

  constructor(bound: BoundLine, beyond: Beyond) {
    this.bound = bound
    this.#beyond = beyond
  }

  /** Whether only the client can say what it holds, or more of that: its position is of no use to this reading. */
  async mustAsk(reading: Reading): Promise<boolean> {
    if (this.#comparison !== undefined) return this.#compares(reading, this.#comparison)
    return this.#through === null && this.#beyond.kind === 'since' && !(await this.#answers(reading, this.#beyond.position))
  }

  /** What is to be found out from the client, from now on. */
  unknown(canDigest: boolean): Unknown {
    this.#comparison ??= new LineComparison(canDigest)
    return { scope: this.bound.instance.id, model: this.bound.line.model, comparison: this.#comparison }
  }

  /** What the line is now, for the client to compare. */
  async digest(reading: Reading): Promise<LineDigest> {
    const { instance, line, digests } = this.bound
    return { scope: instance.id, model: line.model, digest: (await reading.digests(line, digests)).parts.total }
  }

  /** Brings the client to the moment of this reading, or as far as the outlet lets it. True: all the way. */
  async advance(reading: Reading, outlet: Outlet): Promise<boolean> {
    if (this.#through !== null) await this.#follow(reading, this.#through, outlet)
    while (this.#through !== end) {
      if (outlet.spent()) return false
      await this.#reach(reading, this.#through, outlet)
      outlet.advanced()
    }
    return true
  }

  /** What was sent in earlier transactions moves on to this one. */
  async #follow(reading: Reading, through: Uuid | typeof end, outlet: Outlet): Promise<void> {
    const at = this.#at
    if (at === null || !(await this.#answers(reading, at))) return this.#begin(reading, outlet)
    const actions = await this.#since(reading, at)
    if (actions.some(({ key }) => key === null)) return this.#begin(reading, outlet)
    await this.#emit(
      reading,
      keyed(actions).filter(({ key }) => through === end || key <= through),
      outlet,
    )
    this.#at = reading.at
  }

  /** The next keys beyond `through`. */
  async #reach(reading: Reading, through: Uuid | null, outlet: Outlet): Promise<void> {
    this.#at = reading.at
    const beyond = this.#beyond
    if (beyond.kind === 'nothing') return this.#turnPage(reading, through, outlet)
    if (beyond.kind === 'held') {
      const actions = await this.#difference(reading, beyond.held)
      return actions === null ? this.#begin(reading, outlet) : this.#emitBeyond(reading, actions, through, outlet)
    }
    if (!(await this.#answers(reading, beyond.position))) return this.#begin(reading, outlet)
    const actions = await this.#since(reading, beyond.position)
    const gate = actions.find(({ key }) => key === null)
    if (gate === undefined) return this.#emitBeyond(reading, keyed(actions), through, outlet)
    if (gate.action === 'enter' && through === null) this.#beyond = { kind: 'nothing' }
    else this.#begin(reading, outlet)
  }

  /** From the start: the claims that the line has end, and all its rows are sent. */
  #begin(reading: Reading, outlet: Outlet): void {
    outlet.delta.reset(this.bound.instance.id, this.bound.line.model)
    this.#beyond = { kind: 'nothing' }
    this.#through = null
    this.#at = reading.at
  }

  async #turnPage(reading: Reading, after: Uuid | null, outlet: Outlet): Promise<void> {
    const limit = this.#pageRows
    const rows = await reading.page(this.bound.line, this.bound.page, after, limit)
    for (const row of rows) this.#add(row, outlet)
    this.#through = rows.length < limit ? end : (rows.at(-1)?.id ?? end)
    this.#pageRows = nextPageRows(rows)
  }

  async #emitBeyond(reading: Reading, actions: readonly KeyedAction[], through: Uuid | null, outlet: Outlet): Promise<void> {
    const left = actions.filter(({ key }) => through === null || key > through)
    const run = left.slice(0, runLength)
    await this.#emit(reading, run, outlet)
    this.#through = run.length === left.length ? end : (run.at(-1)?.key ?? end)
  }

  async #emit(reading: Reading, actions: readonly KeyedAction[], outlet: Outlet): Promise<void> {
    const { model } = this.bound.line
    const rows = await reading.rows(model, keysOf(actions, 'send'))
    // Anybody can say that he holds a key: of a row that he may not read he hears what he would hear of none.
    const readable = await reading.readable(model, this.bound.read, keysOf(actions, 'gone'))
    for (const { key, action } of actions) {
      const row = rows.get(key)
      if (action === 'send' && row !== undefined) this.#add(row, outlet)
      else if (action === 'gone') this.#remove(key, readable.has(key) ? 'out' : 'deleted', outlet)
      else if (action !== 'send') this.#remove(key, action, outlet)
    }
  }

  #add(row: RowText, outlet: Outlet): void {
    outlet.delta.add(this.bound.instance.id, this.bound.line.model, row)
    outlet.gathered()
  }

  #remove(key: Uuid, reason: 'out' | 'deleted', outlet: Outlet): void {
    outlet.delta.remove(this.bound.instance.id, this.bound.line.model, key, reason)
    outlet.gathered()
  }

  /** True: the client must be asked more. */
  async #compares(reading: Reading, comparison: LineComparison): Promise<boolean> {
    const { line, digests } = this.bound
    if (comparison.needsDigests) comparison.compare(await reading.digests(line, digests), reading.at)
    const { held } = comparison
    if (held === undefined) return true
    this.#comparison = undefined
    this.#beyond = { kind: 'held', held }
    return false
  }

  /** What is held against what the line has, worked out once per reading; null: the line must begin anew. */
  async #difference(reading: Reading, held: Held): Promise<readonly KeyedAction[] | null> {
    if (this.#compared?.reading !== reading) this.#compared = { reading, actions: await this.#compare(reading, held) }
    return this.#compared.actions
  }

  async #compare(reading: Reading, { versions, listed }: Held): Promise<readonly KeyedAction[] | null> {
    const others = listed === null ? [] : await this.#sinceCompared(reading, listed)
    if (others === null) return null
    const parts = listed === null ? null : [...listed.parts]
    const now = parts?.length === 0 ? new Map<Uuid, number>() : new Map(await reading.keys(this.bound.line, this.bound.keys, parts))
    const sent = [...now]
      .filter(([key, version]) => versions.get(key) !== version)
      .map(([key]): KeyedAction => ({ key, action: 'send' }))
    const gone = [...versions.keys()].filter((key) => !now.has(key)).map((key): KeyedAction => ({ key, action: 'gone' }))
    return [...others, ...sent, ...gone].sort(byKey)
  }

  /** What became of the parts that were equal when they were compared; null: the log does not tell. */
  async #sinceCompared(
    reading: Reading,
    { parts, othersAt }: NonNullable<Held['listed']>,
  ): Promise<readonly KeyedAction[] | null> {
    if (othersAt.text === reading.at.text) return []
    if (!(await this.#answers(reading, othersAt))) return null
    const actions = await this.#since(reading, othersAt)
    if (actions.some(({ key }) => key === null)) return null
    return keyed(actions).filter(({ key }) => !parts.has(partOf(key)))
  }

  /** What a holder of that position needs. If no model that the line reads has changed, nothing, and nothing is asked. */
  async #since(reading: Reading, position: Mark): Promise<readonly Action[]> {
    const windows = await reading.windows(position)
    const { line, since } = this.bound
    return line.reads.some((model) => windows.has(model)) ? reading.since(line, since, position) : []
  }

  async #answers(reading: Reading, position: Mark): Promise<boolean> {
    if (!reading.covers(position)) return false
    const windows = await reading.windows(position)
    return this.bound.line.reads.every((model) => windows.get(model)?.broken !== true)
  }
}

interface KeyedAction {
  readonly key: Uuid
  /** `gone`: held, and not in the line; whether there is a row that may be read tells why. */
  readonly action: 'send' | 'out' | 'deleted' | 'gone'
}

const end = Symbol('end')

/** Keys that are read and sent in one go. */
const runLength = 1000

/**
 * A page may cost a look at every row of its line, so there should be few: after the first one, as many rows as make about
 * `pageCharacters`.
 */
const nextPageRows = (rows: readonly RowText[]): number => {
  const characters = rows.reduce((sum, { text }) => sum + text.length, 0)
  return Math.min(longestPage, Math.max(runLength, Math.floor((pageCharacters * rows.length) / Math.max(1, characters))))
}

const pageCharacters = 4_000_000
const longestPage = 16_000

const keyed = (actions: readonly Action[]): readonly KeyedAction[] =>
  actions
    .flatMap(({ key, action }): readonly KeyedAction[] =>
      key === null || action === 'enter' || action === 'reset' ? [] : [{ key, action }],
    )
    .sort(byKey)

const keysOf = (actions: readonly KeyedAction[], action: KeyedAction['action']): readonly Uuid[] =>
  actions.flatMap((each) => (each.action === action ? [each.key] : []))

/** Canonical uuids sort in SQL as their text does here. */
const byKey = (left: KeyedAction, right: KeyedAction): number => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)
