import type { Clock } from '../protocol/ports.js'

/** A token bucket: so many frames per second, ten times as many at once. */
export class FrameRate {
  readonly #clock: Clock
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#tokens = perSecond * 10
    this.#at = clock.monotonic()
  }

  /** Whether one more frame is within the rate. */
  admits(): boolean {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#perSecond * 10, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
    this.#tokens -= 1
    return this.#tokens >= 0
  }
}
