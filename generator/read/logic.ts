/** Conjunction, disjunction and negation that keep predicates small: `always` and `never` stand alone, nothing nests in its like. */
import type { Predicate } from '../model.js'

export const always: Predicate = { kind: 'always' }
export const never: Predicate = { kind: 'never' }

export const allOf = (parts: readonly Predicate[]): Predicate => {
  const of = parts.flatMap((each) => (each.kind === 'all' ? each.of : each.kind === 'always' ? [] : [each]))
  if (of.some((each) => each.kind === 'never')) return never
  return of.length === 1 && of[0] !== undefined ? of[0] : of.length === 0 ? always : { kind: 'all', of }
}

export const anyOf = (parts: readonly Predicate[]): Predicate => {
  const of = parts.flatMap((each) => (each.kind === 'any' ? each.of : each.kind === 'never' ? [] : [each]))
  if (of.some((each) => each.kind === 'always')) return always
  return of.length === 1 && of[0] !== undefined ? of[0] : of.length === 0 ? never : { kind: 'any', of }
}

export const notOf = (part: Predicate): Predicate => {
  if (part.kind === 'always') return never
  if (part.kind === 'never') return always
  return part.kind === 'not' ? part.of : { kind: 'not', of: part }
}

/** Predicates directly below. */
export const partsOf = (predicate: Predicate): readonly Predicate[] => {
  switch (predicate.kind) {
    case 'all':
    case 'any':
      return predicate.of
    case 'not':
      return [predicate.of]
    case 'one':
    case 'some':
      return [predicate.where]
    default:
      return []
  }
}

/** The conjuncts of a predicate: itself, unless it is an `all`. */
export const conjunctsOf = (predicate: Predicate): readonly Predicate[] =>
  predicate.kind === 'all' ? predicate.of : predicate.kind === 'always' ? [] : [predicate]
