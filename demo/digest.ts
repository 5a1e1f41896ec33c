import { createHash } from 'node:crypto'

/** Rows of one table as comparable text: the same for a cached row and for the values that PostgreSQL's driver gives. */
export const rowText = (values: readonly unknown[]): string => JSON.stringify(values.map(plain))

/** What tells two sets of rows apart: 12 hex digits over all their values, in any order. */
export const digestOf = (rows: readonly string[]): string =>
  createHash('sha256').update(rows.toSorted().join('\n')).digest('hex').slice(0, 12)

const plain = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) // Key order of json does not matter.
}
