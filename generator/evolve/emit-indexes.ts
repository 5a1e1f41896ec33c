import { modelOf } from '../model.js'
import { deferrableSql, indexSql } from '../sql/table-parts.js'
import { fitted, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import type { Planned } from './phases.js'
import type { IndexStep } from './steps.js'

type Of<Kind extends IndexStep['kind']> = Extract<IndexStep, { readonly kind: Kind }>

/** Built beside the writers, alone in its file: that is how PostgreSQL wants it. */
export const addedIndex = ({ model: name, index }: Of<'index-added'>, { next }: Evolution): readonly Planned[] => {
  const model = modelOf(next, name)
  const unique = index.unique ? ' Fails if two rows have the same values; then mend them, and run it again.' : ''
  return [
    { phase: 'index', why: `${model.table}: built while others write.${unique}`, sql: `${indexSql(next, model, index, 'concurrently')};` },
    ...(index.deferrable ? [{ phase: 'tighten', why: `${model.table}: the index becomes a constraint that can wait for the end of a transaction.`, sql: `${deferrableSql(model, index)};` } as const] : []),
  ]
}

/** After the new ones are there. One whose name is needed steps aside first; one whose column is dropped is gone by then. */
export const droppedIndex = ({ model: name, index }: Of<'index-dropped'>, { next }: Evolution): readonly Planned[] => {
  const { table, indexes } = modelOf(next, name)
  const taken = indexes.some((each) => each.name === index.name)
  const aside = taken ? fitted(`${index.name}_before`) : index.name
  return [
    ...(taken ? [{ phase: 'expand', why: `${table}: the name is needed.`, sql: `alter index ${quoted(index.name)} rename to ${quoted(aside)};` } as const] : []),
    {
      phase: 'finish',
      why: `${table}: an index that is no more in the schema.`,
      sql: index.deferrable ? `alter table ${quoted(table)} drop constraint if exists ${quoted(aside)};` : `drop index if exists ${quoted(aside)};`,
    },
  ]
}
