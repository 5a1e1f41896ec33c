/** Wire values of one type as those of another, where the value is the same to a reader. */
import { checkValue } from './check-value.js'
import type { FieldDescriptor } from './descriptor.js'
import { distinct } from './field-edit.js'
import { digits, type Wire } from './values.js'

/** What a field has, and what its values are called elsewhere. */
export interface Conversion {
  readonly from: FieldDescriptor
  readonly to: FieldDescriptor
  readonly labels?: ReadonlyMap<string, string>
}

/** The value as one of the field `to`; undefined: it has none that fits. */
export const convertValue = (conversion: Conversion, wire: Wire): Wire | undefined => {
  const { to } = conversion
  if (wire === null) return to.nullable === true ? null : undefined
  const converted = convert(conversion, wire)
  // A list that was written before it was a set.
  const value = to.conflict === 'set' && Array.isArray(converted) ? distinct(converted as readonly Wire[]) : converted
  return value === undefined || checkValue(to, value) !== undefined ? undefined : value
}

/** The same for a row that is to be shown: what is longer than the field may be written, or has an element twice, is shown as it is. */
export const showValue = (conversion: Conversion, wire: Wire): Wire | undefined => {
  const { to } = conversion
  if (to.conflict === 'set') return convertValue(conversion, wire) === undefined ? undefined : convert(conversion, wire)
  const isText = to.type === 'string' || to.type === 'text'
  const shown = isText && wire !== null ? convert(conversion, wire) : convertValue(conversion, wire)
  return isText && typeof shown !== 'string' && shown !== null ? undefined : shown
}

/** Stands in a row for a value that is not known. */
export const placeholder = (field: FieldDescriptor): Wire => {
  if (field.default !== undefined) return field.default
  if (field.nullable === true) return null
  switch (field.type) {
    case 'int':
    case 'float':
      return 0
    case 'bigint':
      return '0'
    case 'decimal':
      return (0).toFixed(field.scale ?? 0)
    case 'boolean':
      return false
    case 'timestamp':
      return '1970-01-01T00:00:00.000Z'
    case 'date':
      return '1970-01-01'
    case 'uuid':
      return '00000000-0000-0000-0000-000000000000'
    case 'enum':
      return field.values?.[0] ?? ''
    case 'list':
      return []
    case 'json':
      return {}
    default:
      return ''
  }
}

const convert = ({ from, to, labels }: Conversion, wire: Wire): Wire | undefined => {
  const named = labels === undefined ? wire : relabelled(labels, wire, to.conflict === 'set')
  if (from.type === to.type) return to.type === 'decimal' ? decimal(named, to.scale ?? 0) : named
  switch (to.type) {
    case 'int':
    case 'float':
      return number(named)
    case 'bigint':
      return bigint(named)
    case 'decimal':
      return decimal(named, to.scale ?? 0)
    case 'string':
    case 'text':
      return typeof named === 'object' || from.type === 'bytes' ? undefined : String(named)
    case 'boolean':
      return named === 'true' ? true : named === 'false' ? false : undefined
    case 'json':
      return from.type === 'list' ? named : undefined
    case 'list':
      return from.type === 'json' ? named : undefined
    default:
      return typeof named === 'string' && spoken.has(from.type) ? named : undefined
  }
}

/** Types whose wire values are what somebody would write. */
const spoken = new Set<FieldDescriptor['type']>(['string', 'text', 'enum', 'uuid', 'date', 'timestamp'])

/** Of two elements that became one, a set keeps the first. */
const relabelled = (labels: ReadonlyMap<string, string>, wire: Wire, isSet: boolean): Wire => {
  if (typeof wire === 'string') return labels.get(wire) ?? wire
  if (!Array.isArray(wire)) return wire
  const elements = wire.map((each: Wire) => relabelled(labels, each, false))
  return isSet ? distinct(elements) : elements
}

const number = (wire: Wire): number | undefined => {
  if (typeof wire === 'number') return wire
  if (typeof wire !== 'string' || !/^-?\d+(?:\.\d+)?$/.test(wire)) return undefined
  const value = Number(wire)
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : value
}

const bigint = (wire: Wire): string | undefined => {
  const text = typeof wire === 'number' ? String(wire) : typeof wire === 'string' ? wire.replace(/\.0+$/, '') : ''
  return digits.test(text) ? text : undefined
}

/** With so many digits behind the point, as PostgreSQL rounds. */
const decimal = (wire: Wire, scale: number): string | undefined => {
  const text = typeof wire === 'number' ? plain(wire) : wire
  const [, sign = '', whole = '', fraction = ''] = typeof text === 'string' ? (/^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? []) : []
  if (whole === '') return undefined
  const kept = BigInt(`${whole}${fraction.slice(0, scale).padEnd(scale, '0')}`)
  const rounded = (kept + ((fraction[scale] ?? '0') >= '5' ? 1n : 0n)).toString().padStart(scale + 1, '0')
  const point = rounded.length - scale
  const spelled = scale === 0 ? rounded : `${rounded.slice(0, point)}.${rounded.slice(point)}`
  return /[1-9]/.test(spelled) ? `${sign}${spelled}` : spelled
}

/** Without an exponent, where that is exact enough. */
const plain = (value: number): string => (/e/.test(String(value)) ? value.toFixed(20) : String(value))
