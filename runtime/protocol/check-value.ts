/**
 * Whether a wire value fits its field. The client asks before a write enters the cache, the server before it meets
 * PostgreSQL: what passes here is accepted by the column's type, and comes back as the same wire value.
 */
import type { FieldDescriptor } from './descriptor.js'
import { distinct } from './field-edit.js'
import { isDate, isStorable, isTimestamp, isUuid, lengthOf } from './text-form.js'
import { type Wire, base64, digits } from './values.js'

/** Levels of arrays and objects that a json value may have. */
export const deepestJson = 64

/** Undefined if the value fits; else what would fit, as the rest of a sentence about the field, never with the value in it. */
export const checkValue = (field: FieldDescriptor, wire: Wire): string | undefined => {
  if (wire === null) return field.nullable === true ? undefined : 'must not be null'
  if (field.type !== 'list') return checkScalar(field.type, field, wire)
  if (!Array.isArray(wire)) return 'must be a list'
  const of = field.of ?? 'string'
  const misfit = firstMisfit<Wire>(wire, (element) => checkScalar(of, field, element))
  if (misfit !== undefined) return `has an element that ${misfit}`
  return field.conflict === 'set' && distinct(wire).length < wire.length ? 'must not have an element twice' : undefined
}

const checkScalar = (type: Exclude<FieldDescriptor['type'], 'list'>, field: FieldDescriptor, wire: Wire): string | undefined => {
  switch (type) {
    case 'string':
    case 'text':
      return checkText(field, wire)
    case 'int':
      return Number.isInteger(wire) && Number(wire) === (Number(wire) | 0) ? undefined : 'must be a whole number of 32 bits'
    case 'bigint':
      return typeof wire === 'string' && isInt64(wire) ? undefined : 'must be a whole number of 64 bits'
    case 'float':
      return typeof wire === 'number' && Number.isFinite(wire) ? undefined : 'must be a finite number'
    case 'decimal':
      return checkDecimal(field, wire)
    case 'boolean':
      return typeof wire === 'boolean' ? undefined : 'must be true or false'
    case 'timestamp':
      return typeof wire === 'string' && isTimestamp(wire) ? undefined : 'must be a time in the years 0001 to 9999'
    case 'date':
      return typeof wire === 'string' && isDate(wire) ? undefined : 'must be a date (YYYY-MM-DD) in the years 0001 to 9999'
    case 'json':
      return checkJson(wire, deepestJson)
    case 'uuid':
      return typeof wire === 'string' && isUuid(wire) ? undefined : 'must be a uuid in lower case'
    case 'bytes':
      return typeof wire === 'string' && wire.length % 4 === 0 && base64.test(wire) ? undefined : 'must be bytes in base64'
    case 'enum':
      return typeof wire === 'string' && field.values?.includes(wire) === true
        ? undefined
        : `must be one of ${(field.values ?? []).join(', ')}`
  }
}

const checkText = (field: FieldDescriptor, wire: Wire): string | undefined => {
  if (typeof wire !== 'string') return 'must be text'
  if (!isStorable(wire)) return unstorable
  if (field.type === 'list') return undefined
  if (field.max !== undefined && wire.length > field.max && lengthOf(wire) > field.max) {
    return `must have at most ${field.max} characters`
  }
  return field.pattern === undefined || patternOf(field, field.pattern).test(wire) ? undefined : `must match ${field.pattern}`
}

const checkDecimal = (field: FieldDescriptor, wire: Wire): string | undefined => {
  const scale = field.scale ?? 0
  const form = typeof wire === 'string' ? decimal.exec(wire) : null
  const [text = '', sign, whole = '', fraction = ''] = form ?? []
  if (form === null || fraction.length !== scale || (sign === '-' && !/[1-9]/.test(text))) {
    return `must be a number written with ${scale} digits after the point`
  }
  const room = (field.precision ?? Infinity) - scale
  return whole === '0' || whole.length <= room ? undefined : `must have at most ${room} digits before the point`
}

const checkJson = (wire: Wire, levels: number): string | undefined => {
  if (typeof wire === 'string') return isStorable(wire) ? undefined : unstorable
  if (typeof wire === 'number') return Number.isFinite(wire) ? undefined : 'must contain finite numbers only'
  if (typeof wire === 'boolean' || wire === null) return undefined
  if (typeof wire !== 'object') return 'must be JSON'
  if (levels === 0) return `must be at most ${deepestJson} levels deep`
  const keyMisfit = Array.isArray(wire) ? undefined : firstMisfit(Object.keys(wire), checkKey)
  return keyMisfit ?? firstMisfit<Wire>(Object.values(wire), (inner) => checkJson(inner, levels - 1))
}

/** A key `__proto__` is harmless here and in PostgreSQL, but not in the first `Object.assign` of an app. */
const checkKey = (key: string): string | undefined => {
  if (key === '__proto__') return 'must not have a key __proto__'
  return isStorable(key) ? undefined : unstorable
}

const firstMisfit = <Item>(items: readonly Item[], check: (item: Item) => string | undefined): string | undefined => {
  for (const item of items) {
    const misfit = check(item)
    if (misfit !== undefined) return misfit
  }
  return undefined
}

const unstorable = 'must not contain NUL or half of a surrogate pair'

const isInt64 = (text: string): boolean => {
  if (text.length > 20 || !digits.test(text)) return false
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value
}

const decimal = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/

const patterns = new WeakMap<FieldDescriptor, RegExp>()

const patternOf = (field: FieldDescriptor, source: string): RegExp => {
  const known = patterns.get(field)
  if (known !== undefined) return known
  const compiled = new RegExp(source, 'u')
  patterns.set(field, compiled)
  return compiled
}
