import { type Field, type Model, modelOf, type Schema } from '../model.js'
import { checkOf, foreignKeyOf, indexedSql } from '../sql/table-parts.js'
import { fitted, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import type { Planned } from './phases.js'

/**
 * Tables and columns under their new names, and everything that is named after them, so that the database is what a new one
 * would be. Renaming changes catalogs only.
 */
export const renamedTables = (evolution: Evolution): readonly Planned[] =>
  evolution.renamed.models.flatMap((model) => renamedTable(modelOf(evolution.previous, formerModel(evolution, model.name)), model, evolution))

/** What a model was called before the renames. */
export const formerModel = ({ steps }: Evolution, name: string): string => {
  const step = steps.find((each) => each.kind === 'model-renamed' && each.model === name)
  return step?.kind === 'model-renamed' ? step.from : name
}

const renamedTable = (before: Model, after: Model, evolution: Evolution): readonly Planned[] => {
  const table = quoted(after.table)
  const rename = (what: string, from: string, to: string): readonly string[] => (from === to ? [] : [`alter table ${table} rename ${what}${quoted(from)} to ${quoted(to)};`])
  const moved = before.table === after.table
    ? []
    : [
        `alter table ${quoted(before.table)} rename to ${table};`,
        ...rename('constraint ', keyName(before), keyName(after)),
        `alter function syncgen.${quoted(fitted(`capture_${before.table}`))}() rename to ${quoted(fitted(`capture_${after.table}`))};`,
      ]
  const columns = before.fields.flatMap((field, at) => rename('column ', field.column, after.fields[at]?.column ?? field.column))
  const constraints = before.fields.flatMap((field, at) => {
    const old = constraintsOf(evolution.previous, before, field)
    const fresh = constraintsOf(evolution.renamed, after, after.fields[at] ?? field)
    return old.flatMap((name, index) => rename('constraint ', name, fresh[index] ?? name))
  })
  const lines = [...moved, ...columns, ...constraints, ...renamedIndexes(evolution, after)]
  if (lines.length === 0) return []
  return [{ phase: 'expand', why: `${before.table}: new names, also for what is named after them. Rows are not touched.`, sql: lines.join('\n') }]
}

const constraintsOf = (schema: Schema, model: Model, field: Field): readonly string[] => [
  ...(checkOf(schema, model, field) === null ? [] : [checkOf(schema, model, field)?.name ?? '']),
  ...(field.reference === null ? [] : [foreignKeyOf(schema, model, field).name]),
]

/** Indexes that stay, and are called otherwise in the new version. */
const renamedIndexes = ({ renamed, next }: Evolution, before: Model): readonly string[] => {
  const after = next.models.find(({ name }) => name === before.name)
  if (after === undefined) return []
  return before.indexes.flatMap((old) => {
    const same = after.indexes.find((index) => index.unique === old.unique && index.deferrable === old.deferrable && indexedSql(next, after, index) === indexedSql(renamed, before, old))
    return same === undefined || same.name === old.name ? [] : [`alter index ${quoted(old.name)} rename to ${quoted(same.name)};`]
  })
}

/** As PostgreSQL names it, which cuts the table's name to fit. */
const keyName = ({ table }: Model): string => `${table.slice(0, 58)}_pkey`
