/** One small database of every type, in PostgreSQL and in memory: the same rows, by the same wire values. */
import { fileURLToPath } from 'node:url'
import { initialMigration, modelSql, sqlType } from '../../generator/sql/index.js'
import { type Field, type FieldType, type Model, type Schema, modelOf } from '../../generator/model.js'
import { readSchema } from '../../generator/read/read-schema.js'
import type { BaseRow, FieldDescriptor, ModelDescriptor } from '../../runtime/protocol/descriptor.js'
import type { World } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire } from '../../runtime/protocol/wire-value.js'
import { platform } from '../../runtime/server/platform.js'
import { Database } from '../../runtime/server/transaction.js'
import { identifier, parameterOf, wireOfColumn } from '../../runtime/server/values.js'
import { testDatabase } from '../../runtime/testing/database.js'
import type { Dice } from '../postgres/random.js'
import { randomValue } from './values.js'

export interface TestWorld {
  readonly schema: Schema
  readonly database: Database
  /** The rows in memory. */
  readonly world: World
  readonly rowsOf: (model: string) => readonly BaseRow[]
  /** What was inserted, by model: wire values by field. */
  readonly inserted: ReadonlyMap<string, readonly WireRecord[]>
  readonly close: () => Promise<void>
}

export type WireRecord = Readonly<Record<string, Wire>>

/** Rows per model; references only to rows that are inserted before. */
const sizes: Readonly<Record<string, number>> = { Group: 10, Item: 70, Note: 60, Label: 8, ItemLabel: 70 }

export const openWorld = async (dice: Dice): Promise<TestWorld> => {
  const schema = await schemaOf('every-type.yaml')
  const place = await testDatabase()
  const database = new Database(place.url, () => undefined, platform.timers)
  await database.write((connection) => connection.command(initialMigration(schema)))
  const inserted = new Map<string, readonly WireRecord[]>()
  for (const model of schema.models) {
    const rows = distinctPairs(
      model,
      Array.from({ length: sizes[model.name] ?? 0 }, (_, at) => randomRow(dice, schema, model, at, inserted)),
    )
    for (const row of rows) await insert(database, schema, model, row)
    inserted.set(model.name, rows)
  }
  const rows = new Map(
    schema.models.map((model) => [model.name, (inserted.get(model.name) ?? []).map((row) => valuesOf(schema, model, row))]),
  )
  const rowsOf = (model: string): readonly BaseRow[] => rows.get(model) ?? []
  const world: World = {
    models: Object.fromEntries(schema.models.map((model) => [model.name, descriptorOf(schema, model)])),
    one: (model, id) => rowsOf(model).find((row) => row.id === id),
    many: (model, field, id) => rowsOf(model).filter((row) => (row as BaseRow & Readonly<Record<string, unknown>>)[field] === id),
  }
  return {
    schema,
    database,
    world,
    rowsOf,
    inserted,
    close: async () => {
      await database.close()
      await place.drop()
    },
  }
}

/** The rows of a model as a server would send them, by id. */
export const storedRows = async (
  { schema, database, inserted }: TestWorld,
  name: string,
): Promise<ReadonlyMap<string, WireRecord>> => {
  const model = modelOf(schema, name)
  const rows = await database.rows(modelSql(schema, model).rows, [(inserted.get(name) ?? []).map((row) => String(row['id']))])
  return new Map(
    rows.map(([id, , ...values]) => {
      const fields = model.fields
        .slice(1)
        .map((field, at) => [field.name, wireOfColumn(fieldDescriptorOf(schema, field), values[at])] as const)
      return [String(id), { id: String(id), ...Object.fromEntries(fields) }]
    }),
  )
}

export const fieldDescriptorOf = (schema: Schema, { type, nullable }: Pick<Field, 'type' | 'nullable'>): FieldDescriptor => ({
  ...typeOf(schema, type),
  ...(nullable ? { nullable: true } : {}),
})

const typeOf = (schema: Schema, type: FieldType): FieldDescriptor => {
  const labels = (name: string): readonly string[] =>
    schema.enums.find((each) => each.name === name)?.values.map((value) => value.name) ?? []
  switch (type.kind) {
    case 'string':
      return { type: 'string', ...(type.max === null ? {} : { max: type.max }) }
    case 'decimal':
      return { type: 'decimal', precision: type.precision, scale: type.scale }
    case 'enum':
      return { type: 'enum', values: labels(type.enum) }
    case 'list':
      return { type: 'list', of: type.of.kind, ...(type.of.kind === 'enum' ? { values: labels(type.of.enum) } : {}) }
    default:
      return { type: type.kind }
  }
}

const descriptorOf = (schema: Schema, model: Model): ModelDescriptor => ({
  name: model.name,
  plural: model.plural,
  fields: Object.fromEntries(model.fields.map((field) => [field.name, fieldDescriptorOf(schema, field)])),
  relations: Object.fromEntries(
    model.relations.map((relation) => {
      const { kind, model: to } = relation
      return [
        relation.name,
        kind === 'through'
          ? { kind, model: to, join: relation.join, near: relation.near, far: relation.far }
          : { kind, model: to, field: relation.field },
      ]
    }),
  ),
  timestamps: model.timestamps,
  deleteConflict: model.deleteConflict,
  decode: () => ({ id: '' }),
  encode: () => [],
})

const schemaOf = async (file: string): Promise<Schema> => {
  const read = await readSchema([fileURLToPath(new URL(file, import.meta.url))])
  if (!read.ok) throw new Error(read.problems.map((problem) => `${problem.line}: ${problem.message}`).join('\n'))
  return read.schema
}

const randomRow = (
  dice: Dice,
  schema: Schema,
  model: Model,
  at: number,
  before: ReadonlyMap<string, readonly WireRecord[]>,
): WireRecord =>
  Object.fromEntries(
    model.fields.map((field) => {
      if (field.name === 'id')
        return ['id', `0190a5a0-0000-7000-8000-${(schema.models.indexOf(model) * 1000 + at).toString(16).padStart(12, '0')}`]
      if (field.reference === null) return [field.name, randomValue(dice, fieldDescriptorOf(schema, field))]
      const targets = before.get(field.reference.model) ?? []
      return [
        field.name,
        targets.length === 0 || (field.nullable && dice.chance(0.2)) ? null : (dice.pick(targets)['id'] ?? null),
      ]
    }),
  )

/** A join row stands once per pair. */
const distinctPairs = (model: Model, rows: readonly WireRecord[]): readonly WireRecord[] => {
  if (!model.join) return rows
  const keyOf = (row: WireRecord): string =>
    model.fields
      .filter(({ reference }) => reference !== null)
      .map(({ name }) => row[name])
      .join(' ')
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
}

const insert = async (database: Database, schema: Schema, model: Model, row: WireRecord): Promise<void> => {
  const columns = model.fields.map((field) => identifier(field.column)).join(', ')
  const places = model.fields.map((field, at) => `$${at + 1}::${sqlType(field.type)}`).join(', ')
  const values = model.fields.map((field) => parameterOf(fieldDescriptorOf(schema, field), row[field.name] ?? null))
  await database.rows(`insert into ${identifier(model.table)} (${columns}) values (${places})`, values)
}

const valuesOf = (schema: Schema, model: Model, row: WireRecord): BaseRow => {
  const values = model.fields.map(
    (field) => [field.name, fromWire(fieldDescriptorOf(schema, field), row[field.name] ?? null)] as const,
  )
  return { id: String(row['id']), ...Object.fromEntries(values) }
}
