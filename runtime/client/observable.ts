/** A value that can be watched. */
import type { Log } from '../protocol/ports.js'
import { guarded } from './events.js'

export interface Observable<Value> {
  get(): Value
  /** Calls the listener at once with the current value, then whenever it changes. Returns the function that ends it. */
  subscribe(listener: (value: Value) => void): () => void
}

/** The side that sets it. */
export class Observed<Value extends object> implements Observable<Value> {
  #value: Value
  readonly #listeners = new Set<(value: Value) => void>()
  readonly #log: Log

  constructor(value: Value, log: Log) {
    this.#value = value
    this.#log = log
  }

  get(): Value {
    return this.#value
  }

  subscribe(listener: (value: Value) => void): () => void {
    const own = (value: Value): void => listener(value)
    this.#listeners.add(own)
    guarded(this.#log, 'subscribe', () => own(this.#value))
    return () => void this.#listeners.delete(own)
  }

  /** Listeners hear of it only if a property differs. */
  set(change: Partial<Value>): void {
    const keys = Object.keys(change) as (keyof Value)[]
    if (keys.every((key) => Object.is(this.#value[key], change[key]))) return
    this.#value = Object.freeze({ ...this.#value, ...change })
    for (const listener of [...this.#listeners]) guarded(this.#log, 'subscribe', () => listener(this.#value))
  }
}
