import { type Field, type Model, modelOf, type Schema } from '../model.js'
import { labelsOf, sqlType, valueLiteral } from './field-types.js'
import { predicateSql } from './predicate-sql.js'
import { fitted, literal, quoted } from './text.js'

/**
 * Tables, then foreign keys to tables declared later, then indexes. Foreign keys are deferrable, so that a transaction may
 * insert in any order; unique indexes are not, because ON CONFLICT does not accept a deferrable one as its arbiter.
 */
export const tablesSql = (schema: Schema): string => {
  const declared = new Set<string>()
  const tables: string[] = []
  const late: string[] = []
  for (const model of schema.models) {
    declared.add(model.name)
    const references = model.fields.filter((field) => field.reference !== null)
    const inTable = references.filter((field) => declared.has(field.reference?.model ?? ''))
    tables.push(tableSql(schema, model, inTable))
    for (const field of references.filter((each) => !inTable.includes(each)))
      late.push(`alter table ${quoted(model.table)} add ${foreignKey(schema, model, field)};`)
  }
  const indexes = schema.models.flatMap((model) => model.indexes.map((index) => indexSql(schema, model, index)))
  return [...tables, ...(late.length > 0 ? [late.join('\n')] : []), indexes.join('\n')].join('\n\n')
}

const tableSql = (schema: Schema, model: Model, references: readonly Field[]): string => {
  const table = quoted(model.table)
  const lines = [
    ...model.fields.map(columnSql),
    '"version" bigint not null',
    ...model.fields.flatMap((field) => checkSql(schema, model, field)),
    ...references.map((field) => foreignKey(schema, model, field)),
  ]
  const comments = [
    ...(model.doc === null ? [] : [`comment on table ${table} is ${literal(model.doc)};`]),
    ...model.fields.flatMap(({ column, doc }) => (doc === null ? [] : [`comment on column ${table}.${quoted(column)} is ${literal(doc)};`])),
  ]
  return [`create table ${table} (\n  ${lines.join(',\n  ')}\n);`, ...comments].join('\n')
}

const columnSql = (field: Field): string => {
  const key = field.name === 'id' ? ' primary key' : field.nullable ? '' : ' not null'
  const value = defaultSql(field)
  return `${quoted(field.column)} ${sqlType(field.type)}${key}${value === null ? '' : ` default ${value}`}`
}

const defaultSql = (field: Field): string | null => {
  if (field.name === 'id') return 'syncgen.uuid_v7()'
  if (field.implicit) return 'clock_timestamp()'
  return field.default === null || field.default.value === null ? null : valueLiteral(field.type, field.default.value)
}

const checkSql = (schema: Schema, model: Model, field: Field): readonly string[] => {
  const checks = checksOf(schema, field)
  if (checks.length === 0) return []
  return [`constraint ${quoted(fitted(`${model.table}_${field.column}_check`))} check (${checks.join(' and ')})`]
}

/** What the type alone lets through and a client could not hold or send back. A check holds for null. */
const checksOf = (schema: Schema, { type, column }: Field): readonly string[] => {
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

const foreignKey = (schema: Schema, model: Model, field: Field): string => {
  if (field.reference === null) throw new Error(`${model.name}.${field.name} is no reference`)
  const target = modelOf(schema, field.reference.model)
  const action = { cascade: ' on delete cascade', setNull: ' on delete set null', restrict: ' on delete restrict', noAction: '' }[field.reference.onDelete]
  const name = quoted(fitted(`${model.table}_${field.column}_fkey`))
  return `constraint ${name} foreign key (${quoted(field.column)}) references ${quoted(target.table)} ("id")${action} deferrable initially immediate`
}

const indexSql = (schema: Schema, model: Model, index: Model['indexes'][number]): string => {
  const columns = index.fields.map((name) => quoted(model.fields.find((field) => field.name === name)?.column ?? name))
  const where = index.where === null ? '' : ` where ${predicateSql(schema, index.where, { model, alias: null }).text}`
  return `create ${index.unique ? 'unique ' : ''}index ${quoted(index.name)} on ${quoted(model.table)} (${columns.join(', ')})${where};`
}
