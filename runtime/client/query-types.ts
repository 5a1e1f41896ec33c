/** Models as types: what generated interfaces like `TaskModel` give, and what queries and writes derive from them. */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'
import type { Outcome } from '../protocol/messages.js'

/** A model at the type level: its row, what writes take, its relations. Generated, one for each model. */
export interface Model {
  readonly name: string
  readonly row: BaseRow
  readonly create: object
  readonly patch: object
  readonly relations: object
}

/** A relation to at most one row. */
export interface One<M> {
  readonly kind: 'one'
  readonly model: M
}

/** A relation to any number of rows, directly or through a join table. */
export interface Many<M> {
  readonly kind: 'many'
  readonly model: M
}

/**
 * What rows a query wants. Every entry must hold; of `any`, one. Two-valued and null-safe as docs/schema.md says: equality with
 * null holds for null, an order comparison with null never does. A to-many relation holds if some row does.
 */
export type Where<M extends Model> = {
  readonly [F in keyof M['row']]?: FieldTest<M['row'][F]>
} & {
  readonly [R in keyof M['relations']]?: RelationTest<M['relations'][R]>
} & {
  readonly any?: readonly Where<M>[]
  readonly all?: readonly Where<M>[]
}

export type FieldTest<Value> = Value | (EqualityTest<Value> & OrderTest<NonNullable<Value>> & TextTest<NonNullable<Value>>)

/**
 * Fields by which rows are ordered, first the one that decides first; ties go by id. Nulls are last ascending, first
 * descending.
 */
export type OrderBy<M extends Model> = { readonly [F in keyof M['row']]?: 'asc' | 'desc' }

/** Relations to be read with each row. */
export type Include<M extends Model> = {
  readonly [R in keyof M['relations']]?: true | IncludeOptions<M['relations'][R]>
}

/** A row with the relations that `I` names: to-one `Row | undefined`, to-many an array. */
export type Included<M extends Model, I> = [keyof I & keyof M['relations']] extends [never]
  ? M['row']
  : M['row'] & {
      readonly [R in keyof I & keyof M['relations']]: M['relations'][R] extends One<unknown>
        ? Included<RelatedModel<M['relations'][R]>, NestedInclude<I[R]>> | undefined
        : readonly Included<RelatedModel<M['relations'][R]>, NestedInclude<I[R]>>[]
    }

export interface QueryOptions<M extends Model, I = object> {
  readonly where?: Where<M>
  readonly orderBy?: OrderBy<M>
  readonly limit?: number
  readonly offset?: number
  readonly include?: I
}

/** Writes of one model inside a local transaction. `get` sees what the transaction wrote so far. */
export interface Writer<M extends Model> {
  get(id: Uuid): M['row'] | undefined
  create(values: M['create']): M['row']
  /** Brings a deleted row back, given as it was. */
  restore(row: M['create'] & { readonly id: Uuid }): M['row']
  update(id: Uuid, patch: M['patch']): M['row']
  /** Returns the row that was. */
  delete(id: Uuid): M['row']
}

/** What becomes of a local transaction. */
export interface Writing {
  /** Resolves when it is stored locally; rejects with SyncError `storage-failed` while it is not (and storing is tried again). */
  readonly durable: Promise<void>
  /** Resolves to what the server decided, whenever that is; never rejects. After a restart the client's events tell instead. */
  readonly confirmed: Promise<Outcome>
}

/** A write that is visible already. After a delete, `row` is the row that was. */
export interface Written<Row> extends Writing {
  readonly row: Row
}

/** The type-level model behind a relation. */
export type RelatedModel<R> = R extends { readonly model: infer M extends Model } ? M : never

interface EqualityTest<Value> {
  readonly not?: Value
  readonly in?: readonly Value[]
  readonly notIn?: readonly Value[]
}

type OrderTest<Value> = [Value] extends [string | number | bigint | Date]
  ? { readonly lt?: Value; readonly lte?: Value; readonly gt?: Value; readonly gte?: Value }
  : unknown

type TextTest<Value> = [Value] extends [string]
  ? { readonly startsWith?: string; readonly contains?: string }
  : [Value] extends [readonly (infer Element)[]]
    ? { readonly contains?: Element }
    : unknown

type RelationTest<R> =
  R extends Many<unknown>
    ? Where<RelatedModel<R>> | Quantified<Where<RelatedModel<R>>>
    : Where<RelatedModel<R>>

interface Quantified<W> {
  readonly some?: W
  readonly none?: W
  readonly every?: W
}

type IncludeOptions<R> =
  R extends Many<unknown>
    ? {
        readonly where?: Where<RelatedModel<R>>
        readonly orderBy?: OrderBy<RelatedModel<R>>
        readonly limit?: number
        readonly offset?: number
        readonly include?: Include<RelatedModel<R>>
      }
    : { readonly include?: Include<RelatedModel<R>> }

type NestedInclude<Options> = Options extends { readonly include: infer Nested } ? Nested : object
