/**
 * The rows of all models in memory: base, overlay, and what is visible of them. Every change names the keys it touches; what is
 * visible is worked out again for just these, then indexes, events and live queries hear of it, once, in the same tick.
 */
import type { BaseRow, SchemaDescriptor, Uuid } from '../protocol/descriptor.js'
import type { MergedLink } from '../protocol/messages.js'
import type { Log } from '../protocol/ports.js'
import type { World } from '../protocol/predicate.js'
import { Base } from './base.js'
import type { CacheEvent, Emitter, LeaveReason, Origin } from './events.js'
import { KeySet } from './key-set.js'
import { type Overlaid, Overlay } from './overlay.js'
import type { Model } from './query-types.js'
import { type ReadDelta, readDelta } from './read-delta.js'
import { lookupKey, References } from './references.js'
import { Replay } from './replay.js'
import { type AnyRow, RowShape } from './row.js'
import type { KeptWrites } from './storage.js'
import { Table } from './table.js'

/** A live query, as far as the store knows it. */
export interface Watcher {
  /** Called after every batch, with the names of the models whose rows changed. */
  changed(models: ReadonlySet<string>): void
}

export class Store {
  readonly base: Base
  readonly references: References
  readonly overlay: Overlay
  readonly log: Log
  /** The visible rows as predicates see them. */
  readonly world: World
  readonly #tables: ReadonlyMap<string, Table>
  readonly #emitter: Emitter
  readonly #openScopes = new Set<number>()
  readonly #watchers = new Set<Watcher>()
  readonly #batches: Batch[] = []
  /** Rows that pending deletes took away, by the positions at which they did. */
  readonly #deaths = new Map<string, string>()
  #telling = false

  constructor(schema: SchemaDescriptor, emitter: Emitter, log: Log) {
    const shapes = new Map(Object.values(schema.models).map((model) => [model.name, new RowShape(model)]))
    this.base = new Base(shapes)
    this.references = new References(schema)
    this.overlay = new Overlay(this.references)
    this.log = log
    this.#tables = new Map([...shapes].map(([name, shape]) => [name, new Table(shape)]))
    this.#emitter = emitter
    this.world = {
      models: schema.models,
      one: (model, id) => this.table(model).get(id),
      many: (model, field, id) => this.table(model).byField(field).get(id),
    }
  }

  get tables(): Iterable<Table> {
    return this.#tables.values()
  }

  /** @throws Error for a name that the schema does not have: generated code names none. */
  table(model: string): Table {
    const table = this.#tables.get(model)
    if (table === undefined) throw new Error(`no model ${model} in this schema`)
    return table
  }

  hasTable(model: string): boolean {
    return this.#tables.has(model)
  }

  /** A local transaction becomes visible. */
  overlaid(pending: Overlaid): void {
    this.overlay.push(pending)
    this.#refresh({ keys: this.#keysOf(pending), origin: 'local' })
  }

  /** A rejected local transaction is gone. */
  withdrawn(pending: Overlaid): void {
    const keys = this.#keysOf(pending)
    this.overlay.remove(pending)
    this.#settle({ keys, origin: 'rejected' })
  }

