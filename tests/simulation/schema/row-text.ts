/** One text for one row, from SQL as from a cache: equal texts are equal rows. */
import type { Wire } from '../../../runtime/protocol/values.js'
import { type Field, type Model, type Schema } from '../../../generator/model.js'
import { type SimClient, cacheOf } from './sim-schema.js'
import type { StoredRow } from './tables.js'

/** Texts by model and id. */
export type RowTexts = ReadonlyMap<string, ReadonlyMap<string, string>>

/** The fields of a model that clients see, in wire order. */
export const travelling = (model: Model): readonly Field[] => model.fields.filter(({ serverOnly }) => !serverOnly)

/** Of a row that SQL gave. Without its `serverOnly` fields. */
export const storedText = (model: Model, { values }: StoredRow): string =>
  JSON.stringify(travelling(model).map(({ name }) => [name, sorted(values[name] ?? null)]))

/** Of a row as an app sees it in a cache. Properties that the model has not are told, too. */
export const cachedText = (model: Model, row: object): string => {
  const fields = travelling(model)
  const values: Readonly<Record<string, unknown>> = { ...row }
  const own = fields.map(({ name }) => [name, sorted(wireOf(values[name]))])
  const others = Object.keys(values).filter((name) => !fields.some((field) => field.name === name))
  return JSON.stringify([...own, ...others.map((name) => [name, '(not of the model)'])])
}

/** Everything that a client shows. */
export const cachedRows = (ir: Schema, client: SimClient): RowTexts =>
  new Map(ir.models.map((model) => [model.name, new Map(cacheOf(client, model.plural).all().map((row) => [row.id, cachedText(model, row)]))]))

/** Where two texts of one row differ: what one has, and what the other. */
export const unlike = (have: string, want: string): string => {
  const [mine, wanted] = [have, want].map((text) => new Map((JSON.parse(text) as readonly (readonly [string, unknown])[]).map(([name, value]) => [name, JSON.stringify(value)])))
  const names = [...new Set([...(mine?.keys() ?? []), ...(wanted?.keys() ?? [])])].filter((name) => mine?.get(name) !== wanted?.get(name))
  return names.map((name) => `${name} is ${mine?.get(name) ?? 'not there'}, not ${wanted?.get(name) ?? 'there'}`).join('; ')
}

/** How a cache differs from what it should hold, one line for each row. */
export const differences = (expected: RowTexts, actual: RowTexts): readonly string[] =>
  [...expected].flatMap(([model, want]) => {
    const have = actual.get(model) ?? new Map<string, string>()
    const lacking = [...want].filter(([id, text]) => have.get(id) !== text)
    const extra = [...have].filter(([id]) => !want.has(id))
    return [
      ...lacking.map(([id, text]) => `${model} ${id}: ${have.has(id) ? unlike(have.get(id) ?? '', text) : `lacks ${text}`}`),
      ...extra.map(([id, text]) => `${model} ${id}: should not hold ${text}`),
    ]
  })

/** The wire value of what an app sees; told apart from every other type by its form. */
export const wireOf = (value: unknown): Wire => {
  if (value === undefined) return '(undefined)'
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'number') return value === 0 ? 0 : value
  return value as Wire
}

/** The order of an object's keys is not part of a json value. */
const sorted = (value: Wire): Wire => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Readonly<Record<string, Wire>>)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}

