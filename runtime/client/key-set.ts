/** A set of (model, id). */
import type { Uuid } from '../protocol/descriptor.js'

export class KeySet implements Iterable<readonly [model: string, id: Uuid]> {
  readonly #ids = new Map<string, Set<Uuid>>()

  get size(): number {
    let size = 0
    for (const ids of this.#ids.values()) size += ids.size
    return size
  }

  get models(): Iterable<string> {
    return this.#ids.keys()
  }

  of(model: string): ReadonlySet<Uuid> {
    return this.#ids.get(model) ?? empty
  }

  has(model: string, id: Uuid): boolean {
    return this.#ids.get(model)?.has(id) === true
  }

  add(model: string, id: Uuid): this {
    const ids = this.#ids.get(model)
    if (ids === undefined) this.#ids.set(model, new Set([id]))
    else ids.add(id)
    return this
  }

  addAll(keys: Iterable<readonly [string, Uuid]>): this {
    for (const [model, id] of keys) this.add(model, id)
    return this
  }

  delete(model: string, id: Uuid): void {
    this.#ids.get(model)?.delete(id)
  }

  *[Symbol.iterator](): Iterator<readonly [string, Uuid]> {
    for (const [model, ids] of this.#ids) for (const id of ids) yield [model, id]
  }
}

const empty: ReadonlySet<Uuid> = new Set()
