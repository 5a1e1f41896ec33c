import { type Field, fieldOf, type Model, modelOf, type Schema } from '../model.js'
import { type Condition, conjuncts, type Gate, type One, type Some } from './condition.js'
import { leafCanBeUnknown, leafSql } from './leaf-sql.js'
import type { Parameters } from './parameters.js'
import { indented, joined, quoted } from './text.js'

/** What a condition's text is written against. */
export interface Against {
  readonly schema: Schema
  readonly model: Model
  /** Where a column of the row stands: `t."project_id"`. */
  readonly column: (field: Field) => string
  readonly parameters: Parameters
  /** Aliases already taken around this text. */
  readonly taken: readonly string[]
  /**
   * `exists` where the planner may make a join of it; `limit 1` where it must probe once per row, whatever it estimates
   * (an exists in a select list may turn into a hash of the whole table).
   */
  readonly existence: 'exists' | 'limit 1'
  /** Further conjuncts about each row whose existence the condition asks for; not about those that it forbids. */
  readonly provided?: Provided | undefined
}

/** Conjuncts about a row of a model under an alias. */
export type Provided = (model: Model, alias: string) => readonly string[]

/** A condition on the current tables. True for exactly the rows that satisfy it; otherwise false or unknown. */
export const conditionSql = (condition: Condition, against: Against): string => {
  switch (condition.kind) {
    case 'always':
      return 'true'
    case 'never':
      return 'false'
    case 'all':
      return joined(whereItems(condition, against), 'and')
    case 'any':
      return `(${indented(joined(condition.of.map((each) => operandOfOr(each, against)), 'or'))})`
    case 'compare':
    case 'in': {
      const field = fieldOf(against.model, condition.field)
      return leafSql(condition, field, against.column(field), against.parameters)
    }
    case 'one':
    case 'some':
    case 'gate':
      return existsSql(condition, against)
  }
}

/** Whether `conditionSql` can give unknown. */
export const canBeUnknown = (condition: Condition, model: Model, parameters: Parameters): boolean => {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.some((each) => canBeUnknown(each, model, parameters))
    case 'compare':
    case 'in':
      return leafCanBeUnknown(condition, fieldOf(model, condition.field), parameters)
    default:
      return false
  }
}

/**
 * An alias for a model's table: its initials (`tl` for TaskLabel), numbered where they are taken or an SQL keyword.
 * The long names in the emitted text (was, now, moved …) never collide with them.
 */
export const aliasOf = (model: Model, taken: readonly string[]): string => {
  const initials = model.table.split('_').map((word) => word.slice(0, 1)).join('').replace(/[^a-z]/g, '').slice(0, 4) || 'r'
  const free = (alias: string): boolean => !taken.includes(alias) && !keywords.has(alias)
  if (free(initials)) return initials
  for (let number = 2; ; number++) if (free(`${initials}${number}`)) return `${initials}${number}`
}

const operandOfOr = (condition: Condition, against: Against): string => {
  const text = conditionSql(condition, against)
  return condition.kind === 'all' ? `(${indented(text, 1)})` : text
}

/** `more`: further conjuncts about the row that is looked for. */
export const existsSql = (condition: One | Some | Gate, against: Against, more: (alias: string) => readonly string[] = () => []): string => {
  const { schema, parameters, taken, existence, provided } = against
  const model = modelOf(schema, condition.model)
  const alias = aliasOf(model, taken)
  const column = (field: Field): string => `${alias}.${quoted(field.column)}`
  const id = fieldOf(model, 'id')
  const link =
    condition.kind === 'one'
      ? `${column(id)} = ${against.column(fieldOf(against.model, condition.field))}`
      : condition.kind === 'some'
        ? `${column(fieldOf(model, condition.field))} = ${against.column(fieldOf(against.model, 'id'))}`
        : `${column(id)} = ${parameters.sql(condition.id, id.type)}`
  const inner = { schema, model, column, parameters, taken: [...taken, alias], existence, provided: condition.negated ? undefined : provided }
  const provisos = condition.negated ? [] : (provided?.(model, alias) ?? [])
  const where = joined([link, ...whereItems(condition.where, inner), ...provisos, ...more(alias)], 'and')
  const from = `from ${quoted(model.table)} ${alias}`
  const not = condition.negated ? 'not ' : ''
  if (existence === 'exists') return `${not}exists (select ${from} where ${indented(where)})`
  return `${not}coalesce((select true ${from} where ${indented(where)} limit 1), false)`
}

/** Conjuncts one by one, so that they line up with the caller's own; none for `always`. */
export const whereItems = (condition: Condition, against: Against): readonly string[] =>
  conjuncts(condition).map((each) => conditionSql(each, against))

const keywords = new Set(['all', 'and', 'any', 'as', 'asc', 'both', 'by', 'c', 'case', 'cast', 'desc', 'do', 'else', 'end', 'for', 'from', 'in', 'into', 'is', 'like', 'not', 'now', 'null', 'of', 'off', 'on', 'only', 'or', 'some', 'then', 'to', 'true', 'user', 'was', 'when', 'with'])
