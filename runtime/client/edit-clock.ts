/** The time that a local transaction is given: the device's clock, corrected by what was measured of the server's. */
import type { Clock } from '../protocol/ports.js'
import type { ClockState } from './storage.js'

export class EditClock {
  readonly #clock: Clock
  #offset: number
  #last: number
  #bestRoundTrip = Number.POSITIVE_INFINITY
  /** A moment by the server's clock and by the device's monotonic one. */
  #anchor: { readonly time: number; readonly monotonic: number }

  /** @param pending - times of the local transactions that are still pending */
  constructor(clock: Clock, stored: ClockState, pending: readonly number[]) {
    this.#clock = clock
    this.#offset = stored.offset
    this.#last = Math.max(stored.last, ...pending)
    this.#anchor = { time: clock.now() + stored.offset, monotonic: clock.monotonic() }
  }

  get state(): ClockState {
    return { offset: this.#offset, last: this.#last }
  }

  /**
   * Milliseconds since 1970. Each call gives a later time than the one before, whatever the device's clock does. Set back, it is
   * not believed: the monotonic clock knows how much time has passed at least. Set forward, it is, because a device that slept
   * looks the same; the server does not take times that have not come.
   */
  next(): number {
    const { time, monotonic } = this.#anchor
    const least = time + this.#clock.monotonic() - monotonic
    this.#last = Math.max(this.#last + 1, Math.round(Math.max(least, this.#clock.now() + this.#offset)))
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
    this.#anchor = { time: this.#clock.now() + this.#offset, monotonic: this.#clock.monotonic() }
  }
}
