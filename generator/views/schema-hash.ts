import { createHash } from 'node:crypto'
import type { Enum, FieldType, JsonValue, Schema } from '../model.js'
import { travelling } from './shared-model.js'

/**
 * Hash of what both sides must agree on: wire rows, what a write may hold, scopes and their parameters. Access rules,
 * storage, documentation and names that never travel are not part of it: changing them leaves deployed clients welcome. A
 * version that is, to a client, what an earlier one was has another hash: what it cached under the earlier one need not be so any more.
 */
export const schemaHash = (schema: Schema): string => createHash('sha256').update(JSON.stringify(contract(schema))).digest('hex')

const contract = (schema: Schema): JsonValue => [
  'syncgen 1',
  ...(schema.generation === 0 ? [] : [schema.generation]),
  schema.name,
  sorted(schema.models).map((model) => [
    model.name,
    model.deleteConflict,
    travelling(model).map((field) => [
      field.name,
      typeFacts(field.type, schema.enums),
      field.nullable,
      field.default === null ? [] : [field.default.value],
      field.readonly,
      field.immutable,
      field.conflict,
    ]),
  ]),
  sorted(schema.scopes).map((scope) => [
    scope.name,
    sorted(scope.params).map(({ name, type, nullable }) => [name, typeFacts(type, schema.enums), nullable]),
    [...new Set(scope.lines.map(({ model }) => model))].toSorted(),
  ]),
]

const typeFacts = (type: FieldType, enums: readonly Enum[]): JsonValue => {
  switch (type.kind) {
    case 'string':
      return [type.kind, type.max, type.pattern]
    case 'decimal':
      return [type.kind, type.precision, type.scale]
    case 'enum':
      return [type.kind, labels(type.enum, enums)]
    case 'list':
      return [type.kind, typeFacts(type.of.kind === 'string' ? { kind: 'text' } : type.of, enums)]
    default:
      return [type.kind]
  }
}

const labels = (name: string, enums: readonly Enum[]): JsonValue =>
  enums.find((each) => each.name === name)?.values.map((value) => value.name) ?? []

const sorted = <Named extends { readonly name: string }>(all: readonly Named[]): readonly Named[] =>
  all.toSorted((left, right) => (left.name < right.name ? -1 : 1))