  /** What is pending is replayed in this order from now on, with other ops or none; `before`: as it was. */
  replayed(before: readonly Overlaid[], write: () => readonly Overlaid[]): void {
    const keys = new KeySet()
    for (const each of before) keys.addAll(this.#keysOf(each))
    for (const each of before) this.overlay.remove(each)
    for (const each of write()) {
      this.overlay.push(each)
      keys.addAll(this.#keysOf(each))
    }
    this.#settle({ keys, origin: 'rejected' })
  }

  /** One step of the stream, together with the local transactions it contains, and what of them is `kept` of closed scopes. */
  advanced(deltas: readonly ReadDelta[], accepts: (scope: number) => boolean, contained: readonly Overlaid[], kept: KeptWrites | null = null): void {
    if (kept !== null) this.base.apply([readDelta(this.base.shapes, kept.delta)], (scope) => kept.scopes.includes(scope))
    const touched = this.base.apply(deltas, accepts)
    if (touched.missing > 0) this.log('error', 'claims-without-rows', { count: touched.missing })
    for (const pending of contained) touched.keys.addAll(this.#keysOf(pending))
    for (const pending of contained) this.overlay.remove(pending)
    this.#settle({ ...touched, origin: 'server' })
  }

  /** The rows that a scope claims become visible. */
  scopeOpened(scope: number): void {
    this.#openScopes.add(scope)
    this.#refresh({ keys: this.base.keysOf(scope), origin: 'scope' })
  }

  /** Rows that no other open scope claims leave; the base keeps them. */
  scopeClosed(scope: number): void {
    this.#openScopes.delete(scope)
    this.#refresh({ keys: this.base.keysOf(scope), origin: 'scope' })
  }

  /** A closed scope's rows are given up. */
  scopeForgotten(scope: number): void {
    this.#settle({ keys: this.base.forget(scope), origin: 'scope' })
  }

  /** After the base was rebuilt, at start: what nobody needs goes, what is pending is replayed. No scope is open yet. */
  restored(pending: readonly Overlaid[], links: readonly MergedLink[]): void {
    for (const each of pending) this.overlay.push(each)
    for (const { model, id, into } of links) this.overlay.merged(model, id, into)
    const keys = new KeySet().addAll(this.base.keys())
    for (const each of pending) keys.addAll(this.#keysOf(each))
    this.#settle({ keys, origin: 'server' })
  }

  /** Differs whenever a row of one of the models has changed. */
  revisionOf(models: Iterable<string>): number {
    let revision = 0
    for (const model of models) revision += this.table(model).revision
    return revision
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** What is visible of base and overlay, and of what else is on top of them. */
  replay(overlay: Overlay = this.overlay): Replay {
    return new Replay(this.base, this.references, overlay, (model, id) => this.isShown(model, id))
  }

  /** Whether a row of the base can be seen: an open scope claims it, or something is pending on it. */
  isShown(model: string, id: Uuid): boolean {
    return this.overlay.touches(model, id) || this.base.get(model, id)?.claims.some((scope) => this.#openScopes.has(scope)) === true
  }

  /** Keys of the rows whose `field` led to this row, as far as base and pending transactions know. */
  *referring(overlay: Overlay, model: string, field: string, id: Uuid): Iterable<Uuid> {
    yield* new Set([...this.base.find(model, [field], id), ...overlay.named(model, [field], id)])
  }

  /** Base rows that nobody needs any more go, then what is visible is worked out. */
  #settle(change: Change): void {
    const pruned = this.base.prune(change.keys, (model, id) => this.overlay.touches(model, id))
    this.#refresh({ ...change, pruned })
  }

  #refresh(change: Change): void {
    const events = new Array<CacheEvent<Model>>()
    const models = new Set<string>()
    const replay = this.replay()
    const seen = new KeySet()
    const keys = [...change.keys]
    // Grows as it is walked.
    for (const [model, id] of keys) {
      if (!this.#tables.has(model) || seen.has(model, id)) continue
      seen.add(model, id)
      keys.push(...this.#affected(replay, model, id))
      const event = this.#refreshRow(replay, model, id, change)
      if (event === undefined) continue
      events.push(event)
      models.add(model)
    }
    if (models.size > 0) this.#tell({ events, models })
  }

  /** Rows that hang on one that came to die, or not to die, and those that link the same pair. */
  #affected(replay: Replay, model: string, id: Uuid): readonly (readonly [string, Uuid])[] {
    const mates = replay.pairMates(model, id).map((mate) => [model, mate] as const)
    const key = `${model} ${id}`
    const deaths = replay.deaths(model, id).join()
    if (deaths === (this.#deaths.get(key) ?? '')) return mates
    if (deaths === '') this.#deaths.delete(key)
    else this.#deaths.set(key, deaths)
    const children = this.references.to(model).flatMap(({ model: child, field }) => {
      return [...this.referring(this.overlay, child, field, id)].map((each) => [child, each] as const)
    })
    return [...mates, ...children]
  }

  #refreshRow(replay: Replay, model: string, id: Uuid, change: Change): CacheEvent<Model> | undefined {
    const table = this.table(model)
    const before = table.get(id)
    const after = this.isShown(model, id) ? replay.row(model, id) : undefined
    if (before === after) return undefined
    const key = { model, id }
    if (before === undefined && after !== undefined) {
      table.set(id, after)
      return { kind: 'added', ...key, after, origin: change.origin }
    }
    if (before === undefined) return undefined
    if (after === undefined) {
      table.set(id, undefined)
      return this.#farewell(model, id, before, change)
    }
    const fields = table.shape.differences(before, after) as readonly (keyof BaseRow)[]
    if (fields.length === 0) return undefined
    table.set(id, after)
    return { kind: 'changed', ...key, before, after, fields, origin: change.origin }
  }

  /** Deleted, or only out of sight: the two are never the same event. */
  #farewell(model: string, id: Uuid, before: AnyRow, change: Change): CacheEvent<Model> {
    const { origin, deleted, pruned } = change
    const isRejectedCreate = origin === 'rejected' && this.base.get(model, id) === undefined && pruned?.has(model, id) !== true
    return deleted?.has(model, id) === true || origin === 'local' || isRejectedCreate
      ? { kind: 'deleted', model, id, before, origin }
      : { kind: 'left-scope', model, id, before, reason: this.#reason(change, model, id) }
  }

  #reason({ origin, out }: Change, model: string, id: Uuid): LeaveReason {
    if (origin === 'scope') return 'closed'
    if (origin === 'rejected') return 'out'
    return out?.has(model, id) === true || this.base.get(model, id) !== undefined ? 'out' : 'unclaimed'
  }

  /** The rows that a transaction names, and those that link the pairs of its links. */
  #keysOf({ ops }: Overlaid): KeySet {
    const keys = new KeySet()
    for (const op of ops) {
      keys.add(op.model, op.id)
      const into = this.overlay.mergedIn(op.model).get(op.id)
      if (into !== undefined) keys.add(op.model, into)
      const pair = this.references.pair(op.model)
      const key = op.op === 'create' && pair !== undefined ? lookupKey(pair, (field) => op.values[field]) : undefined
      if (pair === undefined || key === undefined) continue
      for (const id of [...this.base.find(op.model, pair, key), ...this.overlay.named(op.model, pair, key)]) keys.add(op.model, id)
    }
    return keys
  }

  /** A write that a listener makes is visible at once; it is told after what is being told. */
  #tell(batch: Batch): void {
    this.#batches.push(batch)
    if (this.#telling) return
    this.#telling = true
    try {
      for (let next = this.#batches.shift(); next !== undefined; next = this.#batches.shift()) {
        for (const event of next.events) this.#emit(event)
        for (const watcher of [...this.#watchers]) watcher.changed(next.models)
      }
    } finally {
      this.#telling = false
    }
  }

  #emit(event: CacheEvent<Model>): void {
    this.#emitter.emit(this.table(event.model).shape.model.plural, event)
    this.#emitter.emit('change', event)
    if (event.kind === 'left-scope') this.#emitter.emit('left-scope', event)
  }
}

interface Change {
  readonly keys: KeySet
  readonly deleted?: KeySet
  readonly out?: KeySet
  /** Those that left the base because nobody needs them any more. */
  readonly pruned?: KeySet
  readonly origin: Origin
}

interface Batch {
  readonly events: readonly CacheEvent<Model>[]
  readonly models: ReadonlySet<string>
}
