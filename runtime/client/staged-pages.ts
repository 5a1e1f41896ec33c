/** Pages of one connection that are not to be seen yet, by the attempt that they belong to. */
import type { Random } from '../protocol/ports.js'
import type { ReadDelta } from './read-delta.js'

export interface StagedAttempt {
  /** Names its pages in storage, where attempts of all connections lie. */
  readonly key: string
  readonly deltas: ReadDelta[]
  /** Characters of their frames. */
  size: number
  /** Whether storage has all of them. */
  isStaged: boolean
}

export class StagedPages {
  readonly #random: Random
  readonly #attempts = new Map<number, StagedAttempt>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Adds a page to its attempt, which is returned. */
  add(attempt: number, page: ReadDelta, size: number): StagedAttempt {
    const staged = this.#attempts.get(attempt) ?? { key: this.#random.uuid(), deltas: [], size: 0, isStaged: true }
    this.#attempts.set(attempt, staged)
    staged.deltas.push(page)
    staged.size += size
    return staged
  }

  /** The pages of an attempt that has ended; null: there were none. */
  take(attempt: number): StagedAttempt | null {
    const staged = this.#attempts.get(attempt) ?? null
    this.#attempts.delete(attempt)
    return staged
  }

  /** Forgets all; returns what they were called in storage. */
  clear(): readonly string[] {
    const keys = [...this.#attempts.values()].map(({ key }) => key)
    this.#attempts.clear()
    return keys
  }
}
