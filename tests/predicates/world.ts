/** One small database of every type, in PostgreSQL and in memory: the same rows, by the same wire values. */
import { initialMigration, modelSql, sqlType } from '../../generator/sql/index.js'
import { type Field, type FieldType, type Model, type Schema, modelOf } from '../../generator/model.js'
import type { BaseRow, FieldDescriptor, ModelDescriptor } from '../../runtime/protocol/descriptor.js'
import type { World } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire } from '../../runtime/protocol/wire-value.js'
import { platform } from '../../runtime/server/platform.js'
import { type Connection, Database } from '../../runtime/server/transaction.js'
import { identifier, parameterOf, wireOfColumn } from '../../runtime/server/values.js'
import { testDatabase } from '../../runtime/testing/database.js'
import type { Dice } from '../postgres/random.js'
import { randomSchema } from './random-schema.js'
import { randomUuid, randomValue } from './values.js'

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
const sizes: Readonly<Record<string, number>> = { Group: 30, Item: 150, Note: 80, Label: 20, ItemLabel: 120, Link: 120, Wish: 60 }

export const openWorld = async (dice: Dice): Promise<TestWorld> => {
  const schema = await randomSchema(dice)
  const place = await testDatabase()
  const database = new Database(place.url, () => undefined, platform.timers)
  const inserted = new Map<string, readonly WireRecord[]>()
  for (const model of schema.models) {
    const rows: WireRecord[] = []
    inserted.set(model.name, rows)
    for (let at = 0; at < (sizes[model.name] ?? 0); at += 1) {
      const row = randomRow(dice, schema, model, inserted)
      if (!model.join || !rows.some((other) => samePair(model, other, row))) rows.push(row)
    }
  }
  await database.write(async (connection) => {
    await connection.command(initialMigration(schema))
    for (const model of schema.models)
      for (const row of inserted.get(model.name) ?? []) await insert(connection, schema, model, row)
  })
  return {
    schema,
    database,
    ...inMemory(schema, inserted),
    inserted,
    close: async () => {
      await database.close()
      await place.drop()
    },
  }
}

const inMemory = (
  schema: Schema,
  inserted: ReadonlyMap<string, readonly WireRecord[]>,
): { readonly world: World; readonly rowsOf: (model: string) => readonly BaseRow[] } => {
  const rows = new Map(
    schema.models.map((model) => [model.name, (inserted.get(model.name) ?? []).map((row) => valuesOf(schema, model, row))]),
  )
  const rowsOf = (model: string): readonly BaseRow[] => rows.get(model) ?? []
  const byId = new Map(schema.models.map(({ name }) => [name, new Map(rowsOf(name).map((row) => [row.id, row]))]))
  const byField = new Map<string, ReadonlyMap<unknown, readonly BaseRow[]>>()
  const grouped = (model: string, field: string): ReadonlyMap<unknown, readonly BaseRow[]> => {
    const key = `${model}.${field}`
    const groups = byField.get(key) ?? groupsOf(rowsOf(model), field)
    byField.set(key, groups)
    return groups
  }
  const world: World = {
    models: Object.fromEntries(schema.models.map((model) => [model.name, descriptorOf(schema, model)])),
    one: (model, id) => byId.get(model)?.get(id),
    many: (model, field, id) => grouped(model, field).get(id) ?? [],
  }
  return { world, rowsOf }
}

const groupsOf = (rows: readonly BaseRow[], field: string): ReadonlyMap<unknown, readonly BaseRow[]> => {
  const groups = new Map<unknown, BaseRow[]>()
  for (const row of rows) {
    const value = valueOf(row, field)
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [row])
    else group.push(row)
  }
  return groups
}

/** The cast is the boundary: a row has the fields of its model. */
export const valueOf = (row: BaseRow, field: string): unknown => (row as BaseRow & Readonly<Record<string, unknown>>)[field]

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

export const descriptorOf = (schema: Schema, model: Model): ModelDescriptor => ({
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

const randomRow = (
  dice: Dice,
  schema: Schema,
  model: Model,
  before: ReadonlyMap<string, readonly WireRecord[]>,
): WireRecord =>
  Object.fromEntries(
    model.fields.map((field) => {
      if (field.name === 'id') return ['id', randomUuid(dice)]
      if (field.reference === null) return [field.name, randomValue(dice, fieldDescriptorOf(schema, field))]
      const targets = before.get(field.reference.model) ?? []
      return [
        field.name,
        targets.length === 0 || (field.nullable && dice.chance(0.2)) ? null : (dice.pick(targets)['id'] ?? null),
      ]
    }),
  )

/** A join row stands once per pair. */
const samePair = (model: Model, one: WireRecord, other: WireRecord): boolean =>
  model.fields.filter(({ reference }) => reference !== null).every(({ name }) => one[name] === other[name])

const insert = async (connection: Connection, schema: Schema, model: Model, row: WireRecord): Promise<void> => {
  const columns = model.fields.map((field) => identifier(field.column)).join(', ')
  const places = model.fields.map((field, at) => `$${at + 1}::${sqlType(field.type)}`).join(', ')
  const values = model.fields.map((field) => {
    const wire = row[field.name] ?? null
    // The driver would write 0.
    return Object.is(wire, -0) ? '-0' : parameterOf(fieldDescriptorOf(schema, field), wire)
  })
  await connection.rows(`insert into ${identifier(model.table)} (${columns}) values (${places})`, values)
}

const valuesOf = (schema: Schema, model: Model, row: WireRecord): BaseRow => {
  const values = model.fields.map(
    (field) => [field.name, fromWire(fieldDescriptorOf(schema, field), row[field.name] ?? null)] as const,
  )
  return { id: String(row['id']), ...Object.fromEntries(values) }
}
