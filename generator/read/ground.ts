import type { Claim, Enum, Field, FieldType, Model, Predicate, Relation } from '../model.js'
import type { Report, Spot } from '../problem.js'

/** A model as predicates see it: what it is called and what can be named on it. */
export interface Shape extends Pick<Model, 'name'> {
  readonly fields: readonly Field[]
  readonly relations: readonly Relation[]
  /** Declared names that could not be read; what hangs on them was reported and is not reported again. */
  readonly broken: ReadonlySet<string>
}

/** A parameter of a scope, or a claim. */
export interface Variable {
  readonly name: string
  readonly type: FieldType
  readonly nullable: boolean
}

export type Action = 'read' | 'create' | 'update' | 'delete'

export const actions: readonly Action[] = ['read', 'create', 'update', 'delete']

/** What a predicate may refer to. */
export interface Ground {
  readonly shapes: ReadonlyMap<string, Shape>
  readonly enums: readonly Enum[]
  readonly claims: readonly Claim[]
  /** Null: not in a scope, so `$params` means nothing. */
  readonly params: readonly Variable[] | null
  /** Claims and parameters that could not be read. */
  readonly brokenVariables: ReadonlySet<string>
  /** The rule that `$can` stands for, complete. */
  readonly ruleOf: (model: string, action: Action, at: Spot) => Predicate
  readonly report: Report
}

/** A model by name; names in relations were checked, so a miss is our bug. */
export const shapeOf = (ground: Ground, name: string): Shape => {
  const shape = ground.shapes.get(name)
  if (shape === undefined) throw new Error(`no model ${name}: the relation was not checked`)
  return shape
}
