import { type Action, actions } from '../ground.js'
import { implies, requiredClaims } from '../implies.js'
import { partsOf } from '../logic.js'
import { type Field, modelOf, type Model, type Predicate, type Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'

/**
 * Warns of fields that a rule reads and that somebody whom the rule does not admit may write: an editor who can set the owner makes
 * himself the owner. Whoever may update the field's row must be admitted by the rule already, or by a stronger one of its model.
 */
export const checkWeakerRules = ({ models }: Declarations, schema: Schema, report: Report): void => {
  const told = new Set<string>()
  const required = requiredClaims(schema)
  for (const model of schema.models) {
    for (const action of actions) {
      for (const read of readsOf(model, action, schema)) {
        const { access, name } = read.model
        const key = `${name}.${read.field.name}`
        if (told.has(key) || !isWritable(read.field) || access.update.kind === 'never') continue
        if (read.allowed.some((each) => implies(access.update, each, required))) continue
        const word = models.get(name)?.fields.find((each) => each.name.text === (read.field.reference?.relation ?? read.field.name))?.name
        if (word === undefined) continue
        told.add(key)
        const message = `"${word.text}" decides who may ${action} ${model.name}, and ${name}'s update rule lets others change it`
        report('SG601', word.at, message, `make the field immutable or readonly, or let the update of ${name} ask for as much`)
      }
    }
  }
}

const isWritable = (field: Field): boolean => !field.implicit && !field.readonly && !field.immutable && !field.serverOnly

/** A field that a rule reads, and the predicates on its row of which one must hold for whoever may write it. */
interface Read {
  readonly model: Model
  readonly field: Field
  readonly allowed: readonly Predicate[]
}

const readsOf = (model: Model, action: Action, schema: Schema): readonly Read[] => {
  const rule = model.access[action]
  const stronger = strongerThan[action].map((each) => model.access[each])
  const reads = walk(rule, model, [rule, ...stronger], schema)
  // A create rule is asked of new rows only: changing a row that is there admits nobody.
  return action === 'create' ? reads.filter((each) => each.model !== model) : reads
}

const strongerThan: Readonly<Record<Action, readonly Action[]>> = {
  read: ['update', 'delete'],
  create: ['delete'],
  update: ['delete'],
  delete: [],
}

const walk = (predicate: Predicate, model: Model, allowed: readonly Predicate[], schema: Schema): readonly Read[] => {
  const read = (of: Model, name: string, by: readonly Predicate[]): readonly Read[] =>
    of.fields.filter((each) => each.name === name).map((field) => ({ model: of, field, allowed: by }))
  switch (predicate.kind) {
    case 'compare':
    case 'in':
      return read(model, predicate.field, allowed)
    case 'one': {
      const target = modelOf(schema, predicate.model)
      return [
        ...read(model, predicate.field, allowed),
        ...walk(predicate.where, target, [predicate.where, target.access.delete], schema),
      ]
    }
    case 'some': {
      // The reference decides whose rows these are: who may write it must be admitted where it leads.
      const child = modelOf(schema, predicate.model)
      const back = child.relations.find((each) => each.kind === 'one' && each.field === predicate.field)
      const there = allowed.map((where): Predicate => ({ kind: 'one', relation: back?.name ?? '', model: model.name, field: predicate.field, where }))
      return [...read(child, predicate.field, there), ...walk(predicate.where, child, [predicate.where, ...there], schema)]
    }
    default:
      return partsOf(predicate).flatMap((each) => walk(each, model, allowed, schema))
  }
}
