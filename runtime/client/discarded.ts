/** What the app gets back of a rejected local transaction. */
import type { Op } from '../protocol/messages.js'
import { fromWire } from '../protocol/wire-value.js'
import type { DiscardedChange } from './events.js'
import type { RowShape } from './row.js'
import type { Store } from './store.js'

export const discardedChanges = (store: Store, ops: readonly Op[]): readonly DiscardedChange[] =>
  ops
    .filter((op) => store.hasTable(op.model))
    .map((op) => ({ op: op.op, model: op.model, id: op.id, values: valuesOf(store.table(op.model).shape, op) }))

const valuesOf = (shape: RowShape, op: Op): Readonly<Record<string, unknown>> => {
  switch (op.op) {
    case 'create':
      return readable(shape, op.values, (field, wire) => fromWire(field, wire))
    case 'update':
      return readable(shape, op.set, (field, edit) => ('add' in edit ? edit : fromWire(field, edit.value)))
    case 'delete':
      return {}
  }
}

/** Fields of an older schema that this one does not have are left out: there is no type for them. */
const readable = <Given>(
  shape: RowShape,
  given: Readonly<Record<string, Given>>,
  read: (field: NonNullable<ReturnType<RowShape['field']>>, value: Given) => unknown,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      const field = shape.field(name)
      return field === undefined ? [] : [[name, read(field, value)] as const]
    }),
  )
