import type { BaseRow } from '../protocol/descriptor.js'
import type { ServerModelTypes, ServerTransaction, ServerTypes } from './server-types.js'

/** What a client wants to write, before it is written. */
export type ClientWrite<Row extends BaseRow, Claims, Transaction> = WriteContext<Claims, Transaction> &
  (
    | { readonly op: 'create'; readonly before: null; readonly after: Row }
    | { readonly op: 'update'; readonly before: Row; readonly after: Row }
    | { readonly op: 'delete'; readonly before: Row; readonly after: null }
  )

/** Where a write stands: who asks, and the transaction that it will be part of. */
export interface WriteContext<Claims, Transaction> {
  readonly principal: string
  readonly claims: Claims
  /** Commits or rolls back together with the write. */
  readonly tx: Transaction
  /** Ends the hook: the whole mutation is rejected with this code. `fields` are names, never values. */
  readonly reject: (code: string, fields?: readonly string[]) => never
}

/** What an app adds to the writes of clients to one model. */
export interface ModelHooks<Row extends BaseRow, Claims, Transaction> {
  /**
   * Runs inside the transaction, after the access rules and conflicts were decided, before the statement. Fields that it
   * returns are written in place of those in `after`, `readonly` and `serverOnly` ones included. What it throws, other than
   * by `reject`, rejects the mutation with the code `failed` and is logged; but one that takes longer than `limits.hookWithin`, or
   * whose network fails, is tried again, five times and for `limits.doubtFor`, before. `tx` is of no use when the hook has ended
   * or its time has: await what is asked of it.
   */
  readonly beforeWrite?: (write: ClientWrite<Row, Claims, Transaction>) => Returned<Row> | Promise<Returned<Row>>
}

type Returned<Row> = Partial<Row> | undefined | void

/** Hooks of a whole schema, by plural. */
export type ServerHooks<Types extends ServerTypes> = {
  readonly [Plural in keyof Types['models']]?: HooksOf<Types, Types['models'][Plural]>
}

type HooksOf<Types extends ServerTypes, Model extends ServerModelTypes> = ModelHooks<
  Model['record'],
  Types['claims'],
  ServerTransaction<Types>
>
