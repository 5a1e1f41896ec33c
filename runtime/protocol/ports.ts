/**
 * What the runtime takes from the outside world. Production adapters are thin and stand in `platform.ts` of each side; the
 * simulation brings its own. Nothing else in the runtime reads a clock, draws a number or sets a timer.
 */

export interface Clock {
  /** Milliseconds since 1970, as the device believes. Never used to order anything. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
}

export interface Timers {
  /** Calls `run` once after `ms` milliseconds; the returned function cancels. */
  after(ms: number, run: () => void): () => void
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A new uuid v7 in canonical lower case. */
  uuid(): string
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Receives one event of the runtime. `details` never holds row values, parameters or tokens. */
export type Log = (level: LogLevel, event: string, details?: Readonly<Record<string, string | number | boolean | null>>) => void
