/**
 * The base: rows as the server last told them, and which scopes claim each. Only what the server sent writes it: batches here,
 * in the order of the stream; no acknowledgement and no local write, but for rows of closed scopes (kept-writes.ts). Rows that nobody
 * claims stay until `prune`.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Digests } from '../protocol/digest.js'
import type { HeldKey } from '../protocol/held-keys.js'
import type { ClaimChange } from '../protocol/messages.js'
import { HeldDigests } from './held-digests.js'
import { KeySet } from './key-set.js'
import { lookupKey } from './references.js'
import type { ReadDelta, ReadRow } from './read-delta.js'
import type { AnyRow, RowShape } from './row.js'

export interface BaseEntry {
  readonly row: AnyRow
  readonly version: number
  /** Ids of the scopes that claim it, open and closed ones. */
  readonly claims: readonly number[]
}

/** Keys that a batch touched. */
export interface Touched {
  readonly keys: KeySet
  /** Those that the server said are deleted. */
  readonly deleted: KeySet
  /** Those of which a claim ended. */
  readonly out: KeySet
  /** Claims on rows that nobody sent: the server's mistake. */
  missing: number
}

/** A row as it was before a step that perhaps did not concern it. */
interface Replaced {
  readonly model: string
  readonly id: Uuid
  readonly before: BaseEntry | undefined
}

export class Base {
  readonly shapes: ReadonlyMap<string, RowShape>
  readonly #entries = new Map<string, Map<Uuid, BaseEntry>>()
  /** Keys by scope: the same facts as the entries' claims, the other way round. */
  readonly #held = new Map<number, KeySet>()
  readonly #digests = new HeldDigests()
  /** Keys by values of fields: each made when first asked for. */
  readonly #lookups = new Map<string, Lookup[]>()

  constructor(shapes: ReadonlyMap<string, RowShape>) {
    this.shapes = shapes
    for (const name of shapes.keys()) this.#entries.set(name, new Map())
  }

  get(model: string, id: Uuid): BaseEntry | undefined {
    return this.#entries.get(model)?.get(id)
  }

  /** Rows with these values (`lookupKey`) in these fields. */
  find(model: string, fields: readonly string[], key: string): Iterable<Uuid> {
    const lookups = this.#lookups.get(model) ?? []
    this.#lookups.set(model, lookups)
    let lookup = lookups.find((each) => each.fields.join() === fields.join())
    if (lookup === undefined) {
      lookup = { fields, ids: new Map() }
      lookups.push(lookup)
      for (const [id, { row }] of this.entriesOf(model)) file(lookup, id, undefined, row)
    }
    return lookup.ids.get(key) ?? []
  }

  /** Number of rows. */
  get size(): number {
    let size = 0
    for (const entries of this.#entries.values()) size += entries.size
    return size
  }

  get models(): readonly string[] {
    return [...this.shapes.keys()]
  }

  /** @throws Error for a name that the schema does not have. */
  shape(model: string): RowShape {
    const shape = this.shapes.get(model)
    if (shape === undefined) throw new Error(`no model ${model} in this schema`)
    return shape
  }

  /** Keys that a scope claims. */
  keysOf(scope: number): KeySet {
    return this.#held.get(scope) ?? new KeySet()
  }

  /** Keys and versions that a scope claims of a model: what `hold` frames say. */
  *heldBy(scope: number, model: string): Iterable<HeldKey> {
    for (const id of this.keysOf(scope).of(model)) {
      const entry = this.get(model, id)
      if (entry !== undefined) yield [id, entry.version]
    }
  }

  /** Digests of the same, in buckets. */
  digestsOf(scope: number, model: string): Digests {
    return this.#digests.of(scope, model, () => this.heldBy(scope, model))
  }

  /** Whatever was worked out of a scope is worked out anew when it is asked for. */
  doubt(scope: number): void {
    this.#digests.forget(scope)
  }

  /**
   * Applies one step of the stream: its deltas in their order. Idempotent. Claims of scopes that `accepts` refuses are ignored,
   * and rows that only such scopes claim stay as they are: what is cached of a closed scope is of one moment. Within a delta
   * rows come first, and a deletion wins over a row of the same key.
   */
  apply(deltas: readonly ReadDelta[], accepts: (scope: number) => boolean): Touched {
    const touched = { keys: new KeySet(), deleted: new KeySet(), out: new KeySet(), missing: 0 }
    const replaced: Replaced[] = []
    for (const delta of deltas) this.#applyDelta(delta, accepts, touched, replaced)
    for (const { model, id, before } of replaced.reverse()) {
      const entry = this.get(model, id)
      if (entry === undefined || entry.claims.some(accepts)) continue
      this.#write(model, id, before && { ...before, claims: entry.claims })
      if (before !== undefined) this.#digests.changed(entry.claims, model, id, entry.version, before.version)
    }
    return touched
  }

  /** Ends all claims of a scope; returns the keys it claimed. */
  forget(scope: number): KeySet {
    const held = this.keysOf(scope)
    const touched = { keys: new KeySet(), out: new KeySet() }
    for (const [model, id] of [...held]) this.#disclaim(scope, model, id, touched)
    this.#held.delete(scope)
    this.#digests.forget(scope)
    return touched.keys
  }

  /** Takes away those of the given rows that nobody claims and `isNeeded` does not hold back; returns them. */
  prune(keys: KeySet, isNeeded: (model: string, id: Uuid) => boolean): KeySet {
    const pruned = new KeySet()
    for (const [model, id] of keys) {
      const entry = this.get(model, id)
      if (entry === undefined || entry.claims.length > 0 || isNeeded(model, id)) continue
      this.#write(model, id, undefined)
      pruned.add(model, id)
    }
    return pruned
  }

  /** All keys. */
  *keys(): Iterable<readonly [string, Uuid]> {
    for (const [model, entries] of this.#entries) for (const id of entries.keys()) yield [model, id]
  }

  entriesOf(model: string): Iterable<readonly [Uuid, BaseEntry]> {
    return this.#entries.get(model) ?? []
  }

  #applyDelta(delta: ReadDelta, accepts: (scope: number) => boolean, touched: Touched, replaced: Replaced[]): void {
    const claims = delta.claims.filter((change) => accepts(change.scope))
    for (const change of claims) if (change.reset === true) this.#reset(change, touched)
    for (const row of delta.rows) this.#put(row, accepts, touched, replaced)
    for (const change of claims) {
      for (const id of change.add) this.#claim(change, id, touched)
      for (const id of change.out) this.#disclaim(change.scope, change.model, id, touched)
    }
    for (const change of claims) for (const id of change.deleted) this.#delete(change.model, id, touched)
  }

  #reset(change: ClaimChange, touched: Touched): void {
    for (const id of [...this.keysOf(change.scope).of(change.model)]) this.#disclaim(change.scope, change.model, id, touched)
  }

