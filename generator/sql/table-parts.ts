/** What tables are made of, each part by itself: a new table has them all, a migration adds, drops or renames some. */
import { type Field, type Index, type Model, modelOf, type Schema } from '../model.js'
import { labelsOf, sqlType, valueLiteral } from './field-types.js'
import { predicateSql } from './predicate-sql.js'
import { fitted, literal, quoted } from './text.js'

/** A named constraint of a table: its unquoted name, and its definition as in `check (…)`. */
export interface Constraint {
  readonly name: string
  readonly definition: string
}

/** A column with its type, key, nullability and default. */
export const columnSql = (field: Field): string => {
  const key = field.name === 'id' ? ' primary key' : field.nullable ? '' : ' not null'
  const value = defaultSql(field)
  return `${quoted(field.column)} ${sqlType(field.type)}${key}${value === null ? '' : ` default ${value}`}`
}

/** What a column gets that a writer does not name; null: nothing, or null. */
export const defaultSql = (field: Field): string | null => {
  if (field.name === 'id') return 'syncgen.uuid_v7()'
  if (field.implicit) return 'clock_timestamp()'
  return field.default === null || field.default.value === null ? null : valueLiteral(field.type, field.default.value)
}

/** Documentation, for those who meet the database first. */
export const commentSql = (model: Model): readonly string[] => [
  ...(model.doc === null ? [] : [`comment on table ${quoted(model.table)} is ${literal(model.doc)};`]),
  ...model.fields.flatMap((field) => columnCommentSql(model, field)),
]

/** The same of one column. */
export const columnCommentSql = (model: Model, { column, doc }: Field): readonly string[] =>
  doc === null ? [] : [`comment on column ${quoted(model.table)}.${quoted(column)} is ${literal(doc)};`]

/** The check of a column; null: its type needs none. */
export const checkOf = (schema: Schema, model: Pick<Model, 'table'>, field: Pick<Field, 'type' | 'column'>): Constraint | null => {
  const checks = checksOf(schema, field)
  if (checks.length === 0) return null
  return { name: fitted(`${model.table}_${field.column}_check`), definition: `check (${checks.join(' and ')})` }
}

/** The foreign key of a reference. */
export const foreignKeyOf = (schema: Schema, model: Pick<Model, 'name' | 'table'>, field: Field): Constraint => {
  if (field.reference === null) throw new Error(`${model.name}.${field.name} is no reference`)
  const target = modelOf(schema, field.reference.model)
  const action = { cascade: ' on delete cascade', setNull: ' on delete set null', restrict: ' on delete restrict', noAction: '' }[field.reference.onDelete]
  return {
    name: fitted(`${model.table}_${field.column}_fkey`),
    definition: `foreign key (${quoted(field.column)}) references ${quoted(target.table)} ("id")${action} deferrable initially immediate`,
  }
}

/** The constraint that an index belongs to, if it is a deferrable unique: PostgreSQL makes the index itself. */
export const uniqueOf = (model: Model, { name, fields }: Index): Constraint => ({
  name,
  definition: `unique (${columnList(model, fields)}) deferrable initially immediate`,
})

/** Makes a constraint of a unique index that is there, under its name. */
export const deferrableSql = (model: Model, { name }: Index): string =>
  `alter table ${quoted(model.table)} add constraint ${quoted(name)} unique using index ${quoted(name)} deferrable initially immediate`

/** `create index …`, without the semicolon; `concurrently` does not stop writers, and cannot stand in a transaction. */
export const indexSql = (schema: Schema, model: Model, index: Index, how: 'at once' | 'concurrently' = 'at once'): string =>
  `create ${index.unique ? 'unique ' : ''}index ${how === 'concurrently' ? 'concurrently ' : ''}${quoted(index.name)} ` +
  `on ${quoted(model.table)} ${indexedSql(schema, model, index)}`

/** A constraint as it stands in a table, or behind `add`. */
export const constraintSql = ({ name, definition }: Constraint): string => `constraint ${quoted(name)} ${definition}`

/** What an index is on: `("project_id", "state") where …`. */
export const indexedSql = (schema: Schema, model: Model, { fields, where }: Index): string => {
  return `(${columnList(model, fields)})${where === null ? '' : ` where ${predicateSql(schema, where, { model, alias: null }).text}`}`
}

const columnList = (model: Model, fields: readonly string[]): string =>
  fields.map((name) => quoted(model.fields.find((field) => field.name === name)?.column ?? name)).join(', ')

/** What the type alone lets through and a client could not hold or send back. A check holds for null. */
const checksOf = (schema: Schema, { type, column }: Pick<Field, 'type' | 'column'>): readonly string[] => {
  const name = quoted(column)
  switch (type.kind) {
    case 'string':
      return [
        ...(type.max === null ? [] : [`char_length(${name}) <= ${type.max}`]),
        ...(type.pattern === null ? [] : [`${name} ~ ${literal(type.pattern)}`]),
      ]
    case 'enum':
      return [`${name} in (${labelsOf(schema, type.enum).map(literal).join(', ')})`]
    case 'float':
      return [`${name} > '-infinity'`, `${name} < 'infinity'`]
    case 'decimal':
      return [`${name} <> 'NaN'`]
    case 'timestamp':
      return [`${name} between '0001-01-01 00:00:00Z' and '9999-12-31 23:59:59.999Z'`]
    case 'date':
      return [`${name} between '0001-01-01' and '9999-12-31'`]
    case 'json':
      return [`${name} <> 'null'`]
    case 'list':
      return [
        `coalesce(array_ndims(${name}) = 1 and array_lower(${name}, 1) = 1, true)`,
        `array_position(${name}, null) is null`,
        ...(type.of.kind === 'enum' ? [`${name} <@ array[${labelsOf(schema, type.of.enum).map(literal).join(', ')}]`] : []),
      ]
    default:
      return []
  }
}
