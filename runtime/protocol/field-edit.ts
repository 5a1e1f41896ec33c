/** What amounts and elements make of a value: the same in the cache, which shows it at once, and on the server, which decides. */
import type { AmountEdit, ElementsEdit } from './messages.js'
import type { Wire } from './values.js'

/** A counter's wire value with an amount added; null counts as 0. Whether it still fits its field is `checkValue`'s to say. */
export const withAmount = (value: Wire, { add }: AmountEdit): Wire =>
  typeof value === 'string' ? String(BigInt(value) + BigInt(add)) : Number(value ?? 0) + add

/**
 * A set with elements added and removed: those that stay keep their places, new ones follow in the order of the edit, none
 * stands twice.
 */
export const withElements = (value: Wire, { add, remove }: ElementsEdit): readonly Wire[] => {
  const kept = Array.isArray(value) ? (value as readonly Wire[]).filter((element) => !remove.includes(element)) : []
  return distinct([...kept, ...add])
}

/** Each element once, where it first stands. */
export const distinct = <Element>(list: readonly Element[]): readonly Element[] => [...new Set(list)]
