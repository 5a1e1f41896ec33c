/**
 * Statements that write the columns that a write names, and only those. Identifiers come from descriptors and are quoted;
 * every statement returns the row as stored, in the order of `sql.lock`.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Wire } from '../protocol/values.js'
import { type KnownModel, columnOf } from './catalog.js'
import type { Connection, SqlRow } from './transaction.js'
import { identifier, type Parameter, parameterOf } from './values.js'

/** A new value, or an amount to add to what is stored. */
export type ColumnChange = { readonly value: Wire } | { readonly add: number }

/** Inserts a row; columns left out take their defaults. */
export const insertRow = async (
  connection: Connection,
  model: KnownModel,
  id: Uuid,
  values: ReadonlyMap<string, Wire>,
): Promise<SqlRow> => {
  const fields = [...values.keys()]
  const text = remembered(model, `insert ${fields.join()}`, () => insertText(model, fields))
  const [row] = await connection.rows(text, [id, ...fields.map((field) => parameter(model, field, values.get(field) ?? null))])
  return stored(row, 'insert')
}

/** Updates the row with this key; undefined if there is none. Changing nothing writes nothing. */
export const updateRow = async (
  connection: Connection,
  model: KnownModel,
  id: Uuid,
  changes: ReadonlyMap<string, ColumnChange>,
): Promise<SqlRow | undefined> => {
  const fields = [...changes]
  if (fields.length === 0) return readRow(connection, model, id)
  const text = remembered(
    model,
    `update ${fields.map(([field, change]) => `${field}${'add' in change ? '+' : ''}`).join()}`,
    () => updateText(model, fields),
  )
  const values = fields.map(([field, change]): Parameter =>
    'add' in change ? change.add : parameter(model, field, change.value),
  )
  const [row] = await connection.rows(text, [id, ...values])
  return row
}

/** The row with this key, unlocked; undefined if there is none. */
export const readRow = async (connection: Connection, model: KnownModel, id: Uuid): Promise<SqlRow | undefined> => {
  const [row] = await readRows(connection, model, [id])
  return row
}

/** Rows by key, `serverOnly` columns included, unlocked and in no order. */
export const readRows = (connection: Connection, model: KnownModel, ids: readonly Uuid[]): Promise<readonly SqlRow[]> =>
  connection.rows(`select ${model.list} from ${tableOf(model)} where ${idOf(model)} = any ($1::uuid[])`, [ids])

/** Deletes by key; whether there was such a row. */
export const deleteRow = async (connection: Connection, model: KnownModel, id: Uuid): Promise<boolean> => {
  const rows = await connection.rows(`${model.server.sql.delete} returning true`, [[id]])
  return rows.length > 0
}

const insertText = (model: KnownModel, fields: readonly string[]): string => {
  const columns = ['id', ...fields].map((field) => columnOf(model, field))
  const names = columns.map(({ column }) => identifier(column)).join(', ')
  const places = columns.map(({ sqlType }, at) => `$${at + 1}::${sqlType}`).join(', ')
  return `insert into ${tableOf(model)} (${names}) values (${places}) returning ${model.list}`
}

const updateText = (model: KnownModel, fields: readonly (readonly [string, ColumnChange])[]): string => {
  const sets = fields.map(([field, change], at) => {
    const { column, sqlType } = columnOf(model, field)
    // Where the sum has its place in the range, the amount alone need not.
    const [name, place] = [identifier(column), `$${at + 2}::${'add' in change && sqlType === 'integer' ? 'bigint' : sqlType}`]
    return 'add' in change ? `${name} = coalesce(${name}, 0) + ${place}` : `${name} = ${place}`
  })
  return `update ${tableOf(model)} set ${sets.join(', ')} where ${idOf(model)} = $1::uuid returning ${model.list}`
}

const tableOf = (model: KnownModel): string => identifier(model.server.table)

const idOf = (model: KnownModel): string => identifier(columnOf(model, 'id').column)

const parameter = (model: KnownModel, field: string, wire: Wire): Parameter => parameterOf(columnOf(model, field).field, wire)

const stored = (row: SqlRow | undefined, verb: string): SqlRow => {
  if (row === undefined) throw new TypeError(`${verb} returned no row: does a trigger or rule swallow it?`)
  return row
}

const texts = new WeakMap<KnownModel, Map<string, string>>()
/** For each model. Clients choose which columns they write: what they choose is not all kept. */
const mostTexts = 200

const remembered = (model: KnownModel, key: string, make: () => string): string => {
  const own = texts.get(model) ?? new Map<string, string>()
  texts.set(model, own)
  const known = own.get(key)
  if (known !== undefined) return known
  const text = make()
  if (own.size < mostTexts) own.set(key, text)
  return text
}
