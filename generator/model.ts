/**
 * The intermediate representation: a schema that has been checked and completed, as read-only data. Everything after
 * `build-model.ts` (SQL, views, lock file) reads only this; nothing in it is optional for a reason of syntax.
 */

/** A whole schema, whatever number of files it came from. */
export interface Schema {
  /** `tracker`: gives `openTracker`, `createTrackerServer`. */
  readonly name: string
  /** Schema files relative to where the generator was called, sorted; named in the header of generated files. */
  readonly sources: readonly string[]
  /** How many earlier versions of the schema clients may still have. */
  readonly versions: number
  /** How many of them looked the same to a client: a field that was dropped and comes back is another one, whose old values count no more. */
  readonly generation: number
  readonly claims: readonly Claim[]
  readonly enums: readonly Enum[]
  /** In declaration order. */
  readonly models: readonly Model[]
  readonly scopes: readonly Scope[]
}

/** `versions`, where the schema says nothing of it. */
export const usualVersions = 5

/** One property of the verified identity, `$auth.<name>` in predicates. */
export interface Claim {
  readonly name: string
  readonly type: FieldType
  readonly nullable: boolean
}

export interface Enum {
  readonly name: string
  readonly values: readonly { readonly name: string; readonly was: string | null }[]
  /** Values of before, and what rows get that have them. */
  readonly dropped: readonly { readonly name: string; readonly to: string }[]
  readonly doc: string | null
}

/** The type of a value, without nullability. `list` elements are never null. */
export type FieldType =
  | { readonly kind: 'string'; readonly max: number | null; readonly pattern: string | null }
  | { readonly kind: 'text' }
  | { readonly kind: 'int' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'float' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'date' }
  /** `ts` names the TypeScript type of the value: an exported name and its file, relative to where the generator was called. */
  | { readonly kind: 'json'; readonly ts: { readonly file: string; readonly name: string } | null }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'enum'; readonly enum: string }
  | { readonly kind: 'list'; readonly of: ListElement }

export type ListElement =
  | { readonly kind: 'string' }
  | { readonly kind: 'int' }
  | { readonly kind: 'enum'; readonly enum: string }

/** What decides when a field was changed on both sides. */
export type ConflictPolicy = 'latest' | 'server' | 'client' | 'reject' | 'max' | 'min' | 'counter' | 'set' | 'custom'

export interface Field {
  /** As in TypeScript: `projectId`. */
  readonly name: string
  /** As in SQL, unquoted: `project_id`. */
  readonly column: string
  /** Key of this column in the changelog's images. Survives renames of the column; at first the same as `column`. */
  readonly columnId: string
  readonly type: FieldType
  readonly nullable: boolean
  /** A literal of the field's type in its JSON form (see docs/protocol.md, values), or absent. */
  readonly default: { readonly value: JsonValue } | null
  readonly unique: boolean
  /** Set by the server only. */
  readonly readonly: boolean
  /** Set at creation only. References of join models are always immutable. */
  readonly immutable: boolean
  /** Never leaves the server. */
  readonly serverOnly: boolean
  readonly conflict: ConflictPolicy
  /** The app's function for `custom`: an exported name and its file, relative to where the generator was called. */
  readonly merge: { readonly file: string; readonly name: string } | null
  readonly doc: string | null
  readonly was: string | null
  /** It is to be dropped: nobody should begin to use it. */
  readonly deprecated: boolean
  /** What rows get that are there when the field comes, or have null when it is to be null no more. */
  readonly backfill: Expression | null
  /** How its values come from those of another type, which it had before. */
  readonly convert: FieldConversion | null
  /** `id`, `createdAt`, `updatedAt`. */
  readonly implicit: boolean
  readonly reference: Reference | null
}

/** Applies where the field was of the type `from`. */
export interface FieldConversion {
  readonly from: FieldType
  readonly nullable: boolean
  readonly as: Expression
  /** For clients that have the type of before; null: they see none of its values. */
  readonly back: Expression | null
}

/**
 * A value that is worked out from one row, alike in SQL (sql/expression-sql.ts) and in JavaScript (runtime/protocol/expression.ts).
 * Numbers are exact, only A to Z have a case, null gives null.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: JsonValue }
  /** Another field of the row. */
  | { readonly kind: 'field'; readonly field: string }
  /** The field's own value before it was converted. */
  | { readonly kind: 'old' }
  | { readonly kind: 'text' | 'lower' | 'upper'; readonly of: Expression }
  | { readonly kind: 'concat' | 'coalesce' | 'add' | 'subtract' | 'multiply'; readonly of: readonly Expression[] }
  /** By the text of a value. */
  | { readonly kind: 'match'; readonly of: Expression; readonly cases: readonly (readonly [value: string, then: Expression])[]; readonly otherwise: Expression | null }

