/** The names by which the changelog knows columns: they outlive renames, and no two columns ever have the same. */
import type { Field, Model, Schema } from '../model.js'
import { sqlType } from '../sql/index.js'
import { formerName } from './renames.js'

/**
 * The new schema with the column ids of the old one. A column whose values come from nowhere (it is new, or of another type)
 * gets an id that none of the table's columns has: images of the log that were written for another one are not taken for its.
 */
export const withColumnIds = (previous: Schema, next: Schema): Schema => ({
  ...next,
  models: next.models.map((model) => {
    const before = previous.models.find(({ name }) => name === formerName(model, previous.models))
    return before === undefined ? model : { ...model, fields: fieldsWithIds(before, model) }
  }),
})

const fieldsWithIds = (before: Model, after: Model): readonly Field[] => {
  const taken = new Set(before.fields.map(({ columnId }) => columnId))
  const fresh = (wanted: string): string => {
    let id = wanted
    for (let count = 2; taken.has(id); count++) id = `${wanted}_${count}`
    taken.add(id)
    return id
  }
  return after.fields.map((field) => {
    const former = before.fields.find(({ name }) => name === formerName(field, before.fields))
    const same = former !== undefined && sqlType(former.type) === sqlType(field.type)
    return { ...field, columnId: same ? former.columnId : fresh(field.column) }
  })
}
