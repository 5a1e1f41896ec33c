import { allOf, anyOf, notOf } from './logic.js'
import type { JsonValue, Operand, Predicate, Schema } from '../model.js'

/**
 * Whether every row and identity that satisfies `left` is seen to satisfy `right`. Sound, not complete: `true` is certain, `false` says
 * that no proof was found by taking the two apart side by side. `required` are the claims that are never null; references lead to
 * rows that exist. Time is bounded by the product of the sizes.
 */
export const implies = (left: Predicate, right: Predicate, required: ReadonlySet<string>): boolean =>
  new Proof(required).follows(spread(left), spread(right))

/** The claims that every identity has. */
export const requiredClaims = ({ claims }: Pick<Schema, 'claims'>): ReadonlySet<string> =>
  new Set(claims.filter((each) => !each.nullable).map((each) => each.name))

class Proof {
  readonly #required: ReadonlySet<string>

  constructor(required: ReadonlySet<string>) {
    this.#required = required
  }

  follows(left: Predicate, right: Predicate): boolean {
    if (left.kind === 'never' || right.kind === 'always') return true
    if (right.kind === 'all') return right.of.every((each) => this.follows(left, each))
    if (left.kind === 'any') return left.of.every((each) => this.follows(each, right))
    if (right.kind === 'any' && right.of.some((each) => this.follows(left, each))) return true
    if (left.kind === 'all') return left.of.some((each) => this.follows(each, right))
    return right.kind !== 'any' && this.#stepFollows(left, right)
  }

  /** Neither side is a conjunction or disjunction. A reference equals a value if the row that it leads to has it as its id. */
  #stepFollows(left: Predicate, right: Predicate): boolean {
    if (left.kind === 'not' && right.kind === 'not') return this.follows(right.of, left.of)
    if (left.kind === 'some' && right.kind === 'some') {
      return left.model === right.model && left.field === right.field && this.follows(left.where, right.where)
    }
    if (left.kind === 'one' && right.kind === 'one') return left.field === right.field && this.follows(left.where, right.where)
    if (left.kind === 'one' && isEquality(right)) return left.field === right.field && this.follows(left.where, { ...right, field: 'id' })
    if (isEquality(left) && right.kind === 'one') {
      return left.field === right.field && this.#isValue(left.value) && this.follows({ ...left, field: 'id' }, right.where)
    }
    const given = valuesOf(left)
    const wanted = valuesOf(right)
    return given !== null && wanted !== null && given.field === wanted.field && (same(left, right) || within(given, wanted))
  }

  #isValue(operand: Operand): boolean {
    return operand.kind === 'literal' ? operand.value !== null : operand.kind === 'claim' && this.#required.has(operand.name)
  }
}

const isEquality = (predicate: Predicate): predicate is Extract<Predicate, { kind: 'compare' }> =>
  predicate.kind === 'compare' && predicate.op === 'eq'

/**
 * The same predicate with steps as far inside as they go: a step over a disjunction is a disjunction of steps, and so with a to-one
 * step over a conjunction.
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
      return { ...predicate, where }
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
