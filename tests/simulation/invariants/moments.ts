/** The states of the database that somebody may have read who cannot say which: between a question and its answer. */
import { type Position, sees } from '../../../runtime/protocol/position.js'
import type { Tables } from '../schema/tables.js'
import type { Past } from '../world/past.js'

/** What the reader saw for sure: so many transactions in the order of the past, or all that a position sees. */
export type Floor = number | Position

/**
 * Whether `holds` is true of the tables at some moment, as far as these models go; undefined: there are too many to try them all, and
 * none of those tried will do. `until`: what had committed at most, as a number of transactions.
 */
export const atSomeMoment = (past: Past, floor: Floor, models: Iterable<string>, holds: (tables: Tables) => boolean, until = Infinity): boolean | undefined => {
  const all = [...past.transactions]
  const later = past.touching(models, all.slice(until))
  const perhaps = past.touching(models, typeof floor === 'number' ? all.slice(floor, until) : all.filter((xid) => !sees(floor, xid)))
  const isSo = (hidden: readonly bigint[]): boolean => holds(past.without([...hidden, ...later]))
  if (isSo([]) || (perhaps.length > 0 && isSo(perhaps))) return true
  if (perhaps.length > most) return perhaps.some((_, at) => isSo(perhaps.slice(at))) || undefined
  for (let mask = 1; mask < 2 ** perhaps.length - 1; mask += 1) {
    if (isSo(perhaps.filter((_, at) => (mask & (1 << at)) !== 0))) return true
  }
  return false
}

/** The same of the one state that a position names. Undefined: a table was emptied since, which no snapshot keeps its rows from. */
export const atMoment = (past: Past, at: Position, models: Iterable<string>, holds: (tables: Tables) => boolean): boolean | undefined => {
  const hidden = past.hiddenAt(at)
  return holds(past.without(hidden)) || (past.truncated(models, hidden) ? undefined : false)
}

/** Transactions of which every choice is tried. */
const most = 7
