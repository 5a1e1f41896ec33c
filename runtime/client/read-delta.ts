/** Deltas, decoded before anything is changed or stored: a frame that cannot be read leaves no trace. */
import type { Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { ClaimChange, Delta } from '../protocol/messages.js'
import type { AnyRow, RowShape } from './row.js'

export interface ReadDelta {
  readonly rows: readonly ReadRow[]
  readonly claims: readonly ClaimChange[]
}

export interface ReadRow {
  readonly model: string
  readonly id: Uuid
  readonly version: number
  readonly row: AnyRow
}

/** Models that this schema does not have are left out. @throws SyncError `malformed-frame`. */
export const readDelta = (shapes: ReadonlyMap<string, RowShape>, delta: Delta): ReadDelta => ({
  rows: Object.entries(delta.rows).flatMap(([model, rows]) => {
    const shape = shapes.get(model)
    return shape === undefined ? [] : rows.map(([version, ...fields]) => ({ model, version, ...readRow(shape, fields) }))
  }),
  claims: delta.claims.filter((change) => shapes.has(change.model)),
})

const readRow = (shape: RowShape, fields: Parameters<RowShape['decode']>[0]): Pick<ReadRow, 'id' | 'row'> => {
  if (fields.length !== shape.fields.length) {
    throw new SyncError('malformed-frame', `a row of ${shape.model.name} has another number of fields than its schema`)
  }
  const row = shape.decode(fields)
  return { id: row.id, row }
}
