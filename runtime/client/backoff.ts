/** How long to wait before the next attempt. Full jitter: a server that restarts is not met by everybody at once. */
import type { Random } from '../protocol/ports.js'

const base = 250
const cap = 30_000
/** For causes that pass only when somebody does something. */
const slow = 60_000

/** @param failures - attempts that failed in a row */
export const passingWait = (failures: number, random: Random, retryAfter = 0): number =>
  retryAfter + random.next() * Math.min(cap, base * 2 ** Math.min(failures, 20))

export const slowWait = (random: Random, retryAfter = 0): number => Math.max(retryAfter, slow / 2) + (random.next() * slow) / 2
