import { actions, type Action, type Ground, type Shape, shapeOf } from './ground.js'
import { allOf, always, anyOf, notOf } from './logic.js'
import type { Predicate, Relation } from '../model.js'
import { readConditions } from './conditions.js'
import type { Entry, MapNode, Node } from './parse.js'
import { isLimit } from './read-document.js'
import { didYouMean } from './suggest.js'

/**
 * Compiles a `where` on a row of `shape`: a map whose entries must all hold. Keys are `any`, `all`, `$can`, fields and relations;
 * `{}` always holds. What does not fit is reported, and taken as `always` so that the rest can be read.
 */
export const compilePredicate = (node: Node, shape: Shape, ground: Ground): Predicate => {
  if (node.kind !== 'map') {
    const hint = isScalar(node, true)
      ? 'for everything write {}'
      : isScalar(node, false)
        ? 'a rule that is left out allows nobody'
        : 'write conditions by field: { ownerId: $auth.sub }'
    ground.report('SG102', node.at, 'a predicate must be a map', hint)
    return always
  }
  return allOf(node.entries.map((entry) => compileEntry(entry, shape, ground)))
}

const compileEntry = (entry: Entry, shape: Shape, ground: Ground): Predicate => {
  if (entry.key === 'any') return anyOf(compileList(entry, shape, ground))
  if (entry.key === 'all') return allOf(compileList(entry, shape, ground))
  if (entry.key === '$can') return compileCan(entry, shape, ground)
  const field = shape.fields.find((each) => each.name === entry.key)
  if (field !== undefined) return readConditions(entry, field, ground)
  const relation = shape.relations.find((each) => each.name === entry.key)
  if (relation !== undefined) return compileRelation(entry, relation, ground)
  if (!shape.broken.has(entry.key)) reportUnknown(entry, shape, ground)
  return always
}

const compileList = (entry: Entry, shape: Shape, ground: Ground): readonly Predicate[] => {
  if (entry.value.kind === 'list' && entry.value.items.length > 0) {
    return entry.value.items.map((item) => compilePredicate(item, shape, ground))
  }
  ground.report('SG102', entry.value.at, `"${entry.key}" must be a list of predicates`, `write ${entry.key}: [{ ownerId: $auth.sub }, { public: true }]`)
  return [always]
}

/** `$can: read`: the rule of the model we stand on. */
const compileCan = (entry: Entry, shape: Shape, ground: Ground): Predicate => {
  const action = actions.find((each) => isScalar(entry.value, each))
  if (action !== undefined) return ground.ruleOf(shape.name, action satisfies Action, entry.value.at)
  ground.report('SG408', entry.value.at, '$can must name a rule', 'write read, create, update or delete')
  return always
}

const compileRelation = (entry: Entry, relation: Relation, ground: Ground): Predicate => {
  if (entry.value.kind !== 'map') {
    const hint = relation.kind === 'one'
      ? `compare the reference itself: ${relation.field}: …`
      : `write conditions on its rows: ${relation.name}: { … }`
    ground.report('SG402', entry.value.at, `"${relation.name}" is a relation, not a value`, hint)
    return always
  }
  return relation.kind === 'one' ? compileOne(entry.value, relation, ground) : compileMany(entry.value, relation, ground)
}

const compileOne = (node: MapNode, relation: Extract<Relation, { kind: 'one' }>, ground: Ground): Predicate =>
  step('one', relation, compilePredicate(node, shapeOf(ground, relation.model), ground))

type ToMany = Exclude<Relation, { kind: 'one' }>

/** Some row by default; `none` and `every` say otherwise. */
const compileMany = (node: MapNode, relation: ToMany, ground: Ground): Predicate => {
  if (!node.entries.some((each) => isQuantifier(each.key))) return someRow(node, relation, ground, same)
  return allOf(
    node.entries.map((entry) => {
      if (entry.key === 'none') return notOf(someRow(entry.value, relation, ground, same))
      if (entry.key === 'every') return notOf(someRow(entry.value, relation, ground, notOf))
      const hint = 'none and every stand alone; join conditions by all: [{ members: { … } }, { members: { none: { … } } }]'
      ground.report('SG102', entry.at, `"${entry.key}" beside none or every`, hint)
      return always
    }),
  )
}

const isQuantifier = (key: string): boolean => key === 'none' || key === 'every'

const same = (predicate: Predicate): Predicate => predicate

/** A relation through a pure join table is spelled out: some join row that leads to such a row. */
const someRow = (node: Node, relation: ToMany, ground: Ground, turn: (row: Predicate) => Predicate): Predicate => {
  const inner = compilePredicate(node, shapeOf(ground, relation.model), ground)
  if (relation.kind === 'many') return step('some', relation, turn(inner))
  const far = shapeOf(ground, relation.join).relations.find((each) => each.kind === 'one' && each.field === relation.far)
  if (far === undefined || far.kind !== 'one') throw new Error(`join ${relation.join} has no reference ${relation.far}`)
  return step('some', { name: relation.name, model: relation.join, field: relation.near }, turn(step('one', far, inner)))
}

/** A step to other rows; to none that could satisfy `never`. */
const step = (kind: 'one' | 'some', to: { readonly name: string; readonly model: string; readonly field: string }, where: Predicate): Predicate =>
  where.kind === 'never' ? where : { kind, relation: to.name, model: to.model, field: to.field, where }

const reportUnknown = (entry: Entry, shape: Shape, ground: Ground): void => {
  if (isLimit(entry.key)) {
    const hint = 'a predicate is a set: order or limit in the query on the client'
    ground.report('SG410', entry.at, `"${entry.key}" has no place in a predicate`, hint)
    return
  }
  const names = [...shape.fields, ...shape.relations].map((each) => each.name)
  ground.report('SG401', entry.at, `${shape.name} has no field or relation "${entry.key}"`, didYouMean(entry.key, [...names, 'any', 'all', '$can']))
}

const isScalar = (node: Node, value: string | boolean): boolean => node.kind === 'scalar' && node.value === value
