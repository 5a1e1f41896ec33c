/** Equality and order of a field's values, by its descriptor. */
import type { FieldDescriptor } from './descriptor.js'
import { SyncError } from './errors.js'
import {
  type Comparator,
  compareAscii,
  compareBigint,
  compareBoolean,
  compareBytes,
  compareDecimal,
  compareLists,
  compareNumber,
  compareText,
  compareTimestamp,
} from './order.js'
import type { Wire } from './values.js'

/**
 * Order of two TypeScript values of a field, neither of them null.
 * @throws SyncError `invalid-value` for json, which has equality only.
 */
export const comparatorOf = (field: FieldDescriptor): Comparator<unknown> => {
  if (field.type === 'json') throw new SyncError('invalid-value', 'json values have no order: order by a field of another type')
  return field.type === 'list' ? ofType(compareLists(orders[field.of ?? 'string'])) : orders[field.type]
}

/** Whether two TypeScript values of a field, nulls included, are one value to PostgreSQL (`IS NOT DISTINCT FROM`). */
export const equalValues = (field: FieldDescriptor, left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (left === null || right === null) return false
  return field.type === 'json' ? equalJson(left, right) : comparatorOf(field)(left, right) === 0
}

/** Codec equality: whether two wire values of a field stand for one value. */
export const equalWire = (field: FieldDescriptor, left: Wire, right: Wire): boolean =>
  left === right ||
  (field.type === 'decimal' && typeof left === 'string' && typeof right === 'string'
    ? compareDecimal(left, right) === 0
    : equalJson(left, right))

/** Structural: the order of keys says nothing, 1.0 is 1 and -0 is 0 (as in jsonb). */
export const equalJson = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(own(left, key), own(right, key)))
}

const own = (object: object, key: string): unknown => (object as Readonly<Record<string, unknown>>)[key]

/** The cast is the boundary: the generated codec gives a row's values the types of their fields. */
const ofType = <Value>(compare: Comparator<Value>): Comparator<unknown> => compare as Comparator<unknown>

const orders: Readonly<Record<Exclude<FieldDescriptor['type'], 'list' | 'json'>, Comparator<unknown>>> = {
  string: ofType(compareText),
  text: ofType(compareText),
  enum: ofType(compareText),
  int: ofType(compareNumber),
  float: ofType(compareNumber),
  bigint: ofType(compareBigint),
  decimal: ofType(compareDecimal),
  boolean: ofType(compareBoolean),
  timestamp: ofType(compareTimestamp),
  date: ofType(compareAscii),
  uuid: ofType(compareAscii),
  bytes: ofType(compareBytes),
}
