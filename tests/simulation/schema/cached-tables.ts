/** A client's cache as tables of wire values, so that a device's author of rows knows what its user sees, and no more. */
import type { Model, Schema } from '../../../generator/model.js'
import { travelling, wireOf } from './row-text.js'
import { type AnyModel, type SimClient, cacheOf } from './sim-schema.js'
import type { StoredRow, Tables } from './tables.js'

/** All visible rows. Nothing is known of `serverOnly` fields and versions. */
export const cachedTables = (ir: Schema, client: SimClient): Tables =>
  new Map(ir.models.map((model) => [model.name, new Map(cacheOf(client, model.plural).all().map((row) => [row.id, storedRow(model, row)]))]))

/** A row as an app sees it, as wire values. */
export const storedRow = (model: Model, row: AnyModel['row']): StoredRow => {
  const values: Readonly<Record<string, unknown>> = { ...row }
  return { id: row.id, version: '', values: Object.fromEntries(travelling(model).map(({ name }) => [name, wireOf(values[name])])) }
}
