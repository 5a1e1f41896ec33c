/** Texts of rows that do not change, each made once. */
import type { Model } from '../../../generator/model.js'
import type { VersionedRow } from '../../../runtime/protocol/messages.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import { cachedText, storedText } from '../schema/row-text.js'
import type { SimSchema } from '../schema/sim-schema.js'
import type { StoredRow } from '../schema/tables.js'

/** Of a row that an app sees. */
export const shownText = (model: Model, row: object): string => remembered(row, () => cachedText(model, row))

/** Of a row as it stood in the database. */
export const textOf = (model: Model, row: StoredRow): string => remembered(row, () => storedText(model, row))

/** Of a row in a frame; null if it has not the columns that travel. */
export const sentText = ({ descriptor }: Pick<SimSchema, 'descriptor'>, model: Model, [version, ...values]: VersionedRow): string | null => {
  const names = Object.keys(descriptor.models[model.name]?.fields ?? {})
  if (names.length !== values.length) return null
  const record: Readonly<Record<string, Wire>> = Object.fromEntries(names.map((name, at) => [name, values[at] ?? null]))
  return storedText(model, { id: String(record['id']), version: String(version), values: record })
}

const texts = new WeakMap<object, string>()

const remembered = (row: object, make: () => string): string => {
  const known = texts.get(row) ?? make()
  texts.set(row, known)
  return known
}
