/** What programs that know nothing of the sync write: single rows, many at once, deletions that cascade, other keys, TRUNCATE. */
import type { Wire } from 'syncgen/protocol'
import type { FieldType, Model } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import { randomUuid } from './random-value.js'
import type { RowAuthor } from './row-author.js'
import { type Tables, type WireRecord, quoted } from './tables.js'

/** Constraints may refuse it. */
export interface ForeignStatement {
  readonly kind: 'insert' | 'upsert' | 'update' | 'bulk-update' | 'delete' | 'bulk-delete' | 'key-update' | 'truncate'
  readonly model: string
  /** Values of `values` are texts in PostgreSQL's forms. */
  readonly text: string
  readonly values: readonly (string | null)[]
  /** The rows it names; none for those that name a whole table. */
  readonly ids: readonly string[]
}

/** How often each kind is drawn. */
export type ForeignWeights = Readonly<Partial<Record<ForeignStatement['kind'], number>>>

/** No TRUNCATE, which leaves little to try. */
export const usualWeights: ForeignWeights = { insert: 30, upsert: 5, update: 35, 'bulk-update': 8, delete: 12, 'bulk-delete': 3, 'key-update': 4, truncate: 0 }

/** Draws a statement about a model; null where the rows at hand allow none of the kind. */
export const foreignStatement = (
  dice: Dice,
  author: RowAuthor,
  model: Model,
  rows: Tables,
  weights: ForeignWeights = usualWeights,
): ForeignStatement | null => {
  const kind = weighted(dice, weights)
  const ids = [...(rows.get(model.name)?.keys() ?? [])]
  const table = quoted(model.table)
  const of = (text: string, values: readonly (string | null)[], named: readonly string[]): ForeignStatement => ({ kind, model: model.name, text, values, ids: named })
  if (kind === 'truncate') return of(`truncate ${table} cascade`, [], [])
  if (kind === 'insert') {
    const row = author.row(model, rows)
    return row === null ? null : of(...insertion(model, row))
  }
  if (ids.length === 0) return null
  const id = dice.pick(ids)
  const own = model.fields.filter(({ implicit }) => !implicit)
  switch (kind) {
    case 'upsert': {
      const row = author.row(model, rows)
      if (row === null) return null
      const [text, values, named] = insertion(model, { ...row, id })
      const set = own.map(({ column }) => `${quoted(column)} = excluded.${quoted(column)}`)
      return of(`${text} on conflict (id) do ${set.length === 0 ? 'nothing' : `update set ${set.join(', ')}`}`, values, named)
    }
    case 'update':
    case 'bulk-update': {
      const chosen = kind === 'update' ? dice.some(own, 0.4) : dice.some(own.filter(({ unique }) => !unique), 0.2)
      const values = chosen.flatMap((field) => {
        const value = author.value(field, rows)
        return value === undefined ? [] : [[field, value] as const]
      })
      if (values.length === 0) return null
      const set = values.map(([field], at) => `${quoted(field.column)} = $${at + 1}`).join(', ')
      const texts = values.map(([field, value]) => sqlText(field, value))
      if (kind === 'update') return of(`update ${table} set ${set} where id = $${texts.length + 1}`, [...texts, id], [id])
      const some = dice.some(ids, 0.4)
      return of(`update ${table} set ${set} where id = any($${texts.length + 1}::text::uuid[])`, [...texts, `{${some.join(',')}}`], some)
    }
    case 'delete':
      return of(`delete from ${table} where id = $1`, [id], [id])
    case 'bulk-delete': {
      const some = dice.some(ids, 0.3)
      return of(`delete from ${table} where id = any($1::text::uuid[])`, [`{${some.join(',')}}`], some)
    }
    case 'key-update': {
      const other = randomUuid(dice)
      return of(`update ${table} set id = $2 where id = $1`, [id, other], [id, other])
    }
  }
}

/** An update of these fields of one row; null where none of them can be given a value. */
export const foreignEdit = (author: RowAuthor, model: Model, rows: Tables, id: string, among: readonly string[]): ForeignStatement | null => {
  const values = model.fields.flatMap((field) => {
    const value = among.includes(field.name) && !field.implicit ? author.value(field, rows) : undefined
    return value === undefined ? [] : [[field, value] as const]
  })
  if (values.length === 0) return null
  const set = values.map(([{ column }], at) => `${quoted(column)} = $${at + 1}`).join(', ')
  const texts = values.map(([field, value]) => sqlText(field, value))
  return { kind: 'update', model: model.name, text: `update ${quoted(model.table)} set ${set} where id = $${texts.length + 1}`, values: [...texts, id], ids: [id] }
}

/** The insertion of one row, its id included. */
export const insertion = (model: Model, row: WireRecord): readonly [text: string, values: readonly (string | null)[], ids: readonly string[]] => {
  const fields = model.fields.filter(({ name }) => row[name] !== undefined)
  const columns = fields.map(({ column }) => quoted(column)).join(', ')
  const values = fields.map((field) => sqlText(field, row[field.name] ?? null))
  return [`insert into ${quoted(model.table)} (${columns}) values (${fields.map((_, at) => `$${at + 1}`).join(', ')})`, values, [String(row['id'])]]
}

/** A wire value in PostgreSQL's text form for the column's type. */
export const sqlText = ({ type }: { readonly type: FieldType }, value: Wire): string | null => {
  if (value === null) return null
  switch (type.kind) {
    case 'json':
      return JSON.stringify(value)
    case 'bytes':
      return `\\x${Buffer.from(String(value), 'base64').toString('hex')}`
    case 'list':
      return `{${(value as readonly Wire[]).map((element) => `"${String(element).replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
    default:
      return String(value)
  }
}

/** A statement with its values written in, for a script. */
export const asScript = (text: string, values: readonly (string | null)[]): string =>
  text.replaceAll(/\$(\d+)/g, (_, place: string) => literal(values[Number(place) - 1] ?? null))

const literal = (text: string | null): string => (text === null ? 'null' : ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`)

const weighted = (dice: Dice, weights: ForeignWeights): ForeignStatement['kind'] => {
  const entries = Object.entries(weights) as readonly (readonly [ForeignStatement['kind'], number])[]
  let left = dice.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of entries) {
    left -= weight
    if (left < 0) return kind
  }
  return 'update'
}
