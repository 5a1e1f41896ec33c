/**
 * The TypeScript side of a schema on the server. Generated code fills these in once (`TrackerServerTypes`); everything else
 * here is derived, so that hooks, transactions and events are typed without a line of generated logic.
 */
import type { BaseRow, Uuid } from '../protocol/descriptor.js'

/** Types of a whole schema. */
export interface ServerTypes {
  /** The verified identity's claims, `$auth.*` in the schema. */
  readonly claims: object
  /** By plural, as in `{ readonly tasks: … }`. A type literal: an interface has no index signature. */
  readonly models: Readonly<Record<string, ServerModelTypes>>
}

/** Types of one model. */
export interface ServerModelTypes {
  readonly name: string
  /** The whole row, `serverOnly` fields included. */
  readonly record: BaseRow
  /** What a new row takes; server code may set `readonly` and `serverOnly` fields, too. */
  readonly create: object
  /** What may change of a row, `readonly` and `serverOnly` fields included; counters as `{ add }`. */
  readonly patch: object
}

/** Writes of server code to one model, inside a transaction. No access rules and no hooks: the caller is trusted. */
export interface ServerWriter<Model extends ServerModelTypes> {
  /** The row as this transaction sees it; undefined if there is none. */
  get(id: Uuid): Promise<Model['record'] | undefined>
  /** The row as stored, with its defaults. */
  create(values: Model['create']): Promise<Model['record']>
  /** The row as stored; undefined if there is none to update. */
  update(id: Uuid, patch: Model['patch']): Promise<Model['record'] | undefined>
  /** Whether there was a row to delete. */
  delete(id: Uuid): Promise<boolean>
}

/** Plain SQL inside the same transaction; rows as objects by column name, types as the driver gives them. */
export interface SqlRunner {
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** A transaction of server code: one writer for each model, and plain SQL. */
export type ServerTransaction<Types extends ServerTypes> = SqlRunner & {
  readonly [Plural in keyof Types['models']]: ServerWriter<Types['models'][Plural]>
}

/** What happened to a row between two looks at the database, whoever did it. `row` is the current one. */
export type ServerEvent<Name extends string = string, Row extends BaseRow = BaseRow> =
  | {
      readonly model: Name
      readonly kind: 'created'
      readonly id: Uuid
      readonly fields: readonly (keyof Row & string)[]
      readonly row: Row
    }
  | {
      readonly model: Name
      readonly kind: 'updated'
      readonly id: Uuid
      readonly fields: readonly (keyof Row & string)[]
      readonly row: Row
    }
  | {
      readonly model: Name
      readonly kind: 'deleted'
      readonly id: Uuid
      readonly fields: readonly (keyof Row & string)[]
      readonly row: null
    }

/** Events of one model of a schema. */
export type EventOf<Model extends ServerModelTypes> = ServerEvent<Model['name'], Model['record']>

/** Events of any model of a schema. */
export type AnyEvent<Types extends ServerTypes> = {
  readonly [Plural in keyof Types['models']]: EventOf<Types['models'][Plural]>
}[keyof Types['models']]

/** Receives events in the order of the ticks that found them. What it throws is logged. */
export type EventListener<Event> = (event: Event) => void | Promise<void>
