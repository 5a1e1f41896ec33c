/** Clock, timers and randomness of one actor. Its clock may be wrong, run fast, jump; its timers end with its life. */
import type { Clock, Random, Timers } from 'syncgen/protocol'
import type { Dice } from '../../postgres/random.js'
import type { Actor, Kernel } from './kernel.js'

/** When virtual time begins, ms since 1970. */
export const worldStart = Date.UTC(2026, 0, 5, 9)

/** How wrong a clock is. */
export interface ClockFault {
  /** ms */
  readonly offset: number
  /** 1e-4: gains 0.1 ms each second. */
  readonly drift: number
}

export class ActorClock implements Clock {
  readonly #kernel: Kernel
  #fault: ClockFault
  /** A device with drift counts its own milliseconds, which are those of its timers, too. */
  constructor(kernel: Kernel, fault: ClockFault = { offset: 0, drift: 0 }) {
    this.#kernel = kernel
    this.#fault = fault
  }

  now(): number {
    return Math.floor(worldStart + this.#kernel.now * (1 + this.#fault.drift) + this.#fault.offset)
  }

  monotonic(): number {
    return this.#kernel.now * (1 + this.#fault.drift)
  }

  /** Somebody sets the clock; timers and the monotonic clock do not notice. */
  jump(ms: number): void {
    this.#fault = { ...this.#fault, offset: this.#fault.offset + ms }
  }

  /** Somebody sets it right. */
  correct(): void {
    this.#fault = { ...this.#fault, offset: -this.#kernel.now * this.#fault.drift }
  }
}

/** Timers of one life of an actor: after its death none of them runs. */
export const lifeTimers = (kernel: Kernel, actor: Actor, isAlive: () => boolean): Timers => ({
  after: (ms, run) =>
    kernel.after(ms, actor, 'timer', () => {
      if (isAlive()) run()
    }),
})

/** Random numbers and uuids (v7, by the actor's clock) from dice. */
export const seededRandom = (dice: Dice, clock: Clock): Random => ({
  next: () => dice.next(),
  uuid: () => {
    const time = Math.max(0, clock.now()).toString(16).padStart(12, '0').slice(-12)
    const digits = (count: number): string => Array.from({ length: count }, () => dice.below(16).toString(16)).join('')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${digits(3)}-${'89ab'.charAt(dice.below(4))}${digits(3)}-${digits(12)}`
  },
})
