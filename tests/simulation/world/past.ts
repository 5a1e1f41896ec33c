/** The tables as any snapshot of the database showed them, put together from the history of what was committed. */
import type { Field, Model, Schema } from '../../../generator/model.js'
import { type Position, sees } from '../../../runtime/protocol/position.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import type { StoredRow, Tables } from '../schema/tables.js'
import type { Entry } from './history.js'

/** What a row, or a whole table, became. */
interface Image {
  /** In the order of its table. */
  readonly order: number
  readonly xid: bigint
  /** Null: it was deleted. */
  readonly row: StoredRow | null
}

interface ModelPast {
  readonly model: Model
  readonly rows: Map<string, Image[]>
  readonly truncations: Image[]
  /** Rows that a transaction changed; null: all of them. */
  readonly touched: Map<bigint, Set<string> | null>
  /** As of everything that was learned; another map after each change. */
  now: Map<string, StoredRow>
  /** States with some transactions missing, by these. */
  readonly partial: Map<string, ReadonlyMap<string, StoredRow>>
}

export class Past {
  readonly #models: ReadonlyMap<string, ModelPast>
  readonly #xids = new Set<bigint>()
  readonly #entries: readonly Entry[]
  #learned = 0

  /** @param entries - the history; it grows */
  constructor(ir: Schema, entries: readonly Entry[]) {
    this.#entries = entries
    this.#models = new Map(
      ir.models.map((model) => [model.name, { model, rows: new Map(), truncations: [], touched: new Map(), now: new Map(), partial: new Map() }]),
    )
  }

  /** Every transaction that is known to have committed, in the order in which each first wrote. */
  get transactions(): ReadonlySet<bigint> {
    this.#learn()
    return this.#xids
  }

  /** Those of them that whoever is at this position does not see. */
  hiddenAt(position: Position): readonly bigint[] {
    return [...this.transactions].filter((xid) => !sees(position, xid))
  }

  /** The tables as if these transactions had not been. */
  without(hidden: readonly bigint[]): Tables {
    this.#learn()
    return new Map([...this.#models].map(([name, past]) => [name, hidden.length === 0 ? past.now : without(past, hidden)]))
  }

  /** Those of these transactions that changed a row of one of the models. */
  touching(models: Iterable<string>, xids: readonly bigint[]): readonly bigint[] {
    const some = [...models].flatMap((name) => this.#models.get(name) ?? [])
    return xids.filter((xid) => some.some(({ touched }) => touched.has(xid)))
  }

  /** Whether one of these transactions emptied the table of one of the models: then no snapshot is to be relied on. */
  truncated(models: Iterable<string>, hidden: readonly bigint[]): boolean {
    return [...models].some((name) => this.#models.get(name)?.truncations.some(({ xid }) => hidden.includes(xid)))
  }

  #learn(): void {
    const copied = new Set<ModelPast>()
    for (; this.#learned < this.#entries.length; this.#learned += 1) {
      const entry = this.#entries[this.#learned]
      if (entry === undefined) continue
      const xid = BigInt(entry.xid)
      this.#xids.add(xid)
      // A version may not have a model that another has.
      const past = this.#models.get(entry.model)
      if (past === undefined) continue
      if (!copied.has(past)) past.now = new Map(past.now)
      copied.add(past)
      past.partial.clear()
      const image = (row: StoredRow | null): Image => ({ order: entry.id, xid, row })
      if (entry.op === 'T') {
        past.truncations.push(image(null))
        past.touched.set(xid, null)
        past.now.clear()
        continue
      }
      const [before, after] = [keyIn(entry.before), entry.after === null ? null : storedRow(past.model, entry.after)]
      if (before !== null && before !== after?.id) put(past, before, image(null))
      if (after !== null) put(past, after.id, image(after))
    }
  }
}

const keyIn = (image: Entry['before']): string | null => (image === null ? null : String(image['id']))

const put = (past: ModelPast, id: string, image: Image): void => {
  past.rows.set(id, [...(past.rows.get(id) ?? []), image])
  if (past.touched.get(image.xid) !== null) past.touched.set(image.xid, (past.touched.get(image.xid) ?? new Set()).add(id))
  if (image.row === null) past.now.delete(id)
  else past.now.set(id, image.row)
}

const without = (past: ModelPast, hidden: readonly bigint[]): ReadonlyMap<string, StoredRow> => {
  const missing = hidden.filter((xid) => past.touched.has(xid))
  if (missing.length === 0) return past.now
  const key = missing.join()
  const known = past.partial.get(key)
  if (known !== undefined) return known
  const touched = missing.map((xid) => past.touched.get(xid) ?? null)
  const ids = touched.includes(null) ? past.rows.keys() : new Set(touched.flatMap((each) => [...(each ?? [])]))
  const rows = new Map(past.now)
  const emptied = past.truncations.findLast(({ xid }) => !missing.includes(xid))?.order ?? -1
  for (const id of ids) {
    const image = past.rows.get(id)?.findLast(({ xid }) => !missing.includes(xid))
    if (image?.row == null || image.order < emptied) rows.delete(id)
    else rows.set(id, image.row)
  }
  past.partial.set(key, rows)
  return rows
}

/** A row of the history as wire values. */
const storedRow = (model: Model, image: Readonly<Record<string, unknown>>): StoredRow => ({
  id: String(image['id']),
  version: String(image['version']),
  values: Object.fromEntries(model.fields.map((field) => [field.name, wireOf(field, (image[field.column] ?? null) as Wire)])),
})

/** The wire value of what PostgreSQL's json says of a column. */
export const wireOf = ({ type }: Pick<Field, 'type'>, value: Wire): Wire => {
  if (value === null) return null
  switch (type.kind) {
    case 'timestamp':
      return new Date(String(value)).toISOString()
    case 'bytes':
      return Buffer.from(String(value).slice(2), 'hex').toString('base64')
    case 'int':
    case 'float':
      // A number that has another type in another version came as a text.
      return Number(value) === 0 ? 0 : Number(value)
    default:
      return value
  }
}
