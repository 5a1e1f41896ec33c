/**
 * What leads from one version of a schema to the next, as generated data: which names and shapes changed, and what rows that
 * are there got. Models, scopes and fields that did not change are not in it.
 */
import type { FieldDescriptor } from './descriptor.js'
import type { Expression } from './expression.js'
import type { Wire } from './values.js'

export interface Transition {
  /** Hashes of the two versions. */
  readonly from: string
  readonly to: string
  /** By their old names: models that are called otherwise, have other fields, or are gone. */
  readonly models: Readonly<Record<string, ModelTransition>>
  /** Models that the old version does not have. */
  readonly newModels: readonly string[]
  /** By name: scopes that are gone, or have other parameters. */
  readonly scopes: Readonly<Record<string, ShapeTransition>>
  readonly newScopes: readonly string[]
}

/** What became of a set of named fields. */
export interface ShapeTransition {
  /** The new name; null: gone. */
  readonly name: string | null
  /** In wire order. */
  readonly before: Fields
  readonly after: Fields
  /** By new name: fields that are new, called otherwise, or have values that are. */
  readonly fields: Readonly<Record<string, FieldTransition>>
}

export interface ModelTransition extends ShapeTransition {
  /** Whether a row of now can be worked out from one of before; if not, it has to be fetched. */
  readonly isExact: boolean
}

export type Fields = Readonly<Record<string, FieldDescriptor>>

export interface FieldTransition {
  /** The old name; null: there was no such field. */
  readonly was: string | null
  /** What rows got that were there, or had null. */
  readonly fill?: Wire
  /** The same, from other fields of the row, by their new names. */
  readonly compute?: Expression
  /** Its values are converted as the schema says, and back, if it says how. */
  readonly convert?: { readonly as: Expression; readonly back?: Expression }
  /** Labels that are called otherwise, or became others: old → new. */
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * The transitions from a version to the one of `hash`, each leading to where the next begins; undefined: it is not known. `transitions` are
 * oldest first. Where versions were made on branches that met, several lead to one.
 */
export const pathFrom = (
  { hash, transitions = [] }: { readonly hash: string; readonly transitions?: readonly Transition[] },
  known: string,
): readonly Transition[] | undefined => {
  if (known === hash) return []
  const path: Transition[] = []
  let at = known
  let after = -1
  do {
    after = transitions.findLastIndex(({ from }, index) => from === at && index > after)
    const next = transitions[after]
    if (next === undefined) return undefined
    path.push(next)
    at = next.to
  } while (at !== hash)
  return path
}
