/** The rows of one model as the app sees them: read at memory speed, written at once. Generated caches extend it. */
import type { ModelDescriptor, Uuid } from '../protocol/descriptor.js'
import type { Comparator } from '../protocol/order.js'
import { extreme, groups, sum } from './aggregate.js'
import type { CacheStore } from './cache-store.js'
import type { CacheEvent } from './events.js'
import { SortedIndex, UniqueIndex } from './indexes.js'
import { LiveQuery, type Query } from './live-query.js'
import { type QuerySpec, compileCount, compileQuery } from './query.js'
import type { Include, Included, Model, QueryOptions, Where, Writer, Written } from './query-types.js'
import type { Table } from './table.js'
import { writerOf } from './writer.js'

/** @typeParam Db - the generated client, through which readers reach other caches */
export class ModelCache<M extends Model, Db = unknown> {
  /** The client this cache belongs to. */
  protected readonly db: Db
  readonly #store: CacheStore
  readonly #table: Table

  constructor(store: CacheStore, db: Db, descriptor: ModelDescriptor<M['row']>) {
    this.#store = store
    this.#table = store.rows.table(descriptor.name)
    this.db = db
  }

  /** Number of visible rows. */
  get size(): number {
    return this.#table.size
  }

  /** The row, or undefined while it is not visible here. */
  get(id: Uuid): M['row'] | undefined {
    return this.#table.get(id)
  }

  /** All visible rows, in no order. The same array until one changes. */
  all(): readonly M['row'][] {
    return this.#table.all()
  }

  /**
   * Rows that match, in order, with relations; to be read once (`rows`) or watched (`subscribe`).
   * @throws SyncError `invalid-value` for a name or value that the schema does not know.
   */
  query<const I extends Include<M> = object>(options: QueryOptions<M, I> = {}): Query<Included<M, I>> {
    return new LiveQuery(this.#store.rows, compileQuery(this.#store.rows, this.#table, options as QuerySpec))
  }

  /** How many rows match now. */
  count(options: Selection<M> = {}): number {
    return compileCount(this.#store.rows, this.#table, options as QuerySpec)()
  }

  /** Sum of a numeric field over rows that match, in the field's type and as exact as it; zero of none. */
  sum<F extends NumericField<M['row']>>(field: F, options: Selection<M> = {}): NonNullable<M['row'][F]> {
    return sum(this.#store.rows, this.#table, field, options as QuerySpec) as NonNullable<M['row'][F]>
  }

  /** The least value of a field over rows that match, nulls left out; null of none. */
  min<F extends keyof M['row'] & string>(field: F, options: Selection<M> = {}): NonNullable<M['row'][F]> | null {
    return extreme(this.#store.rows, this.#table, field, 'min', options as QuerySpec) as NonNullable<M['row'][F]> | null
  }

  /** The greatest value of a field over rows that match, nulls left out; null of none. */
  max<F extends keyof M['row'] & string>(field: F, options: Selection<M> = {}): NonNullable<M['row'][F]> | null {
    return extreme(this.#store.rows, this.#table, field, 'max', options as QuerySpec) as NonNullable<M['row'][F]> | null
  }

  /** Rows that match by the value of a field: `groupBy('state').get('done')`. */
  groupBy<F extends keyof M['row'] & string>(
    field: F,
    options: Selection<M> & Pick<QueryOptions<M>, 'orderBy'> = {},
  ): ReadonlyMap<M['row'][F], readonly M['row'][]> {
    const byValue: ReadonlyMap<unknown, readonly M['row'][]> = groups(this.#store.rows, this.#table, field, options as QuerySpec)
    return byValue as ReadonlyMap<M['row'][F], readonly M['row'][]>
  }

  /**
   * Makes a row: visible in this tick, stored and sent after.
   * @throws SyncError `invalid-value`; `details.field` names the field.
   */
  create(values: M['create']): Written<M['row']> {
    return this.#write((tx) => tx.create(values))
  }

  /**
   * Brings a deleted row back: `row` is what it was, as an event of its deletion or of a rejection told it. If somebody else has
   * brought it back already, his stays. Rejected with `deleted` if a row that it refers to is gone, with `forbidden` if this
   * identity may not create it.
   * @throws SyncError `invalid-value`, also if the row is here.
   */
  restore(row: M['create'] & { readonly id: Uuid }): Written<M['row']> {
    return this.#write((tx) => tx.restore(row))
  }

  /** Changes a visible row. @throws SyncError `row-unknown` or `invalid-value`. */
  update(id: Uuid, patch: M['patch']): Written<M['row']> {
    return this.#write((tx) => tx.update(id, patch))
  }

  /** Deletes a visible row; the `row` of the result is the row that was. @throws SyncError `row-unknown`. */
  delete(id: Uuid): Written<M['row']> {
    return this.#write((tx) => tx.delete(id))
  }

  /** Hears of every change of a visible row, after all caches have it. Returns the function that ends it. */
  on(listener: (event: CacheEvent<M>) => void): () => void {
    return this.#store.emitter.on(this.#table.shape.model.plural, listener)
  }

  /** An index over one field, each group in the given order (default: by id). For generated readers. */
  protected sorted<F extends keyof M['row'] & string>(
    field: F,
    compare?: Comparator<M['row']>,
  ): SortedIndex<M['row'], M['row'][F]> {
    return this.#table.index(new SortedIndex(field, compare))
  }

  /** An index over fields that are unique together. For generated readers. */
  protected unique<const F extends readonly (keyof M['row'] & string)[]>(
    ...fields: F
  ): UniqueIndex<M['row'], { readonly [At in keyof F]: M['row'][F[At]] }> {
    return this.#table.index(new UniqueIndex(fields))
  }

  #write(write: (tx: Writer<M>) => M['row']): Written<M['row']> {
    const { result, durable, confirmed } = this.#store.write((draft) => write(writerOf<M>(draft, this.#table.name)), false)
    return { row: this.#table.get(result.id) ?? result, durable, confirmed }
  }
}

interface Selection<M extends Model> {
  readonly where?: Where<M>
}

/** Fields that can be summed. A string is a decimal here, or the sum is refused at run time. */
type NumericField<Row> = {
  [F in keyof Row & string]: NonNullable<Row[F]> extends number | bigint | string ? F : never
}[keyof Row & string]