  #put({ model, id, version, row }: ReadRow, accepts: (scope: number) => boolean, touched: Touched, replaced: Replaced[]): void {
    const known = this.get(model, id)
    touched.keys.add(model, id)
    // Version 0 is no version: a row that was worked out, and may be worked out again.
    if (known?.version === version && version !== 0) return
    if (known?.claims.some(accepts) !== true) replaced.push({ model, id, before: known })
    this.#write(model, id, { row, version, claims: known?.claims ?? noClaims })
    if (known !== undefined) this.#digests.changed(known.claims, model, id, known.version, version)
  }

  #claim({ scope, model }: ClaimChange, id: Uuid, touched: Touched): void {
    const entry = this.get(model, id)
    if (entry === undefined) touched.missing += 1
    if (entry === undefined || entry.claims.includes(scope)) return
    const claims = entry.claims.length === 0 ? soleClaim(scope) : [...entry.claims, scope]
    this.#entries.get(model)?.set(id, { ...entry, claims })
    const held = this.#held.get(scope) ?? new KeySet()
    this.#held.set(scope, held)
    held.add(model, id)
    this.#digests.claimed(scope, model, id, entry.version)
    touched.keys.add(model, id)
  }

  #disclaim(scope: number, model: string, id: Uuid, touched: Pick<Touched, 'keys' | 'out'>): void {
    const entry = this.get(model, id)
    this.#held.get(scope)?.delete(model, id)
    if (entry === undefined || !entry.claims.includes(scope)) return
    this.#entries.get(model)?.set(id, { ...entry, claims: entry.claims.filter((each) => each !== scope) })
    this.#digests.disclaimed(scope, model, id, entry.version)
    touched.keys.add(model, id)
    touched.out.add(model, id)
  }

  #delete(model: string, id: Uuid, touched: Touched): void {
    touched.keys.add(model, id)
    touched.deleted.add(model, id)
    const entry = this.get(model, id)
    for (const scope of entry?.claims ?? []) {
      this.#held.get(scope)?.delete(model, id)
      this.#digests.disclaimed(scope, model, id, entry?.version ?? 0)
    }
    this.#write(model, id, undefined)
  }

  /** Puts a row, or takes it away; changes of claims alone do not come through here. */
  #write(model: string, id: Uuid, entry: BaseEntry | undefined): void {
    const entries = this.#entries.get(model)
    for (const lookup of this.#lookups.get(model) ?? []) file(lookup, id, entries?.get(id)?.row, entry?.row)
    if (entry === undefined) entries?.delete(id)
    else entries?.set(id, entry)
  }
}

interface Lookup {
  readonly fields: readonly string[]
  readonly ids: Map<string, Set<Uuid>>
}

const file = ({ fields, ids }: Lookup, id: Uuid, before: AnyRow | undefined, after: AnyRow | undefined): void => {
  const from = before && lookupKey(fields, (field) => before[field])
  const to = after && lookupKey(fields, (field) => after[field])
  if (from === to) return
  if (from !== undefined && ids.get(from)?.delete(id) === true && ids.get(from)?.size === 0) ids.delete(from)
  if (to !== undefined) ids.set(to, (ids.get(to) ?? new Set<Uuid>()).add(id))
}

const noClaims: readonly number[] = Object.freeze([])

/** Most rows have one claim: they share the array that says so. */
const soleClaim = (scope: number): readonly number[] => {
  const known = sole.get(scope)
  if (known !== undefined) return known
  const made = Object.freeze([scope])
  sole.set(scope, made)
  return made
}

const sole = new Map<number, readonly number[]>()
