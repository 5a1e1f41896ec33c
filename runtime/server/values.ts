/**
 * Values between PostgreSQL and the wire. What the driver hands over is decided in transaction.ts: text for every type but
 * booleans, small numbers, json, arrays and bytes.
 */
import type { FieldDescriptor } from '../protocol/descriptor.js'
import type { Wire } from '../protocol/values.js'
import type { ColumnDescriptor } from './descriptor.js'

/** What the driver takes as a parameter. Never an object of an app's: those can carry code (`toPostgres`). */
export type Parameter = null | boolean | number | string | Buffer | readonly Parameter[]

/** `2026-01-31 23:59:59.1+00` (DateStyle ISO, TimeZone UTC) → `2026-01-31T23:59:59.100Z`. Null stays null. */
export const wireTimestamp = (text: unknown): Wire => {
  if (typeof text !== 'string') return null
  const fraction = text.slice(20, -3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
}

/** Bytes as the driver gives them → base64 with padding. Null stays null. */
export const wireBytes = (bytes: unknown): Wire => (Buffer.isBuffer(bytes) ? bytes.toString('base64') : null)

/** A column's value as the driver gives it → the wire value of its field. */
export const wireOfColumn = (field: FieldDescriptor, value: unknown): Wire => {
  switch (field.type) {
    case 'timestamp':
      return wireTimestamp(value)
    case 'bytes':
      return wireBytes(value)
    default:
      return (value ?? null) as Wire
  }
}

/** A wire value that fits its field → the parameter of a statement that casts it to the column's type. */
export const parameterOf = (field: FieldDescriptor, wire: Wire): Parameter => {
  if (wire === null) return null
  switch (field.type) {
    case 'json':
      return JSON.stringify(wire)
    case 'bytes':
      return Buffer.from(String(wire), 'base64')
    case 'boolean':
      return wire === true
    case 'list':
      return (wire as readonly Wire[]).map((element) => (typeof element === 'number' ? element : String(element)))
    case 'int':
    case 'float':
      return Number(wire)
    default:
      return String(wire)
  }
}

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Columns by field, with the place each has in a row of `sql.lock`: `id, version, …the others`. */
export const placesOf = (columns: Readonly<Record<string, ColumnDescriptor>>): ReadonlyMap<string, number> =>
  new Map(Object.keys(columns).map((field, at) => [field, at === 0 ? 0 : at + 1]))
