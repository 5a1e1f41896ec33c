import { fieldOf } from '../model.js'
import { type Condition, conjuncts, type One, type Some } from './condition.js'
import { type Against, conditionSql, existsSql } from './condition-sql.js'
import type { Moves } from './moves.js'
import { indented, joined } from './text.js'

/** The conjuncts of a condition as it held at $1, for a row of which `against` gives the columns as they were then. */
export const wasItems = (condition: Condition, against: Against, moves: Moves): readonly string[] =>
  conjuncts(condition).map((each) => wasSql(each, against, moves))

const wasSql = (condition: Condition, against: Against, moves: Moves): string => {
  const alternatives = wasAlternatives(condition, against, moves)
  const text = joined(alternatives, 'or')
  return alternatives.length === 1 ? text : `(${indented(text)})`
}

const wasAlternatives = (condition: Condition, against: Against, moves: Moves): readonly string[] => {
  switch (condition.kind) {
    case 'all':
      return [`(${indented(joined(wasItems(condition, against, moves), 'and'))})`]
    case 'any':
      return condition.of.flatMap((each) => wasAlternatives(each, against, moves))
    case 'one':
    case 'some': {
      const alternatives = didExist(condition, against, moves)
      return condition.negated ? [`not coalesce(${indented(joined(alternatives, 'or'), 4)}, false)`] : alternatives
    }
    default:
      return [conditionSql(condition, against)]
  }
}

/**
 * Whether the test held at $1: a row that it leads to was lost or moved since, or was not gained since and is there now. A row that did not
 * move contributes now what it contributed then.
 */
const didExist = (test: One | Some, against: Against, moves: Moves): readonly string[] => {
  const moved = moves.of(test)
  const positive = { ...test, negated: false }
  const gained = `select key from ${moved} where link_now is not null`
  const value = against.column(fieldOf(against.model, test.kind === 'one' ? test.field : 'id'))
  const lost = `${value} in (select link_was from ${moved} where link_was is not null)`
  if (test.kind === 'some') return [lost, existsSql(positive, against, (alias) => [`${alias}."id" not in (${gained})`])]
  return [lost, `(${value} not in (${gained})\n  and ${indented(existsSql(positive, against))})`]
}
