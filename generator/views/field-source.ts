/** How a field stands in TypeScript: its type, its codec, its descriptor. */
import type { Claim, Field, FieldType, JsonValue } from '../model.js'
import { camelCase, pluralOf } from '../names.js'
import { type Code, code, literal, object } from './code.js'
import type { Imports } from './imports.js'

/** Where the files of one folder find those of another, and what several views need to know of the schema. */
export interface Places {
  /** From the file to the folder shared/: `./` or `../shared/`. */
  readonly shared: string
  /** From the file to the folder of a schema's `ts:` file: the module to import. */
  readonly tsModule: (file: string) => string
}

/** What a field's type needs of a field; parameters and claims have it, too. */
export type Typed = Pick<Claim, 'type' | 'nullable'>

/** The field's type as TypeScript, null included. */
export const typeOf = (field: Typed, imports: Imports, places: Places): Code => {
  const type = bareType(field.type, imports, places)
  return field.nullable ? code`${type} | null` : type
}

const bareType = (type: FieldType, imports: Imports, places: Places): Code => {
  switch (type.kind) {
    case 'uuid':
      return imports.runtime('Uuid')
    case 'string':
    case 'text':
    case 'decimal':
    case 'date':
      return code`string`
    case 'int':
    case 'float':
      return code`number`
    case 'bigint':
      return code`bigint`
    case 'boolean':
      return code`boolean`
    case 'timestamp':
      return code`Date`
    case 'bytes':
      return code`Uint8Array`
    case 'json':
      return type.ts === null ? imports.runtime('JsonValue') : imports.type(places.tsModule(type.ts.file), type.ts.name)
    case 'enum':
      return imports.type(`${places.shared}enums.js`, type.enum)
    case 'list':
      return code`readonly ${bareType(type.of.kind === 'string' ? { kind: 'text' } : type.of, imports, places)}[]`
  }
}

/** Names of the functions between a wire value and TypeScript; null: the value is the same on both sides. */
export const codecOf = (type: FieldType): { readonly read: 'readTimestamp' | 'readBigint' | 'readBytes' | 'readJson'; readonly write: 'writeTimestamp' | 'writeBigint' | 'writeBytes' | 'writeJson' } | null => {
  switch (type.kind) {
    case 'timestamp':
      return { read: 'readTimestamp', write: 'writeTimestamp' }
    case 'bigint':
      return { read: 'readBigint', write: 'writeBigint' }
    case 'bytes':
      return { read: 'readBytes', write: 'writeBytes' }
    case 'json':
      return type.ts === null ? null : { read: 'readJson', write: 'writeJson' }
    default:
      return null
  }
}

/** `readTimestamp(wire[3])`, `wire[4] as string | null` */
export const decodeOf = (field: Typed, wire: Code, imports: Imports, places: Places): Code => {
  const codec = codecOf(field.type)
  if (codec === null) return code`${wire} as ${typeOf(field, imports, places)}`
  const read = imports.runtime(codec.read)
  if (codec.read === 'readJson') return code`${read}<${typeOf(field, imports, places)}>(${wire})`
  return field.nullable ? code`${imports.runtime('readNullable')}(${read}, ${wire})` : code`${read}(${wire})`
}

/** `writeTimestamp(row.dueAt)`, `row.title` */
export const encodeOf = (field: Typed, value: Code, imports: Imports): Code => {
  const codec = codecOf(field.type)
  if (codec === null) return value
  const write = imports.runtime(codec.write)
  return field.nullable && codec.write !== 'writeJson' ? code`${imports.runtime('writeNullable')}(${write}, ${value})` : code`${write}(${value})`
}

/** The field's descriptor as an object literal on one line: what is as usual is left out. */
export const descriptorOf = (field: Typed & Partial<Pick<Field, 'default' | 'readonly' | 'immutable' | 'conflict' | 'implicit'>>, imports: Imports, places: Places): Code => {
  const { type } = field
  const facts: readonly (readonly [string, Code | false | undefined])[] = [
    ['type', literal(type.kind)],
    ['of', type.kind === 'list' && literal(type.of.kind)],
    ['nullable', field.nullable && literal(true)],
    ['max', type.kind === 'string' && optional(type.max)],
    ['pattern', type.kind === 'string' && optional(type.pattern)],
    ['precision', type.kind === 'decimal' && literal(type.precision)],
    ['scale', type.kind === 'decimal' && literal(type.scale)],
    ['values', labelsOf(type, imports, places)],
    ['default', field.default != null && literal(field.default.value)],
    ['readonly', field.readonly === true && literal(true)],
    ['immutable', field.immutable === true && literal(true)],
    ['conflict', field.conflict !== undefined && field.conflict !== 'latest' && literal(field.conflict)],
  ]
  return object(facts.flatMap(([key, value]) => (value === false || value === undefined ? [] : [[key, value] as const])))
}

/** `TaskState` → `taskStates`, the constant with its labels. */
export const labelsName = (enumName: string): string => pluralOf(camelCase(enumName))

const labelsOf = (type: FieldType, imports: Imports, places: Places): Code | false => {
  const name = type.kind === 'enum' ? type.enum : type.kind === 'list' && type.of.kind === 'enum' ? type.of.enum : null
  return name !== null && imports.value(`${places.shared}enums.js`, labelsName(name))
}

const optional = (value: JsonValue): Code | false => value !== null && literal(value)
