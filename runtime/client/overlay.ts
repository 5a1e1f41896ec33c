/**
 * The overlay: pending local transactions, replayed on the base. There is no "before" image anywhere: what is visible is worked
 * out again from the base and from what is still pending, whatever was confirmed or rejected in between.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Op } from '../protocol/messages.js'
import type { AnyRow, RowShape } from './row.js'

/** A local transaction as far as replay needs it. */
export interface Overlaid {
  /** When the user did it, ms since 1970. */
  readonly at: number
  readonly ops: readonly Op[]
}

export class Overlay {
  readonly #byKey = new Map<string, Map<Uuid, readonly Overlaid[]>>()

  /** Puts a transaction on top of those that are there. */
  push(pending: Overlaid): void {
    for (const [model, id] of keysOf(pending)) {
      const ids = this.#byKey.get(model) ?? new Map<Uuid, readonly Overlaid[]>()
      this.#byKey.set(model, ids.set(id, [...(ids.get(id) ?? []), pending]))
    }
  }

  /** Takes a transaction away, wherever it stands. */
  remove(pending: Overlaid): void {
    for (const [model, id] of keysOf(pending)) {
      const rest = (this.#byKey.get(model)?.get(id) ?? []).filter((each) => each !== pending)
      if (rest.length === 0) this.#byKey.get(model)?.delete(id)
      else this.#byKey.get(model)?.set(id, rest)
    }
  }

  /** Whether a pending transaction touches the key. */
  touches(model: string, id: Uuid): boolean {
    return this.#byKey.get(model)?.has(id) === true
  }

  /** The row of a key after all that is pending. */
  replay(shape: RowShape, id: Uuid, base: AnyRow | undefined): AnyRow | undefined {
    let row = base
    for (const pending of this.#byKey.get(shape.model.name)?.get(id) ?? []) row = replayOps(shape, id, row, pending)
    return row
  }
}

/**
 * What a transaction's ops on one key make of a row. An op whose row is not as it needs it (an update or delete without one, a
 * create with one) does nothing here; the server judges it.
 */
export const replayOps = (shape: RowShape, id: Uuid, row: AnyRow | undefined, { ops, at }: Overlaid): AnyRow | undefined => {
  let after = row
  for (const op of ops) {
    if (op.id !== id || op.model !== shape.model.name) continue
    switch (op.op) {
      case 'create':
        after ??= shape.create(op, at)
        break
      case 'update':
        after = after && shape.update(after, op.set, at)
        break
      case 'delete':
        after = undefined
        break
    }
  }
  return after
}

/** Each key that a transaction touches, once. */
const keysOf = ({ ops }: Overlaid): Iterable<readonly [string, Uuid]> => {
  const keys = new Map(ops.map((op) => [`${op.model}/${op.id}`, [op.model, op.id] as const]))
  return keys.values()
}
