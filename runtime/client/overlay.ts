/**
 * The overlay: the steps of pending local transactions, by the row that each names. There is no "before" image anywhere: what is
 * visible is worked out again (replay.ts) from the base and from what is still pending, whatever was confirmed or rejected in
 * between.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Op } from '../protocol/messages.js'
import { lookupKey, type References } from './references.js'

/** A local transaction as far as replay needs it. */
export interface Overlaid {
  /** When the user did it, ms since 1970. */
  readonly at: number
  readonly ops: readonly Op[]
}

/** One op of a pending transaction; positions are the order of all steps. */
export interface Step {
  readonly position: number
  readonly at: number
  readonly op: Op
  readonly pending: Overlaid
}

export class Overlay {
  readonly #references: References
  readonly #below: Overlay | null
  readonly #steps = new Map<string, Map<Uuid, readonly Step[]>>()
  /** Rows by what their ops say of the fields that rows are looked up by. */
  readonly #named = new Map<string, readonly Uuid[]>()
  /** Deletes by model. */
  readonly #deletes = new Map<string, number>()
  /** Rows that gave way to the stored one of their pair, and which that is. */
  readonly #merged = new Map<string, Map<Uuid, Uuid>>()
  #last: number

  /** @param below - pending transactions that come before these */
  constructor(references: References, below: Overlay | null = null) {
    this.#references = references
    this.#below = below
    this.#last = below === null ? 0 : Number.MAX_SAFE_INTEGER / 2
  }

  /** Puts a transaction on top of those that are there. */
  push(pending: Overlaid): void {
    for (const op of pending.ops) this.add(pending, op)
  }

  /** Puts one op on top. */
  add(pending: Overlaid, op: Op): void {
    this.#last += 1
    const ids = this.#steps.get(op.model) ?? new Map<Uuid, readonly Step[]>()
    const step = { position: this.#last, at: pending.at, op, pending }
    this.#steps.set(op.model, ids.set(op.id, [...(ids.get(op.id) ?? []), step]))
    if (op.op === 'delete') this.#deletes.set(op.model, (this.#deletes.get(op.model) ?? 0) + 1)
    for (const name of this.#namesIn(op)) this.#named.set(name, [...(this.#named.get(name) ?? []), op.id])
  }

  /** Takes a transaction away, wherever it stands. */
  remove(pending: Overlaid): void {
    for (const op of pending.ops) {
      const ids = this.#steps.get(op.model)
      const steps = ids?.get(op.id)
      const rest = steps?.filter((step) => step.pending !== pending) ?? []
      if (steps === undefined || rest.length === steps.length) continue
      if (rest.length > 0) ids?.set(op.id, rest)
      else {
        ids?.delete(op.id)
        this.#merged.get(op.model)?.delete(op.id)
      }
      for (const gone of steps) if (gone.pending === pending) this.#forget(gone.op)
    }
  }

  /** Whether a pending transaction touches the key. */
  touches(model: string, id: Uuid): boolean {
    return this.#steps.get(model)?.has(id) === true || this.#below?.touches(model, id) === true
  }

  /** Whether a pending transaction deletes the row. */
  deletes(model: string, id: Uuid): boolean {
    return this.steps(model, id).some(({ op }) => op.op === 'delete')
  }

  /** Steps on a row, in their order. */
  steps(model: string, id: Uuid): readonly Step[] {
    const own = this.#steps.get(model)?.get(id) ?? none
    const below = this.#below?.steps(model, id) ?? none
    return below.length === 0 ? own : own.length === 0 ? below : [...below, ...own]
  }

  /** Rows whose pending ops name this value of the fields, as the new one or as the one that was seen. */
  named(model: string, fields: readonly string[], key: string): readonly Uuid[] {
    return [...(this.#below?.named(model, fields, key) ?? []), ...(this.#named.get(nameOf(model, fields, key)) ?? [])]
  }

  /** Models of which a row is deleted. */
  get deleting(): readonly string[] {
    return [...(this.#below?.deleting ?? []), ...this.#deletes.keys()]
  }

  /** The server said that a row's create was one of a stored row: what is still pending on it is pending on that one. */
  merged(model: string, id: Uuid, into: Uuid): void {
    if (!this.touches(model, id)) return
    const ids = this.#merged.get(model) ?? new Map<Uuid, Uuid>()
    this.#merged.set(model, ids.set(id, into))
  }

  /** Rows that gave way to others, as the server said. */
  mergedIn(model: string): ReadonlyMap<Uuid, Uuid> {
    return (this.#below ?? this).#merged.get(model) ?? nobody
  }

  #forget(op: Op): void {
    if (op.op === 'delete') {
      const left = (this.#deletes.get(op.model) ?? 1) - 1
      if (left === 0) this.#deletes.delete(op.model)
      else this.#deletes.set(op.model, left)
    }
    for (const name of this.#namesIn(op)) {
      const ids = this.#named.get(name) ?? []
      const at = ids.indexOf(op.id)
      const rest = ids.filter((_, other) => other !== at)
      if (rest.length === 0) this.#named.delete(name)
      else this.#named.set(name, rest)
    }
  }

  #namesIn(op: Op): readonly string[] {
    if (op.op === 'delete') return none
    return this.#references.lookups(op.model).flatMap((fields) => {
      const keys = op.op === 'create' ? [lookupKey(fields, (field) => op.values[field])] : keysOfUpdate(fields, op.set)
      return keys.flatMap((key) => (key === undefined ? [] : [nameOf(op.model, fields, key)]))
    })
  }
}

const none: readonly never[] = Object.freeze([])
const nobody: ReadonlyMap<Uuid, Uuid> = new Map()

const nameOf = (model: string, fields: readonly string[], key: string): string => `${model} ${fields.join()} ${key}`

/** Pairs never change: single fields only. */
const keysOfUpdate = (fields: readonly string[], set: Extract<Op, { op: 'update' }>['set']): readonly (string | undefined)[] => {
  const [field] = fields
  const edit = fields.length === 1 && field !== undefined ? set[field] : undefined
  return edit !== undefined && 'value' in edit ? [lookupKey(fields, () => edit.seen), lookupKey(fields, () => edit.value)] : none
}
