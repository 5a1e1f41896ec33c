import type { Field, Relation } from '../model.js'

/** A model before its relations are known. */
export interface Fielded {
  readonly name: string
  /** A join without fields of its own: its inverses name the far rows. */
  readonly pureJoin: boolean
  readonly fields: readonly Field[]
}

/** The relations of each model, by its name: to-one in the order of its fields, then the inverses that others declare, in theirs. */
export const buildRelations = (models: readonly Fielded[]): ReadonlyMap<string, readonly Relation[]> => {
  const relations = new Map(models.map((model) => [model.name, model.fields.flatMap(toOne)]))
  for (const model of models) {
    for (const field of model.fields) {
      const relation = inverseOf(model, field)
      if (field.reference !== null && relation !== null) relations.get(field.reference.model)?.push(relation)
    }
  }
  return relations
}

const toOne = (field: Field): Relation[] => {
  if (field.reference === null) return []
  const { relation, model } = field.reference
  return [{ kind: 'one', name: relation, model, field: field.name, nullable: field.nullable }]
}

const inverseOf = (model: Fielded, field: Field): Relation | null => {
  const { reference } = field
  if (reference === null || reference.inverse === null) return null
  const far = model.pureJoin ? model.fields.find((each) => each.reference !== null && each !== field) : undefined
  if (far === undefined || far.reference === null) return { kind: 'many', name: reference.inverse, model: model.name, field: field.name }
  return { kind: 'through', name: reference.inverse, model: far.reference.model, join: model.name, near: field.name, far: far.name }
}
