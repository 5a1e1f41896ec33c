/** What a device must hold, by brute force over whole tables in memory. Shares nothing with the SQL emitter. */
import { type Access, type Model, type Predicate, type Schema, type ScopeLine, modelOf } from '../../../generator/model.js'
import { type Bound, type Row, type Tables as OracleTables, holds, members } from '../../postgres/oracle.js'
import { type RowTexts, storedText } from './row-text.js'
import type { StoredRow, Tables, WireRecord } from './tables.js'

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

/** Ids of the rows of one line, its read rule included. */
export const lineRows = (ir: Schema, tables: Tables, line: ScopeLine, params: WireRecord, claims: WireRecord): ReadonlySet<string> =>
  members(ir, columnsOf(ir, tables), line, { params, claims } as Bound)

/** Ids of the rows of a model for which a predicate holds, whoever may read them. */
export const matching = (ir: Schema, tables: Tables, model: string, where: Predicate, given: { readonly params: WireRecord; readonly claims: WireRecord }): readonly string[] => {
  const rows = columnsOf(ir, tables)
  return [...(tables.get(model)?.keys() ?? [])].filter((id) => holds(ir, rows, model, where, given as Bound, id))
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

/** Whether a rule allows the identity something with a row, as the tables stand. */
export const allows = (ir: Schema, tables: Tables, model: string, rule: keyof Access, claims: WireRecord, id: string): boolean =>
  holds(ir, columnsOf(ir, tables), model, modelOf(ir, model).access[rule], { params: {}, claims } as Bound, id)

/** The evaluator knows rows by column. */
const columnsOf = (ir: Schema, tables: Tables): OracleTables =>
  new Map([...tables].map(([name, rows]) => [name, converted.get(rows) ?? convert(modelOf(ir, name), rows)]))

const convert = (model: Model, rows: ReadonlyMap<string, StoredRow>): ReadonlyMap<string, Row> => {
  const result = new Map([...rows].map(([id, row]) => [id, byColumn(model, row)]))
  converted.set(rows, result)
  return result
}

const byColumn = (model: Model, stored: StoredRow): Row => {
  const { values, version } = stored
  const known = convertedRows.get(model) ?? new WeakMap<StoredRow, Row>()
  convertedRows.set(model, known)
  const row = known.get(stored) ?? Object.fromEntries([['version', version], ...model.fields.map((field) => [field.column, values[field.name] ?? null])])
  known.set(stored, row)
  return row
}

/** Of tables that several questions are asked of, and of rows that stand in several states of a table. */
const converted = new WeakMap<ReadonlyMap<string, StoredRow>, ReadonlyMap<string, Row>>()
const convertedRows = new WeakMap<Model, WeakMap<StoredRow, Row>>()
