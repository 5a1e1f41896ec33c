/**
 * A predicate in the form that the emitters read: negation stands only before leaves and existence tests, so that SQL's
 * `unknown` may stand for false anywhere inside (and, or and exists are monotone), and one coalesce outside makes it two-valued.
 */
import type { CompareOp, Operand, Predicate } from '../model.js'

export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | Leaf
  | One
  | Some
  | Gate

export type Leaf = Compare | In

export interface Compare {
  readonly kind: 'compare'
  readonly field: string
  readonly op: CompareOp
  readonly value: Operand
  /** Never with eq and ne: they are each other's negation. */
  readonly negated: boolean
}

export interface In {
  readonly kind: 'in'
  readonly field: string
  readonly values: readonly Operand[]
  readonly negated: boolean
}

export interface One {
  readonly kind: 'one'
  readonly model: string
  readonly field: string
  readonly where: Condition
  readonly negated: boolean
}

export interface Some {
  readonly kind: 'some'
  readonly model: string
  readonly field: string
  readonly where: Condition
  readonly negated: boolean
}

/** The row of `model` whose id is `id` satisfies `where`: the same for every row of the line. */
export interface Gate {
  readonly kind: 'gate'
  readonly model: string
  readonly id: Operand
  readonly where: Condition
  readonly negated: boolean
}

/** The condition that holds where `predicate` does (or, negated, where it does not). */
export const conditionOf = (predicate: Predicate, negated = false): Condition => {
  switch (predicate.kind) {
    case 'always':
      return negated ? never : always
    case 'never':
      return negated ? always : never
    case 'not':
      return conditionOf(predicate.of, !negated)
    case 'all':
      return (negated ? anyOf : allOf)(predicate.of.map((each) => conditionOf(each, negated)))
    case 'any':
      return (negated ? allOf : anyOf)(predicate.of.map((each) => conditionOf(each, negated)))
    case 'compare': {
      const { field, op, value } = predicate
      const isEquality = op === 'eq' || op === 'ne'
      if (!isEquality && value.kind === 'literal' && value.value === null) return negated ? always : never
      if (!negated) return { kind: 'compare', field, op, value, negated: false }
      if (isEquality) return { kind: 'compare', field, op: op === 'eq' ? 'ne' : 'eq', value, negated: false }
      return { kind: 'compare', field, op, value, negated: true }
    }
    case 'in':
      return inCondition(predicate.field, predicate.values, predicate.negated !== negated)
    case 'one':
    case 'some': {
      const { kind, model, field } = predicate
      const where = conditionOf(predicate.where)
      if (where.kind === 'never') return negated ? always : never
      return { kind, model, field, where, negated }
    }
  }
}

export const always: Condition = { kind: 'always' }
export const never: Condition = { kind: 'never' }

/** Flattened, without repetitions, to-one tests of one reference merged: they are about the same row. */
export const allOf = (conditions: readonly Condition[]): Condition => {
  const flat = conditions.flatMap((each) => (each.kind === 'all' ? each.of : [each])).filter((each) => each.kind !== 'always')
  const merged = distinct(mergedOnes(flat, allOf))
  if (merged.some((each) => each.kind === 'never' || (each.kind === 'one' && each.where.kind === 'never'))) return never
  const [first, ...rest] = merged
  if (first === undefined) return always
  return rest.length === 0 ? first : { kind: 'all', of: [first, ...rest] }
}

/** Flattened, without repetitions, to-one tests of one reference merged. */
export const anyOf = (conditions: readonly Condition[]): Condition => {
  const flat = conditions.flatMap((each) => (each.kind === 'any' ? each.of : [each])).filter((each) => each.kind !== 'never')
  if (flat.some((each) => each.kind === 'always')) return always
  const [first, ...rest] = distinct(mergedOnes(flat, anyOf))
  if (first === undefined) return never
  return rest.length === 0 ? first : { kind: 'any', of: [first, ...rest] }
}

/** The conjuncts of a condition; none for `always`. */
export const conjuncts = (condition: Condition): readonly Condition[] =>
  condition.kind === 'all' ? condition.of : condition.kind === 'always' ? [] : [condition]

export const isLeaf = (condition: Condition): condition is Leaf => condition.kind === 'compare' || condition.kind === 'in'

const inCondition = (field: string, values: readonly Operand[], negated: boolean): Condition => {
  if (values.length === 0) return negated ? always : never
  return { kind: 'in', field, values, negated }
}

const mergedOnes = (conditions: readonly Condition[], merge: typeof allOf): readonly Condition[] => {
  const merged: Condition[] = []
  for (const each of conditions) {
    const at = each.kind === 'one' && !each.negated ? merged.findIndex((other) => other.kind === 'one' && !other.negated && other.field === each.field) : -1
    const other = merged[at]
    if (each.kind !== 'one' || other?.kind !== 'one') merged.push(each)
    else merged[at] = { ...other, where: merge([other.where, each.where]) }
  }
  return merged
}

const distinct = (conditions: readonly Condition[]): readonly Condition[] => {
  const seen = new Map(conditions.map((each) => [JSON.stringify(each), each]))
  return [...seen.values()]
}
