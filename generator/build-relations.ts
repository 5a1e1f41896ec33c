import type { Field, Relation } from './model.js'

/** A model before its relations are known. */
export interface Fielded {
  readonly name: string
  /** A join without fields of its own: its inverses name the far rows. */
  readonly pureJoin: boolean
  readonly fields: readonly Field[]
}

/** The relations of `model`: to-one in the order of its fields, then the inverses that others declare, in theirs. */
export const buildRelations = (model: Fielded, all: readonly Fielded[]): readonly Relation[] => [
  ...model.fields.flatMap(toOne),
  ...all.flatMap((other) => other.fields.flatMap((field) => inverse(model, other, field))),
]

const toOne = (field: Field): readonly Relation[] => {
  if (field.reference === null) return []
  const { relation, model } = field.reference
  return [{ kind: 'one', name: relation, model, field: field.name, nullable: field.nullable }]
}

const inverse = (model: Fielded, other: Fielded, field: Field): readonly Relation[] => {
  const { reference } = field
  if (reference === null || reference.model !== model.name || reference.inverse === null) return []
  const far = other.pureJoin ? other.fields.find((each) => each.reference !== null && each !== field) : undefined
  if (far === undefined || far.reference === null) {
    return [{ kind: 'many', name: reference.inverse, model: other.name, field: field.name }]
  }
  return [{ kind: 'through', name: reference.inverse, model: far.reference.model, join: other.name, near: field.name, far: far.name }]
}
