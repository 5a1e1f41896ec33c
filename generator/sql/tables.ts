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
  const columns = model.fields.map((field) => columnSql(schema, model, field))
  const lines = [...columns, '"version" bigint not null', ...references.map((field) => foreignKey(schema, model, field))]
  const comment = model.doc === null ? '' : `\ncomment on table ${quoted(model.table)} is ${literal(model.doc)};`
  return `create table ${quoted(model.table)} (\n  ${lines.join(',\n  ')}\n);${comment}`
}

const columnSql = (schema: Schema, model: Model, field: Field): string => {
  const parts = [quoted(field.column), sqlType(field.type)]
  if (field.name === 'id') parts.push('primary key')
  else if (!field.nullable) parts.push('not null')
  const value = defaultSql(field)
  if (value !== null) parts.push(`default ${value}`)
  const checks = checksOf(schema, field)
  if (checks.length > 0)
    parts.push(`constraint ${quoted(fitted(`${model.table}_${field.column}_check`))} check (${checks.join(' and ')})`)
  return parts.join(' ')
}

const defaultSql = (field: Field): string | null => {
  if (field.name === 'id') return 'syncgen.uuid_v7()'
  if (field.implicit) return 'clock_timestamp()'
  return field.default === null || field.default.value === null ? null : valueLiteral(field.type, field.default.value)
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
      return [`${name} >= '0001-01-01 00:00:00+00'`, `${name} < '10000-01-01 00:00:00+00'`]
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
