import { implies, requiredClaims } from '../implies.js'
import { allOf, always, anyOf, notOf } from '../logic.js'
import type { Predicate, Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'

/** Warns of rows that a client may create and that no scope would then carry: they leave its cache once they are confirmed. */
export const checkCreateRules = ({ models }: Declarations, schema: Schema, report: Report): void => {
  const required = requiredClaims(schema)
  for (const { name, access } of schema.models) {
    if (access.create.kind === 'never') continue
    const lines = schema.scopes.flatMap((each) => each.lines).filter((each) => each.model === name)
    const carried = anyOf(lines.map((each) => allOf([whatever(each.where), access.read])))
    const rules = models.get(name)?.access?.rules ?? []
    const at = (rules.find((each) => each.action.text === 'create') ?? rules.find((each) => each.action.text === 'write'))?.action.at
    if (at === undefined || implies(access.create, carried, required)) continue
    const message = lines.length === 0
      ? `clients may create ${name}, which no scope carries`
      : `clients may create rows of ${name} that none of its scope lines is sure to carry`
    report('SG602', at, message, 'narrow the create rule, or add a scope line that its rows are in; others leave the cache when they are confirmed')
  }
}

/** The predicate for parameters chosen as they please. */
const whatever = (where: Predicate): Predicate => {
  switch (where.kind) {
    case 'compare':
      return where.value.kind === 'param' ? always : where
    case 'in':
      return where.values.some((each) => each.kind === 'param') ? always : where
    case 'all':
      return allOf(where.of.map(whatever))
    case 'any':
      return anyOf(where.of.map(whatever))
    case 'not':
      return hasParam(where.of) ? always : notOf(where.of)
    case 'one':
    case 'some':
      return { ...where, where: whatever(where.where) }
    default:
      return where
  }
}

const hasParam = (predicate: Predicate): boolean => JSON.stringify(predicate).includes('"kind":"param"')
