/**
 * Values on the wire, by field type (docs/protocol.md, values):
 *
 * | type                  | TypeScript             | wire (JSON)                                        |
 * |-----------------------|------------------------|----------------------------------------------------|
 * | string, text, enum    | string                 | string                                             |
 * | int, float            | number                 | number                                             |
 * | bigint                | bigint                 | decimal digits as a string                         |
 * | decimal               | string                 | string with exactly `scale` digits after the point |
 * | boolean               | boolean                | boolean                                            |
 * | timestamp             | Date                   | `2026-01-31T23:59:59.123Z`, always with 3 digits   |
 * | date                  | string                 | `2026-01-31`                                       |
 * | json                  | declared type, unknown | the value itself                                   |
 * | uuid                  | string                 | canonical lower case                               |
 * | bytes                 | Uint8Array             | base64                                             |
 * | list of …             | readonly array         | array                                              |
 *
 * The readers and writers here are those that generated codecs call for the three types whose TypeScript value is not its
 * wire value. They convert; whether a value fits its field is `checkValue`'s to say.
 */
import { SyncError } from './errors.js'
import { timestampForm } from './text-form.js'

export type Wire = null | boolean | number | string | readonly Wire[] | { readonly [key: string]: Wire }

/** A row without its version: the wire values of its fields, in the order of its descriptor. */
export type WireRow = readonly Wire[]

/** A value of a json field whose type the schema does not name. */
export type JsonValue = Wire

/** `2026-01-31T23:59:59.123Z` → Date. @throws SyncError `malformed-frame` for anything else. */
export const readTimestamp = (wire: Wire | undefined): Date => {
  const date = new Date(typeof wire === 'string' && timestampForm.test(wire) ? wire : Number.NaN)
  if (Number.isNaN(date.getTime())) throw misread('a timestamp')
  return date
}

/** Date → `2026-01-31T23:59:59.123Z`. @throws RangeError for an invalid Date, which no codec makes. */
export const writeTimestamp = (date: Date): Wire => date.toISOString()

/** `"9007199254740993"` → 9007199254740993n. @throws SyncError `malformed-frame` for anything else. */
export const readBigint = (wire: Wire | undefined): bigint => {
  if (typeof wire !== 'string' || !digits.test(wire)) throw misread('a bigint')
  return BigInt(wire)
}

/** 9007199254740993n → `"9007199254740993"`. */
export const writeBigint = (value: bigint): Wire => value.toString()

/** Base64 → bytes. @throws SyncError `malformed-frame` for anything else. */
export const readBytes = (wire: Wire | undefined): Uint8Array => {
  if (typeof wire !== 'string' || wire.length % 4 !== 0 || !base64.test(wire)) throw misread('bytes')
  return Uint8Array.from(atob(wire), (character) => character.charCodeAt(0))
}

/** Bytes → base64 with padding. */
export const writeBytes = (bytes: Uint8Array): Wire => {
  let binary = ''
  for (let at = 0; at < bytes.length; at += chunk) binary += String.fromCharCode(...bytes.subarray(at, at + chunk))
  return btoa(binary)
}

/** A json value under the type that the schema names for it. Nothing checks that it fits: whoever writes it has that type. */
export const readJson = <Value>(wire: Wire | undefined): Value => wire as Value

/** A value of a json field → itself. */
export const writeJson = (value: unknown): Wire => value as Wire

/** Null stays null (and so does a value that is not there); everything else is read. */
export const readNullable = <Value>(read: (wire: Wire) => Value, wire: Wire | undefined): Value | null =>
  wire === null || wire === undefined ? null : read(wire)

/** Null stays null; everything else is written. */
export const writeNullable = <Value>(write: (value: Value) => Wire, value: Value | null): Wire =>
  value === null ? null : write(value)

/** The form in which a bigint travels: no sign but `-`, no leading zeros, no `-0`. */
export const digits = /^(?:0|-?[1-9][0-9]*)$/

/** With a length that is a multiple of 4: canonical base64, whose unused bits are zero, so that equal bytes are equal text. */
export const base64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/

/** Arguments of one call: far below every engine's limit. */
const chunk = 8192

const misread = (what: string): SyncError =>
  new SyncError('malformed-frame', `a value is not ${what} in the form that docs/protocol.md gives it`)
