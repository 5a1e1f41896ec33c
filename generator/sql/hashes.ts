import { createHash } from 'node:crypto'
import { type FieldType, modelOf, type Schema, type Scope } from '../model.js'
import { labelsOf, sqlType } from './field-types.js'
import { membershipFields } from './images.js'
import { lineOf, modelsRead } from './line.js'

/**
 * Of what the capture triggers were made for: columns, the columns in their images, the way of capture. Stands in every row of
 * the changelog, so it is short: 16 hex digits. In whatever order things were declared.
 */
export const shapeHash = (schema: Schema): string => {
  const known = shapes.get(schema)
  if (known !== undefined) return known
  const shape = hash(
    schema.models.toSorted((left, right) => (left.name < right.name ? -1 : 1)).map((model) => ({
      name: model.name,
      table: model.table,
      capture: model.capture,
      deleteConflict: model.deleteConflict,
      columns: model.fields.map((field) => [field.columnId, field.column, sqlType(field.type)].join(' ')).toSorted(),
      images: membershipFields(schema, model).map((field) => field.columnId).toSorted(),
    })),
  ).slice(0, 16)
  shapes.set(schema, shape)
  return shape
}

/** Worked out once for a schema: each of its triggers asks. */
const shapes = new WeakMap<Schema, string>()

/**
 * Of everything that decides what a scope holds and how it travels: its lines with the read rules they reach, the types of the columns
 * these read, and the fields of the rows it carries. 64 hex digits. Two equal ones mean: a position taken under one is exact under the other.
 */
export const scopeHash = (schema: Schema, scope: Scope): string =>
  hash({
    params: scope.params,
    lines: scope.lines.map((each) => {
      const line = lineOf(schema, each)
      return {
        line: { model: line.model.name, row: line.row, gate: line.gate },
        reads: modelsRead(line).map((name) => {
          const model = modelOf(schema, name)
          return [name, model.table, membershipFields(schema, model).map((field) => [field.name, field.columnId, sqlType(field.type), field.nullable])]
        }),
        wire: line.model.fields
          .filter((field) => !field.serverOnly)
          .map((field) => [field.name, wireType(field.type), field.nullable, field.type.kind === 'enum' ? labelsOf(schema, field.type.enum) : null]),
      }
    }),
  })

/** What the app calls the JSON in a field, and from which file, changes nothing that travels. */
const wireType = (type: FieldType): FieldType => (type.kind === 'json' ? { ...type, ts: null } : type)

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
