/** Runs one task at a time, in the order in which they came. A task that fails does not hold up the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Tasks that have not ended. */
  get waiting(): number {
    return this.#waiting
  }

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1
    const result = this.#last.then(task)
    this.#last = result.then(
      () => (this.#waiting -= 1),
      () => (this.#waiting -= 1),
    )
    return result
  }

  /** Resolves when everything that was asked for so far has ended. */
  async settled(): Promise<void> {
    await this.#last
  }
}
