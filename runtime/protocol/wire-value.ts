/**
 * TypeScript values to wire values and back, one at a time and by descriptor: for patches, operands of queries and
 * parameters of scopes. Whole rows go through the generated codecs.
 */
import { checkValue, deepestJson } from './check-value.js'
import type { FieldDescriptor } from './descriptor.js'
import { distinct } from './field-edit.js'
import { SyncError } from './errors.js'
import { type Wire, readBigint, readBytes, readTimestamp, writeBigint, writeBytes } from './values.js'

/**
 * The canonical wire form of a value that an app gave: a decimal with its scale spelled out (`'1.1'` → `'1.10'`), a uuid in
 * lower case, -0 as 0, a set without its repetitions, json and lists copied and frozen. `name` is the field's, for the message.
 * @throws SyncError `invalid-value` if it does not fit the field; `details.field` is `name`.
 */
export const toWire = (field: FieldDescriptor, value: unknown, name = 'value'): Wire => {
  const wire = value === null ? null : convert(field, value)
  const misfit = wire === undefined ? `must be ${typeNames[field.type]}` : checkValue(field, wire)
  if (wire === undefined || misfit !== undefined) throw new SyncError('invalid-value', `${name} ${misfit}`, { field: name })
  return wire
}

/** The TypeScript value of a wire value that fits the field: Date, bigint, Uint8Array, or the wire value itself. */
export const fromWire = (field: FieldDescriptor, wire: Wire): unknown => {
  if (wire === null) return null
  switch (field.type) {
    case 'timestamp':
      return readTimestamp(wire)
    case 'bigint':
      return readBigint(wire)
    case 'bytes':
      return readBytes(wire)
    default:
      return wire
  }
}

/** Undefined: not even of the right TypeScript type. */
const convert = (field: FieldDescriptor, value: unknown): Wire | undefined => {
  switch (field.type) {
    case 'timestamp':
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
    case 'bigint':
      return typeof value === 'bigint' ? writeBigint(value) : undefined
    case 'bytes':
      return value instanceof Uint8Array ? writeBytes(value) : undefined
    case 'int':
    case 'float':
      return typeof value === 'number' ? positiveZero(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'decimal':
      return typeof value === 'string' ? spellOut(value, field.scale ?? 0) : undefined
    case 'uuid':
      return typeof value === 'string' ? value.toLowerCase() : undefined
    case 'string':
    case 'text':
    case 'date':
    case 'enum':
      return typeof value === 'string' ? value : undefined
    case 'json':
      return copyJson(value, deepestJson)
    case 'list': {
      const list = copyJson(value, deepestJson)
      return field.conflict === 'set' && Array.isArray(list) ? (Object.freeze(distinct(list)) as Wire) : list
    }
  }
}

const typeNames: Readonly<Record<FieldDescriptor['type'], string>> = {
  string: 'text',
  text: 'text',
  int: 'a number',
  bigint: 'a bigint',
  float: 'a number',
  decimal: 'a string of digits',
  boolean: 'true or false',
  timestamp: 'a valid Date',
  date: 'a string (YYYY-MM-DD)',
  json: `plain JSON (no dates, class instances, functions or holes), at most ${deepestJson} levels deep`,
  uuid: 'a uuid',
  bytes: 'a Uint8Array',
  enum: 'one of its labels',
  list: 'an array',
}

const positiveZero = (value: number): number => (value === 0 ? 0 : value)

/** Zeros that say nothing go, those that the scale asks for come; everything else is left for `checkValue` to refuse. */
const spellOut = (text: string, scale: number): string => {
  const form = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (form === null) return text
  const [, sign, whole = '', fraction = ''] = form
  if (/[1-9]/.test(fraction.slice(scale))) return text
  const kept = fraction.slice(0, scale).padEnd(scale, '0')
  const spelled = `${whole.replace(/^0+(?=\d)/, '')}${scale === 0 ? '' : '.'}${kept}`
  return sign === '-' && /[1-9]/.test(spelled) ? `-${spelled}` : spelled
}

/** A frozen copy, so that nothing the app does later reaches into the cache; undefined if it is not plain JSON. */
const copyJson = (value: unknown, levels: number): Wire | undefined => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') return positiveZero(value)
  if (typeof value !== 'object' || levels < 0) return undefined
  if (Array.isArray(value)) return copyList(value, levels)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return undefined
  const present = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const copied = present.map(([key, inner]) => [key, copyJson(inner, levels - 1)] as const)
  if (copied.some(([, inner]) => inner === undefined)) return undefined
  return Object.freeze(Object.fromEntries(copied)) as Wire
}

const copyList = (value: readonly unknown[], levels: number): Wire | undefined => {
  const copied = Array.from(value, (inner) => copyJson(inner, levels - 1))
  return copied.includes(undefined) ? undefined : (Object.freeze(copied) as Wire)
}
