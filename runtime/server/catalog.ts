/** A generated schema as the server looks things up in it: by maps, so that no name from outside meets a prototype. */
import type { FieldDescriptor, Uuid } from '../protocol/descriptor.js'
import type { Wire } from '../protocol/values.js'
import type { ColumnDescriptor, ServerModel, ServerSchema, ServerScope } from './descriptor.js'
import type { SqlRow } from './transaction.js'
import { identifier, placesOf, wireOfColumn } from './values.js'

/** A model, with what the runtime derives from its descriptor once. */
export interface KnownModel {
  readonly name: string
  readonly plural: string
  readonly server: ServerModel
  /** Every column by field, `serverOnly` ones included. */
  readonly columns: ReadonlyMap<string, ColumnDescriptor>
  /** Fields that travel. */
  readonly travels: ReadonlySet<string>
  /** Place of each field in a row of `sql.lock`. */
  readonly places: ReadonlyMap<string, number>
  /** Select list of `sql.lock`, for `returning`. */
  readonly list: string
}

/** Where the version stands in a row of `sql.rows`, `sql.lock` and `returning`. */
export const versionPlace = 1

export class Catalog {
  readonly schema: ServerSchema
  readonly models: ReadonlyMap<string, KnownModel>
  readonly scopes: ReadonlyMap<string, ServerScope>
  readonly claims: ReadonlyMap<string, FieldDescriptor>
  readonly byTable: ReadonlyMap<string, KnownModel>

  constructor(schema: ServerSchema) {
    this.schema = schema
    this.models = new Map(Object.entries(schema.models).map(([name, server]) => [name, known(name, server)]))
    this.scopes = new Map(Object.entries(schema.scopes))
    this.claims = new Map(Object.entries(schema.claims))
    this.byTable = new Map([...this.models.values()].map((model) => [model.server.table, model]))
  }

  /** A model that a descriptor names; a miss is a bug of the generator. */
  model(name: string): KnownModel {
    const model = this.models.get(name)
    if (model === undefined) throw new TypeError(`the generated schema names a model ${name} that it does not have`)
    return model
  }
}

/** The wire values of a row of `sql.lock`, by field, `serverOnly` ones included. */
export const wireValuesOf = (model: KnownModel, row: SqlRow): Readonly<Record<string, Wire>> =>
  Object.fromEntries([...model.places].map(([field, place]) => [field, wireOfColumn(columnOf(model, field).field, row[place])]))

/** The key and the version of a row of `sql.rows` or `sql.lock`. */
export const keyOf = (row: SqlRow): { readonly id: Uuid; readonly version: number } => ({
  id: String(row[0]),
  version: Number(row[versionPlace]),
})

/** A column that is known to be there. */
export const columnOf = (model: KnownModel, field: string): ColumnDescriptor => {
  const column = model.columns.get(field)
  if (column === undefined) throw new TypeError(`${model.name} has no field ${field}`)
  return column
}

const known = (name: string, server: ServerModel): KnownModel => {
  const columns = Object.entries(server.columns)
  const [id, ...others] = columns.map(([, { column }]) => identifier(column))
  return {
    name,
    plural: server.descriptor.plural,
    server,
    columns: new Map(columns),
    travels: new Set(Object.keys(server.descriptor.fields)),
    places: placesOf(server.columns),
    list: [id, '"version"', ...others].join(', '),
  }
}
