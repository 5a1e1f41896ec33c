/** What a device must hold, by brute force over whole tables in memory. Shares nothing with the SQL emitter. */
import { type Schema, modelOf } from '../../../generator/model.js'
import { type Bound, type Row, type Tables as OracleTables, members } from '../../postgres/oracle.js'
import { type RowTexts, storedText } from './row-text.js'
import type { Tables, WireRecord } from './tables.js'

/** A scope that a device has open, its parameters as wire values. */
export interface OpenScope {
  readonly scope: string
  readonly params: WireRecord
}

/** The rows of one scope by model: the ids that it covers for these claims. */
export const scopeRows = (
  ir: Schema,
  tables: Tables,
  { scope: name, params }: OpenScope,
  claims: WireRecord,
): ReadonlyMap<string, ReadonlySet<string>> => {
  const scope = ir.scopes.find((each) => each.name === name)
  if (scope === undefined) throw new Error(`no scope ${name}`)
  const rows = columnsOf(ir, tables)
  return new Map(scope.lines.map((line) => [line.model, members(ir, rows, line, { params, claims } as Bound)]))
}

/** Texts of all rows that these scopes together cover, by model and id. */
export const expectedRows = (ir: Schema, tables: Tables, open: readonly OpenScope[], claims: WireRecord): RowTexts => {
  const scopes = open.map((each) => scopeRows(ir, tables, each, claims))
  return new Map(
    ir.models.map((model) => {
      const ids = new Set(scopes.flatMap((rows) => [...(rows.get(model.name) ?? [])]))
      const rows = [...(tables.get(model.name)?.values() ?? [])].filter(({ id }) => ids.has(id))
      return [model.name, new Map(rows.map((row) => [row.id, storedText(model, row)]))]
    }),
  )
}

/** Ids of all rows of a model that the identity may read. */
export const readable = (ir: Schema, tables: Tables, model: string, claims: WireRecord): ReadonlySet<string> =>
  members(ir, columnsOf(ir, tables), { model, where: { kind: 'always' } }, { params: {}, claims } as Bound)

/** The evaluator knows rows by column. */
const columnsOf = (ir: Schema, tables: Tables): OracleTables => {
  const known = converted.get(tables)
  if (known !== undefined) return known
  const rows = new Map(
    [...tables].map(([name, rows]) => {
      const { fields } = modelOf(ir, name)
      const byColumn = ({ values, version }: { readonly values: WireRecord; readonly version: string }): Row =>
        Object.fromEntries([['version', version], ...fields.map((field) => [field.column, values[field.name] ?? null])])
      return [name, new Map([...rows].map(([id, row]) => [id, byColumn(row)]))]
    }),
  )
  converted.set(tables, rows)
  return rows
}

const converted = new WeakMap<Tables, OracleTables>()
