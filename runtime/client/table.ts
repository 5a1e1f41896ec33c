/** The visible rows of one model, with the indexes over them. */
import type { Uuid } from '../protocol/descriptor.js'
import { type RowIndex, SortedIndex } from './indexes.js'
import type { AnyRow, RowShape } from './row.js'

export class Table {
  readonly shape: RowShape
  readonly #rows = new Map<Uuid, AnyRow>()
  readonly #indexes: RowIndex[] = []
  readonly #byField = new Map<string, SortedIndex<AnyRow, unknown>>()
  #all: readonly AnyRow[] | null = null
  #revision = 0

  constructor(shape: RowShape) {
    this.shape = shape
  }

  get name(): string {
    return this.shape.model.name
  }

  get size(): number {
    return this.#rows.size
  }

  /** Grows with every change. */
  get revision(): number {
    return this.#revision
  }

  get(id: Uuid): AnyRow | undefined {
    return this.#rows.get(id)
  }

  /** The same array until a row changes. */
  all(): readonly AnyRow[] {
    this.#all ??= Object.freeze([...this.#rows.values()])
    return this.#all
  }

  /** Puts a row (undefined: takes it away) and tells the indexes. */
  set(id: Uuid, after: AnyRow | undefined): void {
    const before = this.#rows.get(id)
    if (after === undefined) this.#rows.delete(id)
    else this.#rows.set(id, after)
    for (const index of this.#indexes) index.replace(before, after)
    this.#all = null
    this.#revision += 1
  }

  /** Adds an index; it holds the present rows from the start. */
  index<Index extends RowIndex>(index: Index): Index {
    for (const row of this.#rows.values()) index.replace(undefined, row)
    this.#indexes.push(index)
    return index
  }

  /** Rows by one field, for relations and equalities in queries; made when first asked for. */
  byField(field: string): SortedIndex<AnyRow, unknown> {
    const known = this.#byField.get(field)
    if (known !== undefined) return known
    const made = this.index(new SortedIndex<AnyRow, unknown>(field))
    this.#byField.set(field, made)
    return made
  }
}
