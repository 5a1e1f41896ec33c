import type { Model, Predicate, Schema, Scope } from '../model.js'
import { conditionOf } from './condition.js'
import { canBeUnknown, conditionSql } from './condition-sql.js'
import { Parameters, type Statement } from './parameters.js'
import { quoted } from './text.js'

/** Where a predicate is to stand. */
export interface PredicatePlace {
  readonly model: Model
  /** Of the row it judges; null: column names alone, as in a partial index. */
  readonly alias: string | null
  /** Whose parameters it may name. */
  readonly scope?: Scope
  /** How many parameters the statement has before those of the predicate. */
  readonly own?: number
}

/**
 * A predicate as a boolean SQL expression: true or false for every row, never null, by the truth table in docs/schema.md
 * (equality is IS NOT DISTINCT FROM, an order comparison with null is false).
 */
export const predicateSql = (schema: Schema, predicate: Predicate, place: PredicatePlace): Statement => {
  const { model, alias, scope = null, own = 0 } = place
  const parameters = new Parameters(schema, scope, own)
  const condition = conditionOf(predicate)
  const text = conditionSql(condition, {
    schema,
    model,
    column: (field) => (alias === null ? quoted(field.column) : `${alias}.${quoted(field.column)}`),
    parameters,
    taken: alias === null ? [] : [alias],
    existence: 'exists',
  })
  const exact = canBeUnknown(condition, model, parameters) ? `coalesce(${text}, false)` : text
  return { text: exact, values: parameters.values }
}
