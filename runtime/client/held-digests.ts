/**
 * Digests of the lines that a client holds (a scope's rows of one model), in 256 buckets. A line's are worked out when they are
 * first asked for, and from then on kept in step, at the cost of two hashes for each claim that begins, ends or changes its
 * version; 2 kB a line.
 */
import type { Uuid } from '../protocol/descriptor.js'
import { Digests, bucketCount, bucketOf, partOf } from '../protocol/digest.js'
import type { HeldKey } from '../protocol/held-keys.js'

export class HeldDigests {
  readonly #lines = new Map<string, Digests>()

  /** The digests of a line of which this is what is held. */
  of(scope: number, model: string, held: () => Iterable<HeldKey>): Digests {
    const known = this.#lines.get(keyOf(scope, model))
    if (known !== undefined) return known
    const digests = new Digests(bucketCount)
    for (const [id, version] of held()) digests.add(bucketOf(partOf(id)), id, version)
    this.#lines.set(keyOf(scope, model), digests)
    return digests
  }

  /** A claim begins. */
  claimed(scope: number, model: string, id: Uuid, version: number): void {
    if (this.#lines.size > 0) this.#lines.get(keyOf(scope, model))?.add(bucketOf(partOf(id)), id, version)
  }

  /** A claim ends. */
  disclaimed(scope: number, model: string, id: Uuid, version: number): void {
    if (this.#lines.size > 0) this.#lines.get(keyOf(scope, model))?.remove(bucketOf(partOf(id)), id, version)
  }

  /** A row that these scopes claim is of another version. */
  changed(scopes: readonly number[], model: string, id: Uuid, before: number, after: number): void {
    for (const scope of scopes) {
      this.disclaimed(scope, model, id, before)
      this.claimed(scope, model, id, after)
    }
  }

  /** Forgets what was worked out of a scope. */
  forget(scope: number): void {
    for (const key of this.#lines.keys()) if (key.startsWith(`${scope} `)) this.#lines.delete(key)
  }
}

const keyOf = (scope: number, model: string): string => `${scope} ${model}`
