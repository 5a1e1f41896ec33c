/** A link that is made once more, as what it says beyond the link itself. */
import type { FieldDescriptor } from './descriptor.js'
import { equalWire } from './field-order.js'
import type { FieldEdit } from './messages.js'
import type { Wire } from './values.js'

/**
 * The create of a join row as edits of the row that links its pair already: from what a new link has by default to what this one
 * was given. What is as by default was not meant. Amounts and sets are added.
 */
export const linkEdits = (
  fields: Readonly<Record<string, FieldDescriptor>>,
  pair: readonly string[],
  values: Readonly<Record<string, Wire>>,
): Readonly<Record<string, FieldEdit>> => {
  const edits: Record<string, FieldEdit> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined || name === 'id' || pair.includes(name) || field.readonly === true) continue
    const edit = editOf(field, field.default ?? null, value)
    if (edit !== undefined) edits[name] = edit
  }
  return edits
}

const editOf = (field: FieldDescriptor, seen: Wire, value: Wire): FieldEdit | undefined => {
  if (equalWire(field, seen, value)) return undefined
  if (field.conflict === 'counter') return { add: Number(value ?? 0) - Number(seen ?? 0) }
  if (field.conflict === 'set' && Array.isArray(value)) return { add: value as readonly Wire[], remove: [] }
  return { seen, value }
}
