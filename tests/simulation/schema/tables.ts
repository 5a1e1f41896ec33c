/** Whole tables by plain SQL, in one snapshot, as wire values (docs/protocol.md, values). Shares nothing with the generated SQL. */
import type { Wire } from '../../../runtime/protocol/values.js'
import type { Field, Model, Schema } from '../../../generator/model.js'

/** Wire values by field, parameter or claim. */
export type WireRecord = Readonly<Record<string, Wire>>

/** A row as stored, `serverOnly` fields included. */
export interface StoredRow {
  readonly id: string
  readonly version: string
  readonly values: WireRecord
}

/** All rows by model and id. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, StoredRow>>

/** Runs one statement; rows by column. Settings of the session (time zone, date style, types) do not matter. */
export type RunSql = (text: string, values?: readonly unknown[]) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** Every row of every model, in one statement and so in one snapshot. */
export const readTables = async (run: RunSql, ir: Schema): Promise<Tables> => {
  const [row] = await run(`select ${ir.models.map(rowsOf).join(', ')}`)
  return new Map(ir.models.map((model) => [model.name, parsed(model, String(row?.[model.name]))]))
}

const rowsOf = (model: Model): string => {
  const values = model.fields.map(expression).join(', ')
  return `(select coalesce(json_agg(json_build_array(version::text, ${values}) order by id), '[]')::text from ${quoted(model.table)}) as ${quoted(model.name)}`
}

/** Gives the wire value inside of json. */
const expression = ({ column, type }: Field): string => {
  const name = quoted(column)
  switch (type.kind) {
    case 'timestamp':
      return `to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    case 'date':
      return `to_char(${name}, 'YYYY-MM-DD')`
    case 'bytes':
      return `replace(encode(${name}, 'base64'), E'\\n', '')`
    case 'bigint':
    case 'decimal':
    case 'uuid':
      return `${name}::text`
    default:
      return name
  }
}

const parsed = (model: Model, text: string): ReadonlyMap<string, StoredRow> => {
  const rows = JSON.parse(text) as readonly (readonly Wire[])[]
  return new Map(
    rows.map(([version, ...values]) => {
      const row = Object.fromEntries(model.fields.map(({ name }, at) => [name, positive(values[at] ?? null)]))
      return [String(row['id']), { id: String(row['id']), version: String(version), values: row }]
    }),
  )
}

/** JSON has no -0: where it is written, it arrives as 0. */
const positive = (value: Wire): Wire => (value === 0 ? 0 : value)

/** A name as an SQL identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
