/** Readers over the visible rows of one model. A table tells them of every change; they never read storage. */
import { type Comparator, compareAscii } from '../protocol/order.js'
import type { AnyRow } from './row.js'

/** What a table keeps up to date. */
export interface RowIndex {
  /** A row came (`before` undefined), changed, or went (`after` undefined). */
  replace(before: AnyRow | undefined, after: AnyRow | undefined): void
}

/** Rows by the value of one field, each group in order. Arrays stay the same until a row of their group changes. */
export class SortedIndex<Row, Key> implements RowIndex {
  readonly #field: string
  readonly #compare: Comparator<AnyRow>
  readonly #groups = new Map<unknown, Group>()

  /** Ties, and rows without a comparator, are ordered by id. */
  constructor(field: string, compare?: Comparator<Row>) {
    this.#field = field
    this.#compare = thenById(compare as Comparator<AnyRow> | undefined)
  }

  get(key: Key): readonly Row[] {
    return (this.#groups.get(indexKey(key))?.rows() ?? none) as readonly Row[]
  }

  replace(before: AnyRow | undefined, after: AnyRow | undefined): void {
    const from = before && indexKey(before[this.#field])
    const to = after && indexKey(after[this.#field])
    if (before !== undefined && (after === undefined || from !== to)) this.#remove(from, before)
    if (after !== undefined) this.#group(to).put(after)
  }

  #remove(key: unknown, row: AnyRow): void {
    const group = this.#groups.get(key)
    group?.drop(row)
    if (group?.isEmpty === true) this.#groups.delete(key)
  }

  #group(key: unknown): Group {
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const made = new Group(this.#compare)
    this.#groups.set(key, made)
    return made
  }
}

/**
 * The row with given values in some fields. The server guarantees that there is one at most; here, where writes are seen before
 * it has judged them, there can be several for a while, and the oldest id is returned. Rows with a null among the fields have
 * no entry.
 */
export class UniqueIndex<Row, Key extends readonly unknown[]> implements RowIndex {
  readonly #fields: readonly string[]
  readonly #rows = new Map<string, readonly AnyRow[]>()

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  get(...key: Key): Row | undefined {
    return this.#rows.get(tupleKey(key) ?? '')?.[0] as Row | undefined
  }

  replace(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before !== undefined) this.#edit(before, [])
    if (after !== undefined) this.#edit(after, [after])
  }

  #edit(row: AnyRow, instead: readonly AnyRow[]): void {
    const key = tupleKey(this.#fields.map((field) => row[field]))
    if (key === undefined) return
    const others = (this.#rows.get(key) ?? []).filter((each) => each.id !== row.id)
    const rows = [...others, ...instead].sort((left, right) => compareAscii(left.id, right.id))
    if (rows.length === 0) this.#rows.delete(key)
    else this.#rows.set(key, rows)
  }
}

/** What a field's value is in a Map: dates, bytes and structures by their content. */
export const indexKey = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  return value instanceof Date ? value.getTime() : JSON.stringify(value)
}

const tupleKey = (values: readonly unknown[]): string | undefined =>
  values.includes(null)
    ? undefined
    : JSON.stringify(values.map((value) => (typeof value === 'bigint' ? `${value}n` : indexKey(value))))

/**
 * Rows of one key. The order is made when somebody reads: what changed since is taken out of the last order and merged in
 * again, so that one change in a long list costs one pass and no sort.
 */
class Group {
  readonly #compare: Comparator<AnyRow>
  readonly #byId = new Map<string, AnyRow>()
  readonly #changed = new Set<string>()
  #ordered: readonly AnyRow[] = none

  constructor(compare: Comparator<AnyRow>) {
    this.#compare = compare
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0
  }

  put(row: AnyRow): void {
    this.#byId.set(row.id, row)
    this.#changed.add(row.id)
  }

  drop(row: AnyRow): void {
    this.#byId.delete(row.id)
    this.#changed.add(row.id)
  }

  rows(): readonly AnyRow[] {
    if (this.#changed.size === 0) return this.#ordered
    const unchanged = this.#ordered.filter((row) => !this.#changed.has(row.id))
    const changed = [...this.#changed].flatMap((id) => this.#byId.get(id) ?? [])
    this.#ordered = Object.freeze(merged(unchanged, changed.sort(this.#compare), this.#compare))
    this.#changed.clear()
    return this.#ordered
  }
}

const merged = (left: readonly AnyRow[], right: readonly AnyRow[], compare: Comparator<AnyRow>): readonly AnyRow[] => {
  if (right.length === 0) return left
  const rows: AnyRow[] = []
  let at = 0
  for (const row of right) {
    for (let next = left[at]; next !== undefined && compare(next, row) <= 0; next = left[at]) {
      rows.push(next)
      at += 1
    }
    rows.push(row)
  }
  return rows.concat(left.slice(at))
}

/** Makes an order total. */
export const thenById = (compare: Comparator<AnyRow> | undefined): Comparator<AnyRow> =>
  compare === undefined
    ? (left, right) => compareAscii(left.id, right.id)
    : (left, right) => compare(left, right) || compareAscii(left.id, right.id)

const none: readonly AnyRow[] = Object.freeze([])
