/**
 * What generated code tells the runtime about a schema: plain data and tiny functions, one descriptor per model. Both
 * sides share these; the server adds SQL (runtime/server/descriptor.ts).
 */
import type { Transition } from './transition.js'
import type { Wire, WireRow } from './values.js'

/** A uuid in canonical lower case. */
export type Uuid = string

export type ScalarKind =
  | 'string'
  | 'text'
  | 'int'
  | 'bigint'
  | 'float'
  | 'decimal'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'json'
  | 'uuid'
  | 'bytes'
  | 'enum'

/** What decides when both sides changed a field (docs/schema.md, conflicts). */
export type ConflictPolicy = 'latest' | 'server' | 'client' | 'reject' | 'max' | 'min' | 'counter' | 'set' | 'custom'

/** A field as the runtime needs it: to validate writes, fill defaults, compare, order and merge. */
export interface FieldDescriptor {
  readonly type: ScalarKind | 'list'
  /** Element type of a list. */
  readonly of?: 'string' | 'int' | 'enum'
  readonly nullable?: true
  readonly max?: number
  /** Source of a JavaScript regular expression (flag u) that PostgreSQL's `~` also accepts. */
  readonly pattern?: string
  readonly precision?: number
  readonly scale?: number
  /** Labels of an enum, in declaration order. */
  readonly values?: readonly string[]
  /** Wire form of the value a create takes when the field is left out. */
  readonly default?: Wire
  readonly readonly?: true
  readonly immutable?: true
  /** `latest` when absent. */
  readonly conflict?: Exclude<ConflictPolicy, 'latest'>
}

export type RelationDescriptor =
  /** `onDelete`: what the database does to this row when the other is deleted; absent: nothing that a client should foresee. */
  | {
      readonly kind: 'one'
      readonly model: string
      readonly field: string
      readonly onDelete?: 'cascade' | 'setNull' | 'restrict' | 'noAction'
    }
  | { readonly kind: 'many'; readonly model: string; readonly field: string }
  | { readonly kind: 'through'; readonly model: string; readonly join: string; readonly near: string; readonly far: string }

/** A model as both sides see it: the fields that travel, in wire order (`id` first). */
export interface ModelDescriptor<Row extends BaseRow = BaseRow> {
  readonly name: string
  /** `tasks`: name of the cache, and of the handle on the server. */
  readonly plural: string
  /** In wire order. `serverOnly` fields are not here. */
  readonly fields: Readonly<Record<string, FieldDescriptor>>
  readonly relations: Readonly<Record<string, RelationDescriptor>>
  /** Of a join model: its two references, which one row at most has in common. */
  readonly pair?: readonly [string, string]
  readonly timestamps: boolean
  readonly deleteConflict: 'delete-wins' | 'edit-wins'
  /** Wire row (without version) → frozen-shape object. Methods, so that a descriptor of some model is one of any. */
  decode(wire: WireRow): Row
  encode(row: Row): WireRow
}

export interface BaseRow {
  readonly id: Uuid
}

export interface ScopeDescriptor {
  readonly name: string
  readonly params: Readonly<Record<string, FieldDescriptor>>
  /** Models that its lines carry. */
  readonly models: readonly string[]
}

export interface SchemaDescriptor {
  readonly name: string
  /** Hash of everything that both sides must agree on; 64 hex digits. */
  readonly hash: string
  /** Which migrations its database has, as positions say it; 8 hex digits. */
  readonly migrations: string
  readonly models: Readonly<Record<string, ModelDescriptor>>
  readonly scopes: Readonly<Record<string, ScopeDescriptor>>
  /** From earlier versions, oldest first: each leads to one that comes later, or to this one. */
  readonly transitions?: readonly Transition[]
}
