/** How a field stands in TypeScript: its type, its codec, its descriptor. */
import type { Field, FieldType } from '../model.js'
import { camelCase, pluralOf } from '../names.js'
import { type Code, code, literal, object } from './code.js'
import type { Imports } from './imports.js'

/** What a field, a claim and a parameter have in common. */
export interface Typed {
  readonly type: FieldType
  readonly nullable: boolean
}

/** The type in TypeScript, null included. */
export const typeOf = ({ type, nullable }: Typed, imports: Imports): Code => {
  const bare = bareType(type, imports)
  return nullable ? code`${bare} | null` : bare
}

/** From the wire: `readTimestamp(wire[3])`, `wire[4] as string | null` */
export const decodeOf = (field: Typed, wire: Code, imports: Imports): Code => {
  if (isAppJson(field.type)) return code`${imports.runtime('readJson')}<${typeOf(field, imports)}>(${wire})`
  const codec = codecOf(field.type)
  if (codec === undefined) return code`${wire} as ${typeOf(field, imports)}`
  const read = imports.runtime(codec.read)
  return field.nullable ? code`${imports.runtime('readNullable')}(${read}, ${wire})` : code`${read}(${wire})`
}

/** To the wire: `writeTimestamp(row.createdAt)`, `row.title` */
export const encodeOf = (field: Typed, value: Code, imports: Imports): Code => {
  if (isAppJson(field.type)) return code`${imports.runtime('writeJson')}(${value})`
  const codec = codecOf(field.type)
  if (codec === undefined) return value
  const write = imports.runtime(codec.write)
  return field.nullable ? code`${imports.runtime('writeNullable')}(${write}, ${value})` : code`${write}(${value})`
}

/** Whether TypeScript and the wire have the same value. */
export const travelsAsItIs = (type: FieldType): boolean => codecOf(type) === undefined && !isAppJson(type)

/** The descriptor as an object literal on one line; what is as usual is left out. */
export const descriptorOf = (field: Typed & Partial<Field>, imports: Imports): Code => {
  const { type } = field
  const facts: readonly (readonly [string, Code | false | null])[] = [
    ['type', literal(type.kind)],
    ['of', type.kind === 'list' && literal(type.of.kind)],
    ['nullable', field.nullable && literal(true)],
    ['max', type.kind === 'string' && type.max !== null && literal(type.max)],
    ['pattern', type.kind === 'string' && type.pattern !== null && literal(type.pattern)],
    ['precision', type.kind === 'decimal' && literal(type.precision)],
    ['scale', type.kind === 'decimal' && literal(type.scale)],
    ['values', labelsOf(type, imports)],
    ['default', field.default != null && literal(field.default.value)],
    ['readonly', field.readonly === true && literal(true)],
    ['immutable', field.immutable === true && literal(true)],
    ['conflict', field.conflict !== undefined && field.conflict !== 'latest' && literal(field.conflict)],
  ]
  return object(facts.flatMap(([key, value]) => (value === false || value === null ? [] : [[key, value] as const])))
}

/** `TaskState` → `taskStates`, the constant with its labels. */
export const labelsName = (enumName: string): string => pluralOf(camelCase(enumName))

const bareType = (type: FieldType, imports: Imports): Code => {
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
      return type.ts === null ? imports.runtime('JsonValue') : imports.appType(type.ts)
    case 'enum':
      return imports.type('shared/enums', type.enum)
    case 'list':
      return code`readonly ${bareType(type.of.kind === 'string' ? { kind: 'text' } : type.of, imports)}[]`
  }
}

const isAppJson = (type: FieldType): boolean => type.kind === 'json' && type.ts !== null

const codecOf = (type: FieldType) => (type.kind in codecs ? codecs[type.kind as keyof typeof codecs] : undefined)

const codecs = {
  timestamp: { read: 'readTimestamp', write: 'writeTimestamp' },
  bigint: { read: 'readBigint', write: 'writeBigint' },
  bytes: { read: 'readBytes', write: 'writeBytes' },
} as const

const labelsOf = (type: FieldType, imports: Imports): Code | null => {
  const labelled = type.kind === 'list' ? type.of : type
  return labelled.kind === 'enum' ? imports.value('shared/enums', labelsName(labelled.enum)) : null
}
