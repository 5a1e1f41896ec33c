/**
 * Rows that somebody writes as before while a migration is under way: a server that is not replaced yet, a script. They get what the
 * fill gives to the rows that are there, until the migration is done: none is left over that a constraint would find then.
 */
import { type Field, fieldOf, type Model, modelOf } from '../model.js'
import { expressionSql } from '../sql/expression-sql.js'
import { sqlType, valueLiteral } from '../sql/field-types.js'
import { dollarQuoted, fitted, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import { movedColumns, movedValue, movedWhere } from './emit-enums.js'
import type { Planned } from './phases.js'
import type { Step } from './steps.js'

/** Before the trigger that stamps, in the order of their names. */
export const meanwhileTrigger = 'syncgen_meanwhile'

/** One trigger for each table where rows could be left over: made with the columns, dropped last. Steps in the order in which they are filled. */
export const meanwhile = (evolution: Evolution): readonly Planned[] =>
  evolution.next.models.flatMap((model): readonly Planned[] => {
    const gifts = giftsOf(model, evolution)
    if (gifts.length === 0) return []
    const table = quoted(model.table)
    const name = `syncgen.${quoted(fitted(`meanwhile_${model.table}`))}`
    return [
      { phase: 'expand', why: `${model.table}: until this migration is done, rows that are written as before get what those get that are there.`, sql: `${functionSql(name, gifts)}\n\n${triggerSql(name, table, gifts)}` },
      { phase: 'finish', why: `${model.table}: nobody needs help any more.`, sql: `drop trigger if exists ${meanwhileTrigger} on ${table};\ndrop function if exists ${name}();` },
    ]
  })

/** A column that gets a value where it has none, or one of before. */
interface Gift {
  readonly column: string
  /** In terms of the row's columns. */
  readonly value: string
  readonly isDue: string
}

const giftsOf = (model: Model, evolution: Evolution): readonly Gift[] => [
  ...movedColumns(evolution).flatMap(({ model: { name }, field, moves }) =>
    name === model.name ? [{ column: quoted(field.column), value: movedValue(field, moves), isDue: movedWhere(ofRow(field), field, moves) }] : [],
  ),
  ...evolution.steps.flatMap((step) => (step.kind === 'required' || step.kind === 'field-added') && step.model === model.name ? (giftOf(step, model, evolution) ?? []) : []),
]

const giftOf = (step: Extract<Step, { readonly kind: 'required' | 'field-added' }>, model: Model, { renamed, steps }: Evolution): Gift | null => {
  const field = fieldOf(model, typeof step.field === 'string' ? step.field : step.field.name)
  const as = (value: string): Gift => ({ column: quoted(field.column), value, isDue: `${ofRow(field)} is null` })
  // A constant of a new field is in the catalog; null in one that may be null is an answer.
  if (step.kind === 'field-added' && (field.nullable || step.fill.kind !== 'expression')) return null
  switch (step.fill.kind) {
    case 'constant':
      return as(valueLiteral(field.type, step.fill.value))
    case 'expression':
      return as(expressionSql(step.fill.expression, field.type, { fields: model.fields, old: null }))
    case 'converted': {
      const changed = steps.find((each) => each.kind === 'type-changed' && each.model === model.name && each.field === field.name)
      if (changed?.kind !== 'type-changed' || changed.convert === null) return null
      const { column, type } = fieldOf(modelOf(renamed, model.name), field.name)
      const value = expressionSql(changed.convert.as, field.type, { fields: [], old: { column, type } })
      return as(`(select ${value} from (select null::${sqlType(type)} as ${quoted(column)}) as before)`)
    }
    case 'none':
    case 'now':
      return null
  }
}

const ofRow = ({ column }: Field): string => `new.${quoted(column)}`

const functionSql = (name: string, gifts: readonly Gift[]): string => `create function ${name}() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as ${dollarQuoted(`
#variable_conflict use_column
begin
${gifts.map((gift) => `  if ${gift.isDue} then\n    new.${gift.column} := (select ${gift.value} from (select new.*) as written);\n  end if;`).join('\n')}
  return new;
end
`)};`

const triggerSql = (name: string, table: string, gifts: readonly Gift[]): string => `create trigger ${meanwhileTrigger} before insert or update on ${table}
  for each row when (${gifts.map(({ isDue }) => isDue).join(' or ')}) execute function ${name}();
alter table ${table} enable always trigger ${meanwhileTrigger};`
