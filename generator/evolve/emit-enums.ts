import { type Field, type Model, modelOf, type Schema } from '../model.js'
import { checkOf, constraintSql } from '../sql/table-parts.js'
import { literal, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import { checkedLater } from './emit-fields.js'
import { fillSql } from './fill-sql.js'
import type { Planned } from './phases.js'
import type { EnumStep, Step } from './steps.js'

type ValueStep = Extract<EnumStep, { readonly kind: 'value-added' | 'value-renamed' | 'value-dropped' }>

/**
 * The columns of an enum whose values changed; told once for all of its steps, with the first. Where rows move from one value to another,
 * both are allowed until they have.
 */
export const changedEnum = (step: ValueStep, evolution: Evolution): readonly Planned[] => {
  const steps = evolution.steps.filter((each): each is ValueStep => isValueStep(each) && each.enum === step.enum)
  if (steps[0] !== step) return []
  const moves = movesOf(step.enum, steps)
  return columnsOf(step.enum, evolution).flatMap(({ model, field, was }) => changedColumn(model, field, was, moves, evolution))
}

/** Columns whose rows move from values of before to values of now. */
export const movedColumns = ({ steps, ...evolution }: Evolution): readonly { readonly model: Model; readonly field: Field; readonly moves: Moves }[] =>
  [...new Set(steps.filter(isValueStep).map((step) => step.enum))].flatMap((name) => {
    const moves = movesOf(name, steps)
    return moves.length === 0 ? [] : columnsOf(name, evolution).map(({ model, field }) => ({ model, field, moves }))
  })

/** From which value to which. */
export type Moves = readonly (readonly [from: string, to: string])[]

const movesOf = (name: string, steps: readonly Step[]): Moves =>
  steps.flatMap((each): Moves => {
    if (!isValueStep(each) || each.enum !== name) return []
    if (each.kind === 'value-renamed') return [[each.from, each.value]]
    return each.kind === 'value-dropped' && each.to !== null ? [[each.value, each.to]] : []
  })

const changedColumn = (model: Model, field: Field, was: Field, moves: Moves, { renamed, next }: Evolution): readonly Planned[] => {
  const before = checkOf(renamed, modelOf(renamed, model.name), was)
  const after = checkOf(next, model, field)
  if (before === null || after === null) return []
  const drop = `alter table ${quoted(model.table)} drop constraint ${quoted(after.name)};`
  const swap: Planned = { phase: 'expand', why: `${model.table}: other values are allowed.`, sql: drop }
  if (moves.length === 0) return [swap, ...checkedLater(model, [after])]
  const both = checkOf({ ...next, enums: [...united(renamed, next, field)] }, model, field) ?? after
  return [
    { ...swap, why: `${model.table}: until all rows have moved, the values of before and those of now are allowed.`, sql: `${drop}\nalter table ${quoted(model.table)} add ${constraintSql(both)} not valid;` },
    { phase: 'fill', why: `${model.table}: rows move to the values of now. The log says so, like any other change.`, sql: moveSql(model, field, moves) },
    ...checkedLater(model, [after]).map((each): Planned => (each.phase === 'expand' ? { ...each, phase: 'tighten', sql: `${drop}\n${each.sql}` } : each)),
  ]
}

const moveSql = (model: Model, field: Field, moves: Moves): string =>
  fillSql(model, `${quoted(field.column)} = ${movedValue(field, moves)}`, movedWhere(quoted(field.column), field, moves))

/** What a row has after it moved. */
export const movedValue = (field: Field, moves: Moves): string => {
  const column = quoted(field.column)
  if (field.type.kind !== 'list') return `case ${column} ${moves.map(([from, to]) => `when ${literal(from)} then ${literal(to)}`).join(' ')} end`
  const moved = moves.reduce((value, [from, to]) => `array_replace(${value}, ${literal(from)}, ${literal(to)})`, column)
  // Of two elements that became one, a set keeps the first.
  return field.conflict === 'set' ? `array(select e.label from unnest(${moved}) with ordinality e(label, at) group by e.label order by min(e.at))` : moved
}

/** Whether a row has to move. `column`: as SQL names it where this is asked. */
export const movedWhere = (column: string, { type }: Field, moves: Moves): string => {
  const old = moves.map(([from]) => literal(from)).join(', ')
  return type.kind === 'list' ? `${column} && array[${old}]` : `${column} in (${old})`
}

const columnsOf = (name: string, { renamed, next }: Pick<Evolution, 'renamed' | 'next'>): readonly { readonly model: Model; readonly field: Field; readonly was: Field }[] =>
  next.models.flatMap((model) =>
    model.fields.flatMap((field) => {
      const was = renamed.models.find((each) => each.name === model.name)?.fields.find((each) => each.name === field.name)
      return was !== undefined && enumOf(was) === name && enumOf(field) === name ? [{ model, field, was }] : []
    }),
  )

const enumOf = ({ type }: Field): string | null =>
  type.kind === 'enum' ? type.enum : type.kind === 'list' && type.of.kind === 'enum' ? type.of.enum : null

/** Enums with the values of both versions. */
const united = (before: Schema, after: Schema, field: Field): Schema['enums'] =>
  after.enums.map((each) => {
    if (each.name !== enumOf(field)) return each
    const old = before.enums.find(({ name }) => name === each.name)?.values ?? []
    return { ...each, values: [...each.values, ...old.filter(({ name }) => !each.values.some((value) => value.name === name))] }
  })

const isValueStep = (step: Step): step is ValueStep => step.kind === 'value-added' || step.kind === 'value-renamed' || step.kind === 'value-dropped'
