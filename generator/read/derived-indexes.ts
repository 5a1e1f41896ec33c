import type { NamelessIndex } from './build-indexes.js'
import type { Shape } from './ground.js'
import { conjunctsOf, partsOf } from './logic.js'
import type { Predicate } from '../model.js'

/** What the search for missing indexes looks at: predicates with the model they stand on, and the indexes that are declared. */
export interface IndexSearch {
  readonly predicates: readonly { readonly model: string; readonly predicate: Predicate }[]
  readonly shapes: ReadonlyMap<string, Shape>
  readonly indexes: ReadonlyMap<string, readonly NamelessIndex[]>
}

/**
 * The fields, by model, that predicates need an index on: each reference that one crosses (changes are followed against its
 * direction, too), and each reference or uuid that one compares with a claim or parameter, unless a partial index serves there.
 */
export const fieldsToIndex = ({ predicates, shapes, indexes }: IndexSearch): ReadonlyMap<string, ReadonlySet<string>> => {
  const wanted = new Map<string, Set<string>>()
  const want = (model: string, field: string): void => {
    wanted.set(model, (wanted.get(model) ?? new Set()).add(field))
  }
  const isKey = (model: string, name: string): boolean =>
    name !== 'id' && (shapes.get(model)?.fields.some((each) => each.name === name && each.type.kind === 'uuid') ?? false)
  const walk = (predicate: Predicate, model: string, beside: readonly Predicate[]): void => {
    switch (predicate.kind) {
      case 'one':
        want(model, predicate.field)
        walk(predicate.where, predicate.model, conjunctsOf(predicate.where))
        break
      case 'some':
        want(predicate.model, predicate.field)
        walk(predicate.where, predicate.model, conjunctsOf(predicate.where))
        break
      case 'compare':
      case 'in':
        if (isLookup(predicate) && isKey(model, predicate.field) && !isServed(predicate.field, indexes.get(model) ?? [], beside)) {
          want(model, predicate.field)
        }
        break
      default:
        for (const part of partsOf(predicate)) walk(part, model, predicate.kind === 'all' ? beside : [part])
    }
  }
  for (const { model, predicate } of predicates) walk(predicate, model, conjunctsOf(predicate))
  return wanted
}

/** Whether rows are looked up by a value that is not known in advance. */
const isLookup = (predicate: Extract<Predicate, { kind: 'compare' | 'in' }>): boolean =>
  predicate.kind === 'compare'
    ? predicate.op === 'eq' && predicate.value.kind !== 'literal'
    : !predicate.negated && predicate.values.some((each) => each.kind !== 'literal')

/** Whether a partial index on the field covers every row that satisfies what stands beside the comparison. */
const isServed = (field: string, indexes: readonly NamelessIndex[], beside: readonly Predicate[]): boolean =>
  indexes.some(
    ({ fields, where }) =>
      fields[0] === field && where !== null && conjunctsOf(where).every((part) => beside.some((each) => isSame(each, part))),
  )

const isSame = (left: Predicate, right: Predicate): boolean => JSON.stringify(left) === JSON.stringify(right)
