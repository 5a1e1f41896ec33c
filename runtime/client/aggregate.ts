/** Figures over the rows that match. */
import type { FieldDescriptor } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { comparatorOf } from '../protocol/field-order.js'
import { indexKey } from './indexes.js'
import { compileQuery, type QuerySpec } from './query.js'
import type { AnyRow } from './row.js'
import type { Store } from './store.js'
import type { Table } from './table.js'

/**
 * Of a numeric field, nulls left out; of no rows, zero. As exact as the type: decimals are added as decimals.
 * @throws SyncError `invalid-value` for a field that is not numeric.
 */
export const sum = (store: Store, table: Table, name: string, spec: QuerySpec): unknown => {
  const field = fieldOf(table, name)
  const values = valuesOf(store, table, name, spec)
  switch (field.type) {
    case 'int':
    case 'float':
      return values.reduce((total: number, value) => total + Number(value), 0)
    case 'bigint':
      return values.reduce((total: bigint, value) => total + (typeof value === 'bigint' ? value : 0n), 0n)
    case 'decimal':
      return sumOfDecimals(values, field.scale ?? 0)
    default:
      throw new SyncError('invalid-value', `${name} is not numeric: there is no sum of it`, { field: name })
  }
}

/** The first or the last value of a field in its own order, nulls left out; null if there is none. */
export const extreme = (store: Store, table: Table, name: string, which: 'min' | 'max', spec: QuerySpec): unknown => {
  const compare = comparatorOf(fieldOf(table, name))
  const sign = which === 'min' ? 1 : -1
  return valuesOf(store, table, name, spec).reduce(
    (best: unknown, value) => (best === null || sign * compare(value, best) < 0 ? value : best),
    null,
  )
}

/** Rows that match by the value of a field, each group in the order of the query. Values that are equal are one key. */
export const groups = (store: Store, table: Table, name: string, spec: QuerySpec): ReadonlyMap<unknown, readonly AnyRow[]> => {
  fieldOf(table, name)
  const byKey = new Map<unknown, { readonly value: unknown; readonly rows: AnyRow[] }>()
  for (const row of compileQuery(store, table, spec).rows()) {
    const key = indexKey(row[name])
    const group = byKey.get(key)
    if (group === undefined) byKey.set(key, { value: row[name], rows: [row] })
    else group.rows.push(row)
  }
  return new Map([...byKey.values()].map(({ value, rows }) => [value, Object.freeze(rows)]))
}

const fieldOf = (table: Table, name: string): FieldDescriptor => {
  const field = table.shape.field(name)
  if (field === undefined) throw new SyncError('invalid-value', `${table.name} has no field ${name}`, { field: name })
  return field
}

const valuesOf = (store: Store, table: Table, name: string, spec: QuerySpec): readonly unknown[] =>
  compileQuery(store, table, spec)
    .rows()
    .map((row: AnyRow) => row[name])
    .filter((value) => value !== null)

const sumOfDecimals = (values: readonly unknown[], scale: number): string => {
  const total = values.reduce((units: bigint, value) => units + BigInt(String(value).replace('.', '')), 0n)
  const magnitude = (total < 0n ? -total : total).toString().padStart(scale + 1, '0')
  const split = magnitude.length - scale
  return `${total < 0n ? '-' : ''}${magnitude.slice(0, split)}${scale === 0 ? '' : '.'}${magnitude.slice(split)}`
}
