/**
 * What generated server code gives the runtime: the shared descriptor of each model, its SQL as plain text, and positional
 * codecs. Every statement can be pasted into psql once its parameters are filled in.
 */
import type { BaseRow, FieldDescriptor, ModelDescriptor, ScopeDescriptor } from '../protocol/descriptor.js'
import type { VersionedRow } from '../protocol/messages.js'
import type { Versions } from '../protocol/reconcile.js'
import type { Transition } from '../protocol/transition.js'

/** Where a statement's parameter comes from: the verified identity (`auth.sub`) or the scope (`params.projectId`). */
export type Binding = `auth.${string}` | `params.${string}`

export interface Statement {
  readonly text: string
  /** Sources of the parameters that follow the statement's own (each use says which those are). */
  readonly values: readonly Binding[]
}

export interface ServerSchema {
  readonly name: string
  readonly hash: string
  /** Hash of the columns and predicates that the triggers were made for; stands in each changelog row. */
  readonly shape: string
  readonly claims: Readonly<Record<string, FieldDescriptor>>
  readonly models: Readonly<Record<string, ServerModel>>
  readonly scopes: Readonly<Record<string, ServerScope>>
  /** From earlier versions that clients may still have. */
  readonly transitions?: readonly Transition[]
}

export interface ServerModel<Row extends BaseRow = BaseRow> {
  readonly descriptor: ModelDescriptor
  /** SQL name, unquoted. */
  readonly table: string
  /** Every field, `serverOnly` ones included, in the order of `sql.lock`. */
  readonly columns: Readonly<Record<string, ColumnDescriptor>>
  readonly sql: {
    /** $1 uuid[]: `id, version, …fields that travel`, in wire order. No access rule: the caller has judged. */
    readonly rows: string
    /** $1 uuid[]: `id, version, …all columns`, locked FOR UPDATE in id order. */
    readonly lock: string
    /** $1 uuid[]: deletes by key. */
    readonly delete: string
  }
  /** Each selects those ids among $1 uuid[] for which the rule holds now. Null: nobody ever. */
  readonly access: {
    readonly read: Statement | null
    readonly create: Statement | null
    readonly update: Statement | null
    readonly delete: Statement | null
  }
  /** A row of `sql.rows` or of a page (driver's array) → `[version, ...fields]`. */
  readonly toWire: (row: readonly unknown[]) => VersionedRow
  /** A row of `sql.lock` (driver's array) → the typed object that hooks and server code see. */
  readonly toRow: (row: readonly unknown[]) => Row
}

export interface ColumnDescriptor {
  /** SQL name, unquoted. */
  readonly column: string
  readonly columnId: string
  /** For casts: `numeric(12,2)`, `timestamptz(3)`, `text[]`. */
  readonly sqlType: string
  readonly field: FieldDescriptor
  readonly serverOnly?: true
  /** The app's function for a field whose policy is `custom`. */
  readonly merge?: (versions: Versions<never>) => unknown
}

/**
 * What an app makes of a field that both sides changed: pure and synchronous, on TypeScript values. What it throws, or returns
 * that does not fit the field, rejects the mutation with `unmergeable`.
 */
export type Merge<Value> = (versions: Versions<Value>) => Value

export interface ServerScope {
  readonly descriptor: ScopeDescriptor
  /** Hash of definition, access closure and wire shape; the runtime adds parameters and the claims read. */
  readonly hash: string
  /** Claims that its statements bind. */
  readonly claims: readonly string[]
  readonly lines: readonly ServerScopeLine[]
}

/** One (table, where) pair of the cutoff diff, access rule included. */
export interface ServerScopeLine {
  readonly model: string
  /** Models whose changes can move rows of this line in or out, its own included. */
  readonly reads: readonly string[]
  /**
   * $1 pg_snapshot. Rows `(key uuid, action text)`: what the cache needs since then. `send`: read it and send it; `out`, `deleted`:
   * it was in at $1 and is not now. With a null key a gate flipped: `enter` (all rows of the line are new to the client: read
   * pages) or `reset` (all claims of the line end).
   */
  readonly since: Statement
  /**
   * No own parameters. Rows `(part integer, rows integer, digest numeric)`, one for each part (runtime/protocol/digest.ts) that has
   * rows, with how many they are and the exact sum of their hashes.
   */
  readonly digests: Statement
  /** $1 integer[] of parts (or null: all). Rows `(id uuid, version bigint)`, ordered by id. */
  readonly keys: Statement
  /** $1 uuid (or null: from the start), $2 integer limit (or null: all, for a cursor). Rows as `sql.rows`, id > $1, ordered by id. */
  readonly page: Statement
}
