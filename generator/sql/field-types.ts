import type { Field, FieldType, JsonValue, Schema } from '../model.js'
import { literal } from './text.js'

/** The column type, as in `numeric(12,2)`, `timestamptz(3)`, `text[]`. */
export const sqlType = (type: FieldType): string => {
  switch (type.kind) {
    case 'string':
    case 'text':
    case 'enum':
      return 'text'
    case 'int':
      return 'integer'
    case 'bigint':
      return 'bigint'
    case 'float':
      return 'double precision'
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`
    case 'boolean':
      return 'boolean'
    case 'timestamp':
      return 'timestamptz(3)'
    case 'date':
      return 'date'
    case 'json':
      return 'jsonb'
    case 'uuid':
      return 'uuid'
    case 'bytes':
      return 'bytea'
    case 'list':
      return type.of.kind === 'int' ? 'integer[]' : 'text[]'
  }
}

/** Type that a parameter is cast to: without length or scale, so that a cast never rounds. */
export const parameterType = (type: FieldType): string =>
  type.kind === 'decimal' ? 'numeric' : type.kind === 'timestamp' ? 'timestamptz' : sqlType(type)

/** Whether an order of such values is an order of text, and needs `collate "C"`. */
export const isText = (type: FieldType): boolean => type.kind === 'string' || type.kind === 'text' || type.kind === 'enum'

/** A value in its JSON form (docs/protocol.md, values) as an SQL literal of the field's type; never null. */
export const valueLiteral = (type: FieldType, value: JsonValue): string => {
  switch (type.kind) {
    case 'string':
    case 'text':
    case 'enum':
      return literal(String(value))
    case 'int':
    case 'bigint':
    case 'decimal':
      return String(value)
    case 'float':
      return `${literal(String(value))}::double precision`
    case 'boolean':
      return value === true ? 'true' : 'false'
    case 'timestamp':
      return `${literal(String(value))}::timestamptz`
    case 'date':
      return `${literal(String(value))}::date`
    case 'uuid':
      return `${literal(String(value))}::uuid`
    case 'json':
      return `${literal(JSON.stringify(value))}::jsonb`
    case 'bytes':
      return `decode(${literal(String(value))}, 'base64')`
    case 'list': {
      const of = type.of
      const elements = Array.isArray(value) ? (value as readonly JsonValue[]) : []
      const element = (each: JsonValue): string => (of.kind === 'int' ? String(each) : literal(String(each)))
      return elements.length === 0 ? `'{}'::${sqlType(type)}` : `array[${elements.map(element).join(', ')}]::${sqlType(type)}`
    }
  }
}

/** The value of a column in one of the log's images, `image` being the jsonb (null: no row), or null. */
export const imageValue = (field: Field, image: string): string => {
  const key = literal(field.columnId)
  const text = `${image}->>${key}`
  switch (field.type.kind) {
    case 'string':
    case 'text':
    case 'enum':
      return text
    case 'json':
      return `nullif(${image}->${key}, 'null')`
    case 'bytes':
      return `decode(${text}, 'hex')`
    case 'list': {
      const element = field.type.of.kind === 'int' ? 'element::integer' : 'element'
      const elements = `array(select ${element} from jsonb_array_elements_text(${image}->${key}) with ordinality e(element, at) order by at)`
      return `case when jsonb_typeof(${image}->${key}) = 'array' then ${elements} end`
    }
    default:
      return `(${text})::${parameterType(field.type)}`
  }
}

/** What a trigger puts into an image for a column, such that `imageValue` gives the same value back. */
export const imageEntry = (field: Field, row: string, column: string): string =>
  field.type.kind === 'bytes' ? `encode(${row}.${column}, 'hex')` : `${row}.${column}`

/** Labels of an enum type, in declaration order. */
export const labelsOf = (schema: Schema, name: string): readonly string[] => {
  const found = schema.enums.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no enum ${name}: the schema was not checked`)
  return found.values.map((value) => value.name)
}
