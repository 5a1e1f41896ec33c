import type { Field, Model, Schema } from '../model.js'
import { checkOf, columnSql, commentSql, constraintSql, foreignKeyOf, indexSql, uniqueOf } from './table-parts.js'
import { quoted } from './text.js'

/**
 * Tables, then foreign keys to tables declared later, then indexes. Foreign keys are deferrable, so that a transaction may
 * insert in any order; uniques are so only if the schema says it, because ON CONFLICT does not accept a deferrable one as its arbiter.
 * `models`: those whose tables are not there yet.
 */
export const tablesSql = (schema: Schema, models: readonly Model[] = schema.models): string => {
  const declared = new Set(schema.models.filter((model) => !models.includes(model)).map(({ name }) => name))
  const tables: string[] = []
  const late: string[] = []
  for (const model of models) {
    declared.add(model.name)
    const references = model.fields.filter((field) => field.reference !== null)
    const inTable = references.filter((field) => declared.has(field.reference?.model ?? ''))
    tables.push(tableSql(schema, model, inTable))
    for (const field of references.filter((each) => !inTable.includes(each)))
      late.push(`alter table ${quoted(model.table)} add ${constraintSql(foreignKeyOf(schema, model, field))};`)
  }
  const indexes = models.flatMap((model) => model.indexes.flatMap((index) => (index.deferrable ? [] : [`${indexSql(schema, model, index)};`])))
  return [...tables, ...(late.length > 0 ? [late.join('\n')] : []), indexes.join('\n')].join('\n\n')
}

const tableSql = (schema: Schema, model: Model, references: readonly Field[]): string => {
  const table = quoted(model.table)
  const lines = [
    ...model.fields.map(columnSql),
    '"version" bigint not null',
    ...model.fields.flatMap((field) => checkOf(schema, model, field) ?? []).map(constraintSql),
    ...references.map((field) => constraintSql(foreignKeyOf(schema, model, field))),
    ...model.indexes.filter((index) => index.deferrable).map((index) => constraintSql(uniqueOf(model, index))),
  ]
  return [`create table ${table} (\n  ${lines.join(',\n  ')}\n);`, ...commentSql(model)].join('\n')
}
