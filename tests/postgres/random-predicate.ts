import type { CompareOp, Field, Model, Operand, Predicate, Scope } from '../../generator/model.js'
import { library, libraryParams } from './library.js'
import { all, always, among, any, claim, compare, lit, never, not, param, scope, some } from './ir.js'
import type { Dice } from './random.js'
import { key, words } from './world.js'

/** A scope of one line with a random predicate over the library. */
export const randomScope = (dice: Dice, name: string): Scope => {
  const model = dice.pick(library.models)
  return scope(name, { [model.name]: randomPredicate(dice, model, 3) }, libraryParams)
}

/** Any predicate that the IR can express on a model, with at most so many existence tests inside each other. */
export const randomPredicate = (dice: Dice, model: Model, depth: number): Predicate => {
  const roll = dice.next()
  if (roll < 0.22) return all(...several(dice, () => randomPredicate(dice, model, depth)))
  if (roll < 0.38) return any(...several(dice, () => randomPredicate(dice, model, depth)))
  if (roll < 0.46) return not(randomPredicate(dice, model, depth))
  if (roll < 0.48) return dice.pick([always, never])
  if (roll < 0.78 && depth > 0) {
    const relation = dice.pick(relations.filter((each) => each.from === model.name || each.to === model.name))
    const asOne = relation.from === model.name && (relation.to !== model.name || dice.chance(0.5))
    const other = library.models.find((each) => each.name === (asOne ? relation.to : relation.from))
    if (other === undefined) throw new Error('a relation to nowhere')
    const where = randomPredicate(dice, other, depth - 1)
    return asOne ? { kind: 'one', relation: relation.field, model: other.name, field: relation.field, where } : some(other.name, relation.field, where)
  }
  return randomLeaf(dice, dice.pick(model.fields.filter((field) => field.name !== 'createdAt' && field.name !== 'updatedAt')))
}

const relations = library.models.flatMap((model) =>
  model.fields.flatMap((field) => (field.reference === null ? [] : [{ from: model.name, to: field.reference.model, field: field.name }])),
)

const several = (dice: Dice, make: () => Predicate): readonly Predicate[] => Array.from({ length: 1 + dice.below(3) }, make)

const randomLeaf = (dice: Dice, field: Field): Predicate => {
  if (field.type.kind === 'list') return compare(field.name, 'contains', dice.pick([lit(dice.pick(words)), param('word')]))
  if (dice.chance(0.2)) return among(field.name, [operand(dice, field), operand(dice, field)], dice.chance(0.5))
  return compare(field.name, dice.pick(opsOf(field)), operand(dice, field))
}

const opsOf = ({ type }: Field): readonly CompareOp[] => {
  const equality = ['eq', 'eq', 'eq', 'ne'] as const
  if (type.kind === 'uuid' || type.kind === 'boolean' || type.kind === 'enum') return equality
  const order = ['lt', 'lte', 'gt', 'gte'] as const
  return type.kind === 'string' ? [...equality, ...order, 'startsWith', 'contains'] : [...equality, ...order]
}

const operand = (dice: Dice, field: Field): Operand => {
  if (field.nullable && dice.chance(0.2)) return lit(null)
  switch (field.type.kind) {
    case 'uuid': {
      const target = field.reference?.model ?? library.models.find((model) => model.fields.includes(field))?.name ?? ''
      if (target === 'Person') return dice.pick([claim('sub'), claim('sub'), param('person')])
      return target === 'Shelf' ? param('shelf') : lit(key(library, target, dice.below(8)))
    }
    case 'int':
      return dice.pick([lit(dice.below(4)), param('level')])
    case 'boolean':
      return dice.pick([lit(true), lit(false), claim('admin')])
    case 'decimal':
      return dice.pick([lit('0.50'), param('fee')])
    case 'timestamp':
      return dice.pick([lit('2026-01-02T00:00:00.000Z'), param('at')])
    case 'date':
      return dice.pick([lit('2026-01-03'), param('day')])
    case 'enum':
      return lit(dice.pick(['new', 'used', 'old']))
    default:
      return dice.pick([lit(dice.pick(words)), param('word')])
  }
}
