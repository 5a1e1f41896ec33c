import { modelOf, type Schema } from '../model.js'
import { captureParts, captureTriggers } from '../sql/capture.js'
import { quoted } from '../sql/text.js'
import type { Evolution } from './diff.js'
import { formerModel } from './emit-renames.js'
import type { Planned } from './phases.js'

/** Triggers and their functions, where the new version has others: exactly those are made again. */
export const captureStatements = (evolution: Evolution): readonly Planned[] =>
  evolution.next.models.flatMap((model): readonly Planned[] => {
    const renamed = evolution.renamed.models.find(({ name }) => name === model.name)
    if (renamed === undefined) return []
    const now = captureParts(evolution.next, model)
    const was = captureParts(evolution.renamed, renamed)
    const before = captureParts(evolution.previous, modelOf(evolution.previous, formerModel(evolution, model.name)))
    const sql = [
      ...(was.triggersSql === now.triggersSql ? [] : [captureTriggers(renamed).map((name) => `drop trigger ${name} on ${quoted(model.table)};`).join('\n')]),
      ...(before.functionSql === now.functionSql ? [] : [replaced(now.functionSql)]),
      ...(was.triggersSql === now.triggersSql ? [] : [now.triggersSql]),
    ]
    return sql.length === 0 ? [] : [{ phase: 'expand', why: whyOf(model.table), sql: sql.join('\n\n') }]
  })

const whyOf = (table: string): string =>
  `${table}: what is written from now on is logged in the new shape. Positions from before lead to a comparison, not to this log.`

/** All functions, where branches met: each branch made them for its own shape, and whichever was applied last is there. */
export const freshCaptures = (schema: Schema): readonly Planned[] =>
  schema.models.map((model) => ({
    phase: 'expand',
    why: `${model.table}: two branches made this function, each for its own schema. This one is for both together.`,
    sql: replaced(captureParts(schema, model).functionSql),
  }))

const replaced = (functionSql: string): string => functionSql.replace(/^create function/, 'create or replace function')
