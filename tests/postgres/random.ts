/** Seeded randomness for rounds: the same seed gives the same round. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 1) (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** 0 … n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Each item with this probability. */
  some<Item>(items: readonly Item[], probability: number): readonly Item[] {
    return items.filter(() => this.chance(probability))
  }
}

/** What SYNCGEN_ROUNDS says, for longer runs by hand; else a number that fits into a test run. */
export const rounds = (usual: number): number => Number(process.env['SYNCGEN_ROUNDS'] ?? usual)

/** What SYNCGEN_SEED says, to repeat a failure; else this one. */
export const seed = (usual: number): number => Number(process.env['SYNCGEN_SEED'] ?? usual)
