/** Typed writes inside a local transaction. */
import type { Uuid } from '../protocol/descriptor.js'
import type { Draft, GivenValues } from './draft.js'
import type { Model, Writer } from './query-types.js'

/** The writes of one model. The casts are the boundary: `Draft` checks at run time what the types say. */
export const writerOf = <M extends Model>(draft: Draft, model: string): Writer<M> => ({
  get: (id: Uuid) => draft.get(model, id),
  create: (values) => draft.create(model, values as GivenValues),
  restore: (row) => draft.restore(model, row as GivenValues),
  update: (id, patch) => draft.update(model, id, patch as GivenValues),
  delete: (id) => draft.delete(model, id),
})
