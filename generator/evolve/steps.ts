/**
 * What can happen between two versions of a schema, one step for each thing that changed, in the order in which they are
 * done. A name is that of the new version, but where something was renamed or dropped. Steps are data: the migration, the words in its .md and, from
 * them, what a cache and a queued mutation have to go through are derived from the same list.
 */
import type { Claim, Enum, Expression, Field, FieldConversion, FieldType, Index, JsonValue, Model, Scope } from '../model.js'

export type Step = RenameStep | EnumStep | ModelStep | FieldStep | IndexStep | RuleStep

/** Renames come first: all other steps speak of the new names. */
export type RenameStep =
  | { readonly kind: 'model-renamed'; readonly from: string; readonly model: string }
  /** Its table is called otherwise: after a rename of the model, of its plural, or of `table:`. */
  | { readonly kind: 'table-renamed'; readonly model: string; readonly from: string; readonly to: string }
  | { readonly kind: 'field-renamed'; readonly model: string; readonly from: string; readonly field: string }
  | { readonly kind: 'column-renamed'; readonly model: string; readonly field: string; readonly from: string; readonly to: string }

export type EnumStep =
  | { readonly kind: 'enum-added'; readonly enum: Enum }
  | { readonly kind: 'enum-dropped'; readonly enum: Enum }
  | { readonly kind: 'value-added'; readonly enum: string; readonly value: string }
  | { readonly kind: 'value-renamed'; readonly enum: string; readonly from: string; readonly value: string }
  /** `to`: what becomes of rows that have it; null: nobody said. */
  | { readonly kind: 'value-dropped'; readonly enum: string; readonly value: string; readonly to: string | null }

export type ModelStep =
  | { readonly kind: 'model-added'; readonly model: Model }
  | { readonly kind: 'model-dropped'; readonly model: Model }
  | { readonly kind: 'capture-changed'; readonly model: string; readonly to: Model['capture'] }
  | { readonly kind: 'delete-conflict-changed'; readonly model: string; readonly to: Model['deleteConflict'] }

export type FieldStep =
  | { readonly kind: 'field-added'; readonly model: string; readonly field: Field; readonly fill: Fill }
  | { readonly kind: 'field-dropped'; readonly model: string; readonly field: Field }
  | {
      readonly kind: 'type-changed'
      readonly model: string
      readonly field: string
      readonly from: FieldType
      readonly to: FieldType
      readonly effect: TypeEffect
      /** How the schema says that values are converted; null: as PostgreSQL casts them. */
      readonly convert: FieldConversion | null
    }
  | { readonly kind: 'nullable'; readonly model: string; readonly field: string }
  | { readonly kind: 'required'; readonly model: string; readonly field: string; readonly fill: Fill }
  | { readonly kind: 'default-changed'; readonly model: string; readonly field: string; readonly to: Field['default'] }
  /** A reference leads to another model, or a field became a reference, or is none any more. */
  | { readonly kind: 'reference-changed'; readonly model: string; readonly field: string; readonly from: string | null; readonly to: string | null }
  | { readonly kind: 'on-delete-changed'; readonly model: string; readonly field: string }
  | { readonly kind: 'server-only'; readonly model: string; readonly field: string; readonly on: boolean }
  | { readonly kind: 'writing-changed'; readonly model: string; readonly field: string }
  | { readonly kind: 'conflict-changed'; readonly model: string; readonly field: string; readonly to: Field['conflict'] }

export type IndexStep =
  | { readonly kind: 'index-added'; readonly model: string; readonly index: Index }
  | { readonly kind: 'index-dropped'; readonly model: string; readonly index: Index }

export type RuleStep =
  | { readonly kind: 'access-changed'; readonly model: string; readonly rules: readonly string[] }
  | { readonly kind: 'scope-added'; readonly scope: Scope }
  | { readonly kind: 'scope-dropped'; readonly scope: string }
  | { readonly kind: 'scope-changed'; readonly scope: string }
  | { readonly kind: 'claim-added'; readonly claim: Claim }
  | { readonly kind: 'claim-dropped'; readonly claim: string }
  | { readonly kind: 'claim-changed'; readonly claim: string }
  | { readonly kind: 'app-renamed'; readonly from: string; readonly to: string }

/** widened: every old value is a new one. narrowed: some are not. converted: none is, as it stands. */
export type TypeEffect = 'widened' | 'narrowed' | 'converted'

/** What the rows get that are there already. */
export type Fill =
  /** Nothing: null, or what they have. */
  | { readonly kind: 'none' }
  | { readonly kind: 'constant'; readonly value: JsonValue }
  /** The time of the migration. */
  | { readonly kind: 'now' }
  /** What is worked out from other fields, by their new names. */
  | { readonly kind: 'expression'; readonly expression: Expression }
  /** What a conversion makes of null. */
  | { readonly kind: 'converted' }

/** What a step is about, as `--accept`, the lock file and the .md name it: `Task`, `Task.notes`, `State.doing`. */
export const subjectOf = (step: Step): string => {
  switch (step.kind) {
    case 'model-renamed':
    case 'table-renamed':
    case 'capture-changed':
    case 'delete-conflict-changed':
    case 'access-changed':
      return step.model
    case 'model-added':
    case 'model-dropped':
      return step.model.name
    case 'enum-added':
    case 'enum-dropped':
      return step.enum.name
    case 'value-added':
    case 'value-renamed':
    case 'value-dropped':
      return `${step.enum}.${step.value}`
    case 'field-added':
    case 'field-dropped':
      return `${step.model}.${step.field.name}`
    case 'index-added':
    case 'index-dropped':
      return `${step.model}(${step.index.fields.join(', ')})`
    case 'scope-added':
      return `scope ${step.scope.name}`
    case 'scope-dropped':
    case 'scope-changed':
      return `scope ${step.scope}`
    case 'claim-added':
      return `claim ${step.claim.name}`
    case 'claim-dropped':
    case 'claim-changed':
      return `claim ${step.claim}`
    case 'app-renamed':
      return step.to
    default:
      return `${step.model}.${step.field}`
  }
}
