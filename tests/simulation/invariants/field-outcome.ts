/** What an acknowledged edit must have made of its field, told from the stored values before and after. Shares nothing with `reconcile`. */
import { isDeepStrictEqual } from 'node:util'
import type { Enum, Field } from '../../../generator/model.js'
import type { ElementsEdit, FieldEdit, ValueEdit } from '../../../runtime/protocol/messages.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import { marksIn } from '../world/history.js'

/** What is wrong with a field whose edit was applied; null: nothing. */
export const wrongWhenApplied = (field: Field, edit: FieldEdit, before: Wire, after: Wire): string | null => {
  if ('value' in edit) return field.conflict === 'custom' ? wrongMerge(edit, before, after) : same(after, edit.value) ? null : `became ${shown(after)}, not ${shown(edit.value)}`
  if ('remove' in edit) return wrongElements(edit, before, after)
  return isSum(before, edit.add, after) ? null : `went from ${shown(before)} to ${shown(after)}, not by ${edit.add}`
}

/** What is wrong with a field whose edit was told to be lost; null: nothing. */
export const wrongWhenLost = (field: Field, enums: readonly Enum[], edit: FieldEdit, before: Wire, after: Wire): string | null => {
  if (!('value' in edit)) return 'was lost, though what it adds is lost to nobody'
  if (!same(before, after)) return `was lost, but became ${shown(after)}`
  if (same(before, edit.seen)) return `was lost, though nobody had changed what its author saw`
  if (same(before, edit.value)) return null
  switch (field.conflict) {
    case 'client':
    case 'reject':
      return `was lost under the policy ${field.conflict}`
    case 'max':
      return comparison(field, enums, edit.value, before) > 0 ? `lost against the smaller ${shown(before)}` : null
    case 'min':
      return edit.value !== null && (before === null || comparison(field, enums, edit.value, before) < 0) ? `lost against the greater ${shown(before)}` : null
    default:
      return null
  }
}

/** Whether two wire values mean the same. */
export const same = (left: Wire, right: Wire): boolean => left === right || isDeepStrictEqual(left, right)

/** Where nobody else wrote it is stored as it is; else nothing that it says is missing. */
const wrongMerge = ({ seen, value }: ValueEdit, before: Wire, after: Wire): string | null => {
  if (same(after, value)) return null
  if (same(before, seen)) return `became ${shown(after)}, not ${shown(value)}`
  const missing = marksIn(value).filter((mark) => !marksIn(after).includes(mark))
  return missing.length === 0 ? null : `was merged without ${missing.join(' ')}: ${shown(after)}`
}

/** Elements stand once, those that stay where they were, new ones after them. */
const wrongElements = ({ add, remove }: ElementsEdit, before: Wire, after: Wire): string | null => {
  const kept = (Array.isArray(before) ? (before as readonly Wire[]) : []).filter((element) => !remove.includes(element))
  const wanted = [...new Set([...kept, ...add])]
  return same(after, wanted) ? null : `became ${shown(after)}, not ${shown(wanted)}`
}

const isSum = (before: Wire, add: number, after: Wire): boolean =>
  typeof after === 'string' ? BigInt(String(before ?? 0)) + BigInt(add) === BigInt(after) : Number(before ?? 0) + add === after

/** By the order of the field (docs/laws.md R57); any value before null. */
const comparison = ({ type }: Field, enums: readonly Enum[], left: Wire, right: Wire): number => {
  if (left === null || right === null) return left === right ? 0 : left === null ? -1 : 1
  switch (type.kind) {
    case 'enum': {
      const names = enums.find(({ name }) => name === type.enum)?.values.map(({ name }) => name) ?? []
      return names.indexOf(String(left)) - names.indexOf(String(right))
    }
    case 'bigint':
      return Number(BigInt(String(left)) - BigInt(String(right)))
    case 'int':
    case 'float':
    case 'decimal':
    case 'boolean':
      return Number(left) - Number(right)
    default:
      return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
  }
}

const shown = (value: Wire): string => JSON.stringify(value).slice(0, 200)
