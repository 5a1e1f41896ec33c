/** The time that a local transaction is given: the device's clock, corrected by what was measured of the server's. */
import type { Clock } from '../protocol/ports.js'
import type { ClockState } from './storage.js'

export class EditClock {
  readonly #clock: Clock
  #offset: number
  #last: number
  #bestRoundTrip = Number.POSITIVE_INFINITY

  /** @param pending - times of the local transactions that are still pending */
  constructor(clock: Clock, stored: ClockState, pending: readonly number[]) {
    this.#clock = clock
    this.#offset = stored.offset
    this.#last = Math.max(stored.last, ...pending)
  }

  get state(): ClockState {
    return { offset: this.#offset, last: this.#last }
  }

  /** Milliseconds since 1970. Each call gives a later time than the one before, whatever the device's clock does. */
  next(): number {
    this.#last = Math.max(this.#last + 1, Math.round(this.#clock.now() + this.#offset))
    return this.#last
  }

  /** Each connection measures anew: the device's clock may have been set meanwhile. */
  restart(): void {
    this.#bestRoundTrip = Number.POSITIVE_INFINITY
  }

  /** The server's clock, as an answer told it that took `roundTrip` ms. The fastest answer of a connection knows best. */
  measured(serverNow: number, roundTrip: number): void {
    if (roundTrip > this.#bestRoundTrip) return
    this.#bestRoundTrip = roundTrip
    this.#offset = Math.round(serverNow + roundTrip / 2 - this.#clock.now())
  }
}
