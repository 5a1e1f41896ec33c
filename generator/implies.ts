import { allOf, anyOf, notOf } from './logic.js'
import type { JsonValue, Operand, Predicate } from './model.js'

/**
 * Whether every row and identity that satisfies `left` is seen to satisfy `right`. Sound, not complete: `true` is certain, `false` says
 * that no proof was found by taking the two apart side by side. Time is bounded by the product of their sizes.
 */
export const implies = (left: Predicate, right: Predicate): boolean => follows(spread(left), spread(right))

const follows = (left: Predicate, right: Predicate): boolean => {
  if (left.kind === 'never' || right.kind === 'always') return true
  if (right.kind === 'all') return right.of.every((each) => follows(left, each))
  if (left.kind === 'any') return left.of.every((each) => follows(each, right))
  if (right.kind === 'any' && right.of.some((each) => follows(left, each))) return true
  if (left.kind === 'all') return left.of.some((each) => follows(each, right))
  return right.kind !== 'any' && stepFollows(left, right)
}

/** Neither side is a conjunction or disjunction. */
const stepFollows = (left: Predicate, right: Predicate): boolean => {
  if (left.kind === 'not' && right.kind === 'not') return follows(right.of, left.of)
  if (left.kind === 'some' && right.kind === 'some') {
    return left.model === right.model && left.field === right.field && follows(left.where, right.where)
  }
  if (right.kind === 'one') {
    if (left.kind === 'one') return left.field === right.field && follows(left.where, right.where)
    return left.kind === 'compare' && left.op === 'eq' && left.field === right.field && !isNull(left.value) && follows({ ...left, field: 'id' }, right.where)
  }
  const given = valuesOf(left)
  const wanted = valuesOf(right)
  return given !== null && wanted !== null && given.field === wanted.field && (same(left, right) || within(given, wanted))
}

/**
 * The same predicate with to-one steps as far inside as they go: a step over a conjunction or disjunction is one of steps, a step to a
 * row by its id is a comparison of the reference.
 */
const spread = (predicate: Predicate): Predicate => {
  switch (predicate.kind) {
    case 'all':
      return allOf(predicate.of.map(spread))
    case 'any':
      return anyOf(predicate.of.map(spread))
    case 'not':
      return notOf(spread(predicate.of))
    case 'one': {
      const where = spread(predicate.where)
      if (where.kind === 'all') return allOf(where.of.map((each) => spread({ ...predicate, where: each })))
      if (where.kind === 'any') return anyOf(where.of.map((each) => spread({ ...predicate, where: each })))
      const byId = where.kind === 'compare' && where.field === 'id' && where.op === 'eq'
      return byId ? { ...where, field: predicate.field } : { ...predicate, where }
    }
    case 'some': {
      const where = spread(predicate.where)
      return where.kind === 'any' ? anyOf(where.of.map((each) => ({ ...predicate, where: each }))) : { ...predicate, where }
    }
    default:
      return predicate
  }
}

/** What a comparison says of a field: it is one of these values, or none of them; null: something else about its order or text. */
interface Values {
  readonly field: string
  readonly values: readonly Operand[] | null
  readonly negated: boolean
}

const valuesOf = (leaf: Predicate): Values | null => {
  if (leaf.kind === 'in') return leaf
  if (leaf.kind !== 'compare') return null
  const values = leaf.op === 'eq' || leaf.op === 'ne' ? [leaf.value] : null
  return { field: leaf.field, values, negated: leaf.op === 'ne' }
}

const within = (given: Values, wanted: Values): boolean => {
  const { values } = wanted
  if (values === null) return false
  if (given.values === null) return wanted.negated && values.every(isNull)
  const contains = (of: readonly Operand[], value: Operand): boolean => of.some((each) => same(each, value))
  if (given.negated) return wanted.negated && values.every((each) => contains(given.values ?? [], each))
  if (!wanted.negated) return given.values.every((each) => contains(values, each))
  return [...given.values, ...values].every(isLiteral) && !given.values.some((each) => contains(values, each))
}

const isLiteral = (operand: Operand): operand is { readonly kind: 'literal'; readonly value: JsonValue } => operand.kind === 'literal'

const isNull = (operand: Operand): boolean => operand.kind === 'literal' && operand.value === null

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)
