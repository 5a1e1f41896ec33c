/** A client's cache as tables of wire values, so that a device's author of rows knows what its user sees, and no more. */
import type { Model, Schema } from '../../../generator/model.js'
import { travelling, wireOf } from './row-text.js'
import { type AnyModel, type SimClient, cacheOf } from './sim-schema.js'
import type { StoredRow, Tables } from './tables.js'

/** All visible rows. Nothing is known of `serverOnly` fields and versions. */
export const cachedTables = (ir: Schema, client: SimClient): Tables =>
  new Map(ir.models.map((model) => [model.name, tableOf(model, cacheOf(client, model.plural).all())]))

/** A cache gives the same rows as long as nothing changes. */
const tableOf = (model: Model, rows: readonly AnyModel['row'][]): ReadonlyMap<string, StoredRow> => {
  const known = tables.get(rows) ?? new Map(rows.map((row) => [row.id, rememberedRow(model, row)]))
  tables.set(rows, known)
  return known
}

const tables = new WeakMap<readonly AnyModel['row'][], ReadonlyMap<string, StoredRow>>()

/** Rows are frozen. One that is not is looked at each time. */
const rememberedRow = (model: Model, row: AnyModel['row']): StoredRow => {
  const made = stored.get(row) ?? storedRow(model, row)
  if (Object.isFrozen(row)) stored.set(row, made)
  return made
}

const stored = new WeakMap<AnyModel['row'], StoredRow>()

/** A row as an app sees it, as wire values. */
export const storedRow = (model: Model, row: AnyModel['row']): StoredRow => {
  const values: Readonly<Record<string, unknown>> = { ...row }
  return { id: row.id, version: '', values: Object.fromEntries(travelling(model).map(({ name }) => [name, wireOf(values[name])])) }
}
