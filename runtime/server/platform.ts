/** The real clock, timers and randomness of a server: the only place that touches them. */
import { uuidv7 } from 'uuidv7'
import type { Clock, Log, Random, Timers } from '../protocol/ports.js'

/** What a server takes from the outside world, besides its database and its sockets. */
export interface ServerPorts {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
}

export const platform: ServerPorts = {
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
  },
  timers: {
    after: (ms, run) => {
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    },
  },
  random: {
    next: () => Math.random(),
    uuid: () => uuidv7(),
  },
}

/** Warnings and errors on the console, one line each. */
export const consoleLog: Log = (level, event, details) => {
  if (level === 'warn' || level === 'error')
    console[level](`syncgen ${event}`, details === undefined ? '' : JSON.stringify(details))
}
