/** Steps of one column. */
import { type Expression, type Field, fieldOf, type FieldType, type Model, modelOf, type Schema } from '../model.js'
import { expressionSql } from '../sql/expression-sql.js'
import { isText, sqlType, valueLiteral } from '../sql/field-types.js'
import { checkOf, columnCommentSql, type Constraint, constraintSql, defaultSql, foreignKeyOf } from '../sql/table-parts.js'
import { fitted, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import { fillSql } from './fill-sql.js'
import type { Planned } from './phases.js'
import type { FieldStep } from './steps.js'

type Of<Kind extends FieldStep['kind']> = Extract<FieldStep, { readonly kind: Kind }>

export const addedField = ({ model: name, field: { name: fieldName }, fill }: Of<'field-added'>, { next }: Evolution): readonly Planned[] => {
  const model = modelOf(next, name)
  const field = fieldOf(model, fieldName)
  const own = defaultSql(field)
  if (fill.kind === 'expression') return filledField(model, field, fill.expression, next)
  const first = fill.kind === 'now' ? 'now()' : fill.kind === 'constant' ? valueLiteral(field.type, fill.value) : null
  const column = `${quoted(field.column)} ${sqlType(field.type)}${field.nullable ? '' : ' not null'}${first === null ? '' : ` default ${first}`}`
  const later = first === own ? [] : [`alter table ${quoted(model.table)} alter column ${quoted(field.column)} ${own === null ? 'drop default' : `set default ${own}`};`]
  const why = first === null ? 'a column that is null in the rows that are there' : 'a column; the rows that are there have its first value without being written'
  return [
    { phase: 'expand', why: `${model.table}: ${why}.`, sql: [`alter table ${quoted(model.table)} add column ${column};`, ...later, ...columnCommentSql(model, field)].join('\n') },
    ...checkedLater(model, constraintsOf(next, model, field)),
  ]
}

/** Null until the rows have their values; then, if it is to be so, never again. */
const filledField = (model: Model, field: Field, expression: Expression, next: Schema): readonly Planned[] => {
  const [table, column] = [quoted(model.table), quoted(field.column)]
  const own = defaultSql(field)
  const later = own === null ? [] : [`alter table ${table} alter column ${column} set default ${own};`]
  return [
    { phase: 'expand', why: `${model.table}: a column that is null until the rows that are there get their values.`, sql: [`alter table ${table} add column ${column} ${sqlType(field.type)};`, ...later, ...columnCommentSql(model, field)].join('\n') },
    ...checkedLater(model, constraintsOf(next, model, field)),
    filled(model, field, expression),
    ...(field.nullable ? [] : neverNull(model, field)),
  ]
}

const filled = (model: Model, field: Field, expression: Expression): Planned => {
  const value = expressionSql(expression, field.type, { fields: model.fields, old: null })
  return { phase: 'fill', why: `${model.table}: the rows that are there get their values, from others that they have.`, sql: fillSql(model, `${quoted(field.column)} = ${value}`, `${quoted(field.column)} is null`) }
}

export const droppedField = ({ model: name, field }: Of<'field-dropped'>, { next }: Evolution): readonly Planned[] => {
  const table = quoted(modelOf(next, name).table)
  const column = quoted(field.column)
  return [
    ...(field.nullable ? [] : [{ phase: 'expand', why: `${table}: writers of the new version do not name this column.`, sql: `alter table ${table} alter column ${column} drop not null;` } as const]),
    { phase: 'finish', why: `${table}: a column that is no more in the schema, with its values.`, sql: `alter table ${table} drop column ${column};` },
  ]
}

/** One statement; PostgreSQL writes the table anew unless the new type holds the old values as they are. */
export const changedType = ({ model: name, field: fieldName, convert }: Of<'type-changed'>, { renamed, next }: Evolution): readonly Planned[] => {
  const [before, after] = [modelOf(renamed, name), modelOf(next, name)]
  const [was, now] = [fieldOf(before, fieldName), fieldOf(after, fieldName)]
  const table = quoted(after.table)
  const column = quoted(now.column)
  const [oldCheck, newCheck] = [checkOf(renamed, before, was), checkOf(next, after, now)]
  const changesType = sqlType(was.type) !== sqlType(now.type) || convert !== null
  const changesCheck = oldCheck?.definition !== newCheck?.definition
  const value = convert === null ? castSql(column, was.type, now.type) : `(${expressionSql(convert.as, now.type, { fields: [], old: { column: now.column, type: was.type } })})::${sqlType(now.type)}`
  const lines = [
    ...(oldCheck !== null && (changesCheck || changesType) ? [`alter table ${table} drop constraint ${quoted(oldCheck.name)};`] : []),
    ...(changesType
      ? [
          ...(defaultSql(was) === null ? [] : [`alter table ${table} alter column ${column} drop default;`]),
          `alter table ${table} alter column ${column} type ${sqlType(now.type)} using ${value};`,
          ...(defaultSql(now) === null ? [] : [`alter table ${table} alter column ${column} set default ${defaultSql(now) ?? ''};`]),
        ]
      : []),
  ]
  return [
    ...(lines.length === 0 ? [] : [{ phase: 'expand', why: changesType ? `${table}: another type. Nobody reads or writes the table while it is written anew.` : `${table}: other values are allowed.`, sql: lines.join('\n') } as const]),
    ...checkedLater(after, newCheck !== null && (changesCheck || changesType) ? [newCheck] : []),
  ]
}

/** As PostgreSQL casts, but not as the session that migrates happens to write dates: clients write them in one way. */
const castSql = (column: string, from: FieldType, to: FieldType): string => {
  const utc = `(${column} at time zone 'UTC')`
  if (from.kind === 'timestamp' && to.kind === 'date') return `${utc}::date`
  if (from.kind === 'date' && to.kind === 'timestamp') return `(${column}::timestamp at time zone 'UTC')`
  if (from.kind === 'date' && isText(to)) return `to_char(${column}, 'YYYY-MM-DD')`
  if (from.kind === 'timestamp' && isText(to)) return `to_char(${utc}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  return sqlType(from) === sqlType(to) ? column : `${column}::${sqlType(to)}`
}

export const madeNullable = ({ model, field }: Of<'nullable'>, { next }: Evolution): readonly Planned[] => {
  const { table, column } = placeOf(next, model, field)
  return [{ phase: 'expand', why: `${table}: may be null from now on.`, sql: `alter table ${table} alter column ${column} drop not null;` }]
}

/** Filled first; then a check, which can be added and validated without a long lock, tells PostgreSQL that it need not look. */
export const madeRequired = ({ model: name, field: fieldName, fill }: Of<'required'>, { next }: Evolution): readonly Planned[] => {
  const { model, field, table, column } = placeOf(next, name, fieldName)
  return [
    ...(fill.kind === 'constant'
      ? [{ phase: 'fill', why: `${table}: null becomes a value.`, sql: fillSql(model, `${column} = ${valueLiteral(field.type, fill.value)}`, `${column} is null`) } as const]
      : []),
    ...(fill.kind === 'expression' ? [filled(model, field, fill.expression)] : []),
    ...neverNull(model, field),
  ]
}

const neverNull = (model: Model, field: Field): readonly Planned[] => {
  const [table, column] = [quoted(model.table), quoted(field.column)]
  const check = quoted(fitted(`${model.table}_${field.column}_not_null_check`))
  return [
    { phase: 'tighten', why: `${table}: never null in rows that are written from now on.`, sql: `alter table ${table} add constraint ${check} check (${column} is not null) not valid;` },
    { phase: 'validate', why: `${table}: and in no row that is there.`, sql: `alter table ${table} validate constraint ${check};` },
    { phase: 'finish', why: `${table}: known from the check, which has then done its work.`, sql: `alter table ${table} alter column ${column} set not null;\nalter table ${table} drop constraint ${check};` },
  ]
}

export const changedDefault = ({ model, field: name }: Of<'default-changed'>, { next }: Evolution): readonly Planned[] => {
  const { field, table, column } = placeOf(next, model, name)
  const value = defaultSql(field)
  const sql = `alter table ${table} alter column ${column} ${value === null ? 'drop default' : `set default ${value}`};`
  return [{ phase: 'expand', why: `${table}: rows to come begin otherwise.`, sql }]
}

export const changedReference = (
  { model: name, field: fieldName }: Of<'reference-changed'> | Of<'on-delete-changed'>,
  { renamed, next }: Evolution,
): readonly Planned[] => {
  const { model, field, table } = placeOf(next, name, fieldName)
  const before = modelOf(renamed, name)
  const was = fieldOf(before, fieldName)
  const drop = was.reference === null ? [] : [`alter table ${table} drop constraint ${quoted(foreignKeyOf(renamed, before, was).name)};`]
  return [
    ...(drop.length === 0 ? [] : [{ phase: 'expand', why: `${table}: the reference of before.`, sql: drop.join('\n') } as const]),
    ...checkedLater(model, field.reference === null ? [] : [foreignKeyOf(next, model, field)]),
  ]
}

/** Constraints that hold at once for what is written, and for the rows that are there once these were looked at. */
export const checkedLater = (model: Model, constraints: readonly Constraint[]): readonly Planned[] =>
  constraints.flatMap((constraint): readonly Planned[] => [
    {
      phase: 'expand',
      why: `${model.table}: holds for rows that are written from now on; others are looked at later, without stopping writers.`,
      sql: `alter table ${quoted(model.table)} add ${constraintSql(constraint)} not valid;`,
    },
    {
      phase: 'validate',
      why: `${model.table}: and for those that are there. Others may write meanwhile.`,
      sql: `alter table ${quoted(model.table)} validate constraint ${quoted(constraint.name)};`,
    },
  ])

const constraintsOf = (schema: Schema, model: Model, field: Field): readonly Constraint[] => {
  const check = checkOf(schema, model, field)
  return [...(check === null ? [] : [check]), ...(field.reference === null ? [] : [foreignKeyOf(schema, model, field)])]
}

const placeOf = (schema: Schema, modelName: string, fieldName: string) => {
  const model = modelOf(schema, modelName)
  const field = fieldOf(model, fieldName)
  return { model, field, table: quoted(model.table), column: quoted(field.column) }
}
