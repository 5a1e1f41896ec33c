/** Asks the app what becomes of a field that both sides changed (policy `custom`). */
import { checkValue } from '../protocol/check-value.js'
import type { Log } from '../protocol/ports.js'
import type { Versions } from '../protocol/reconcile.js'
import type { Wire } from '../protocol/values.js'
import { fromWire, toWire } from '../protocol/wire-value.js'
import { type KnownModel, columnOf } from './catalog.js'

/**
 * What the app's function returns, as a wire value. Undefined if it throws, returns a promise or anything else that does not fit
 * the field, or if the client claims to have seen what no such field holds: the first three are logged, none harms the node.
 */
export const mergeField = (log: Log, model: KnownModel, name: string, versions: Versions<Wire>): Wire | undefined => {
  const { field, merge } = columnOf(model, name)
  if (merge === undefined || checkValue(field, versions.seen) !== undefined) return undefined
  const given = (wire: Wire): unknown => structuredClone(fromWire(field, wire))
  const { seen, stored, wanted } = versions
  try {
    const merged = merge({ seen: given(seen), stored: given(stored), wanted: given(wanted) } as Versions<never>)
    if (merged instanceof Promise) merged.catch(() => undefined)
    return toWire(field, merged, name)
  } catch (error) {
    log('error', 'merge-failed', { model: model.name, field: name, error: error instanceof Error ? (error.stack ?? error.message) : 'no error' })
    return undefined
  }
}
