/** Who may do what with the rows of a drawn schema, and what a scope holds of them. */
import type { Model, Schema } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import { randomValue } from '../../simulation/schema/random-value.js'
import type { Document, ModelEntry } from './change-schema.js'

/** Makes one change; in words. Null: the drawn one does not apply. */
export const changeRules = (dice: Dice, ir: Schema, document: Document, model: Model, entry: ModelEntry): string | null => {
  const { everything } = document.scopes
  const roll = dice.next()
  if (roll < 0.2) {
    entry['deleteConflict'] = model.deleteConflict === 'edit-wins' ? 'delete-wins' : 'edit-wins'
    return `${model.name}: ${String(entry['deleteConflict'])}`
  }
  if (roll < 0.3) {
    if (document.scopes['more'] !== undefined) delete document.scopes['more']
    else document.scopes['more'] = { public: true, tables: { [model.name]: {} } }
    return 'one more scope, or one less'
  }
  const where = dice.chance(0.2) ? {} : drawnWhere(dice, ir, model)
  if (where === null) return null
  if (roll < 0.6) {
    everything.tables[model.name] = where
    return `${model.name}: everything is ${JSON.stringify(where)}`
  }
  const { write = {}, ...access } = entry['access'] as Readonly<Record<string, object>>
  const rule = dice.pick(['read', 'create', 'update', 'delete'])
  entry['access'] = { create: write, update: write, delete: write, ...access, [rule]: where }
  return `${model.name}: ${rule} is ${JSON.stringify(where)}`
}

/** Holds for some rows and not for others, mostly. */
const drawnWhere = (dice: Dice, ir: Schema, model: Model): object | null => {
  const fields = model.fields.filter(({ implicit, serverOnly, type }) => !implicit && !serverOnly && ['int', 'boolean', 'enum', 'string', 'text', 'date', 'decimal'].includes(type.kind))
  if (fields.length === 0) return null
  const field = dice.pick(fields)
  if (field.nullable && dice.chance(0.4)) return { [field.name]: { not: null } }
  const value = randomValue(dice, ir, field.type)
  return { [field.name]: { not: typeof value === 'string' && value.startsWith('$') ? `$${value}` : value } }
}
