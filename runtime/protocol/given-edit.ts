/** What an app gives to change a counter or a set, checked before it goes anywhere: the same for the cache and for server code. */
import { checkValue } from './check-value.js'
import type { FieldDescriptor } from './descriptor.js'
import { SyncError } from './errors.js'
import { withAmount } from './field-edit.js'
import type { AmountEdit, ElementsEdit } from './messages.js'
import type { Wire } from './values.js'
import { toWire } from './wire-value.js'

/**
 * `{ add }` for a counter that stands at `from`. What clients add is whole, so that sums are the same in every order; where
 * `fractions` are taken, then for a float only.
 * @throws SyncError `invalid-value` if it is no such amount, or would take the counter out of its range; `details.field` is `name`.
 */
export const givenAmount = (field: FieldDescriptor, name: string, value: unknown, from: Wire, fractions: boolean): AmountEdit => {
  const isAmount = typeof value === 'object' && value !== null && 'add' in value && Object.keys(value).length === 1
  const add = isAmount ? value.add : undefined
  const isFraction = fractions && field.type === 'float'
  if (typeof add !== 'number' || !(isFraction ? Number.isFinite(add) : Number.isSafeInteger(add))) {
    throw refusal(name, `is a counter: change it by { add: <${isFraction ? '' : 'whole '}number> }`)
  }
  const misfit = checkValue(field, withAmount(from, { add }))
  // A counter that others have taken out of its range, as far as the cache can tell, may be on its way back.
  if (misfit !== undefined && checkValue(field, from) === undefined) throw refusal(name, `${misfit} with what is added`)
  return { add }
}

/**
 * `{ add, remove }` for a set, each of them a list and neither required.
 * @throws SyncError `invalid-value` if it is anything else, or names an element twice over; `details.field` is `name`.
 */
export const givenElements = (field: FieldDescriptor, name: string, value: unknown): ElementsEdit => {
  const isNamed = typeof value === 'object' && value !== null && Object.keys(value).every((key) => key === 'add' || key === 'remove')
  if (!isNamed) throw refusal(name, 'is a set: give a list, or { add: […], remove: […] }')
  const { add = [], remove = [] } = value as { readonly add?: unknown; readonly remove?: unknown }
  const listOf = (given: unknown): readonly Wire[] => toWire(field, given, name) as readonly Wire[]
  const named = { add: listOf(add), remove: listOf(remove) }
  if (!named.add.some((element) => named.remove.includes(element))) return named
  throw refusal(name, 'has an element both in add and in remove')
}

const refusal = (name: string, why: string): SyncError => new SyncError('invalid-value', `${name} ${why}`, { field: name })