export interface Reference {
  /** Name of the to-one relation: `project` for the field `projectId`. */
  readonly relation: string
  readonly model: string
  /** Name of the to-many relation on the other model, if it declared one. */
  readonly inverse: string | null
  readonly onDelete: 'cascade' | 'setNull' | 'restrict' | 'noAction'
}

export type Relation =
  /** `row[field]` is the id of one `model`. */
  | { readonly kind: 'one'; readonly name: string; readonly model: string; readonly field: string; readonly nullable: boolean }
  /** Rows of `model` whose `field` is this row's id. */
  | { readonly kind: 'many'; readonly name: string; readonly model: string; readonly field: string }
  /** Rows of `model` linked by the pure join model `join`: `join[near]` is this row's id, `join[far]` theirs. */
  | {
      readonly kind: 'through'
      readonly name: string
      readonly model: string
      readonly join: string
      readonly near: string
      readonly far: string
    }

export interface Index {
  /** Of the SQL index, unquoted, at most 63 bytes. */
  readonly name: string
  readonly fields: readonly string[]
  readonly unique: boolean
  /** A unique that is asked at the end of a transaction, so that rows of one may exchange their values: a constraint in SQL. */
  readonly deferrable: boolean
  /** Partial index: only compares of own fields with literals. */
  readonly where: Predicate | null
  /** Added by the generator because a predicate crosses this reference. */
  readonly derived: boolean
}

/** Who may do what. Each rule is complete (`$can` expanded, `write` spread); a missing rule is `{ kind: 'never' }`. */
export interface Access {
  readonly read: Predicate
  readonly create: Predicate
  readonly update: Predicate
  readonly delete: Predicate
}

export interface Model {
  /** `TaskLabel`. */
  readonly name: string
  /** Name of its cache and server handle: `taskLabels`. */
  readonly plural: string
  /** SQL table, unquoted: `task_labels`. */
  readonly table: string
  readonly join: boolean
  /** id first, then createdAt and updatedAt (unless `timestamps: false`), then declared order. */
  readonly fields: readonly Field[]
  /** to-one in field order, then inverses in declaration order. */
  readonly relations: readonly Relation[]
  /** Uniques included (single-field ones too); foreign-key indexes that predicates need included. */
  readonly indexes: readonly Index[]
  readonly access: Access
  readonly deleteConflict: 'delete-wins' | 'edit-wins'
  readonly timestamps: boolean
  /** Capture by statement triggers with transition tables, or by row triggers. */
  readonly capture: 'statement' | 'row'
  readonly doc: string | null
  readonly was: string | null
}

export interface Scope {
  readonly name: string
  readonly params: readonly { readonly name: string; readonly type: FieldType; readonly nullable: boolean }[]
  readonly lines: readonly ScopeLine[]
  readonly doc: string | null
}

/** One (table, where) pair of the cutoff diff. `where` is what the schema says; `read` access is AND-ed by the SQL side. */
export interface ScopeLine {
  readonly model: string
  readonly where: Predicate
}

/**
 * A predicate over one row of a model. Two-valued: every leaf is true or false for every row (docs/schema.md has the
 * truth table). Field and relation names are those of the model it stands on; relations of kind `through` never occur:
 * they are spelled as `some(join rows){ one(far) }`.
 */
export type Predicate =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'all'; readonly of: readonly Predicate[] }
  | { readonly kind: 'any'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'compare'; readonly field: string; readonly op: CompareOp; readonly value: Operand }
  | { readonly kind: 'in'; readonly field: string; readonly negated: boolean; readonly values: readonly Operand[] }
  /** The to-one relation `relation` leads to a row that satisfies `where`. False if the reference is null. */
  | { readonly kind: 'one'; readonly relation: string; readonly model: string; readonly field: string; readonly where: Predicate }
  /** Some row of `model` with `field` = this id satisfies `where`. `none` is `not some`, `every` is `not some not`. */
  | { readonly kind: 'some'; readonly relation: string; readonly model: string; readonly field: string; readonly where: Predicate }

/**
 * eq: IS NOT DISTINCT FROM. ne: IS DISTINCT FROM. lt…gte: false if either side is null. startsWith, contains: text
 * (code points, no wildcards), `contains` on a list: it has this element; false on null.
 */
export type CompareOp = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'startsWith' | 'contains'

export type Operand =
  | { readonly kind: 'literal'; readonly value: JsonValue }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'claim'; readonly name: string }

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** A model by name; the schema was checked, so a miss is our bug. */
export const modelOf = (schema: Schema, name: string): Model => {
  const model = schema.models.find((each) => each.name === name)
  if (model === undefined) throw new Error(`no model ${name}: the schema was not checked`)
  return model
}

/** A field by name; the schema was checked, so a miss is our bug. */
export const fieldOf = (model: Model, name: string): Field => {
  const field = model.fields.find((each) => each.name === name)
  if (field === undefined) throw new Error(`no field ${model.name}.${name}: the schema was not checked`)
  return field
}
