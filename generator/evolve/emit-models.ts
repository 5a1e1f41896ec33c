import { captureSql } from '../sql/capture.js'
import { tablesSql } from '../sql/tables.js'
import { fitted, literal, quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import type { Planned } from './phases.js'

/** New tables are empty: their indexes and constraints cost nothing and need no care. */
export const addedModels = ({ steps, next }: Evolution): readonly Planned[] => {
  const names = new Set(steps.flatMap((step) => (step.kind === 'model-added' ? [step.model.name] : [])))
  const models = next.models.filter(({ name }) => names.has(name))
  if (models.length === 0) return []
  return [
    { phase: 'expand', why: `New tables: ${models.map(({ table }) => table).join(', ')}.`, sql: tablesSql(next, models).trimEnd() },
    ...models.map((model): Planned => ({ phase: 'expand', why: `${model.table}: its changes are captured.`, sql: captureSql(next, model) })),
  ]
}

/** Their rows go with them. The log says so, for clients that have some. */
export const droppedModels = ({ steps }: Evolution): readonly Planned[] => {
  const models = steps.flatMap((step) => (step.kind === 'model-dropped' ? [step.model] : []))
  if (models.length === 0) return []
  const functions = models.map(({ table }) => `drop function syncgen.${quoted(fitted(`capture_${table}`))}();`)
  return [
    {
      phase: 'finish',
      why: `Tables that are no more in the schema, with their rows: ${models.map(({ table }) => table).join(', ')}.`,
      sql: [
        ...models.map(({ name }) => truncated(name)),
        `drop table ${models.map(({ table }) => quoted(table)).join(', ')};`,
        ...functions,
      ].join('\n'),
    },
  ]
}

/** As TRUNCATE logs it: no position from before can be used for the model. */
const truncated = (model: string): string =>
  `insert into syncgen.changes (model, key, op, version, shape, edited_at) values (${literal(model)}, null, 'T', nextval('syncgen.version'), '', clock_timestamp());`
