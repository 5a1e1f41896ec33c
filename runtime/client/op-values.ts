/** Ops of local transactions as an app reads them, also those that an older schema wrote. */
import { checkValue } from '../protocol/check-value.js'
import type { FieldDescriptor } from '../protocol/descriptor.js'
import { distinct } from '../protocol/field-edit.js'
import type { FieldEdit, Op } from '../protocol/messages.js'
import type { Wire } from '../protocol/values.js'
import { fromWire } from '../protocol/wire-value.js'
import type { DiscardedChange } from './events.js'
import type { RowShape } from './row.js'
import type { Store } from './store.js'

/** What the app gets back of a rejected local transaction. */
export const discardedChanges = (store: Store, ops: readonly Op[]): readonly DiscardedChange[] =>
  ops.map((op) => ({ op: op.op, model: op.model, id: op.id, values: valuesOf(store, op) }))

/** Whether every value still fits its field, so that the ops can be shown. Fields that are gone are left out. */
export const isReplayable = (store: Store, ops: readonly Op[]): boolean =>
  ops.every((op) => {
    const shape = store.hasTable(op.model) ? store.table(op.model).shape : undefined
    return wiresOf(op).every(([name, edit]) => fits(shape, name, edit))
  })

const valuesOf = (store: Store, op: Op): Readonly<Record<string, unknown>> => {
  const shape = store.hasTable(op.model) ? store.table(op.model).shape : undefined
  return Object.fromEntries(
    wiresOf(op).map(([name, edit]) => {
      const field = shape?.field(name)
      if (!('value' in edit)) return [name, edit]
      return [name, field !== undefined && fitsField(field, edit) ? fromWire(field, edit.value) : edit.value]
    }),
  )
}

/** The new value of each field that an op writes. */
const wiresOf = (op: Op): readonly (readonly [name: string, edit: FieldEdit | { readonly value: Wire }])[] => {
  switch (op.op) {
    case 'create':
      return Object.entries(op.values).map(([name, value]) => [name, { value }])
    case 'update':
      return Object.entries(op.set)
    case 'delete':
      return []
  }
}

const fits = (shape: RowShape | undefined, name: string, edit: FieldEdit | { readonly value: Wire }): boolean => {
  const field = shape?.field(name)
  return field === undefined || fitsField(field, edit)
}

const fitsField = (field: FieldDescriptor, edit: FieldEdit | { readonly value: Wire }): boolean => {
  if ('value' in edit) return checkValue(field, edit.value) === undefined
  return 'remove' in edit ? field.type === 'list' && checkValue(field, distinct([...edit.add, ...edit.remove])) === undefined : isNumber(field)
}

const isNumber = ({ type }: FieldDescriptor): boolean => type === 'int' || type === 'bigint' || type === 'float'
