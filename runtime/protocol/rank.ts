/** The order in which `max` and `min` choose between two wire values of a field. */
import type { FieldDescriptor } from './descriptor.js'
import { comparatorOf } from './field-order.js'
import { compareNumber } from './order.js'
import type { Wire } from './values.js'
import { fromWire } from './wire-value.js'

/**
 * Whether one value is the greater (`max`) or smaller (`min`): numbers and times as such, text by code point, false before true,
 * enums in the order of their declaration. Any value ranks before null, under both policies, as in PostgreSQL's GREATEST and LEAST.
 */
export const outranks = (field: FieldDescriptor, policy: 'max' | 'min', one: Wire, other: Wire): boolean => {
  if (one === null || other === null) return one !== null && other === null
  const order = compare(field, one, other)
  return policy === 'max' ? order > 0 : order < 0
}

const compare = (field: FieldDescriptor, one: Wire, other: Wire): number =>
  field.type === 'enum' ? compareNumber(place(field, one), place(field, other)) : comparatorOf(field)(fromWire(field, one), fromWire(field, other))

const place = (field: FieldDescriptor, label: Wire): number => (field.values ?? []).indexOf(String(label))
