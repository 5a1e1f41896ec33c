/** A mutation as it comes from outside: in a frame, or in a file of work that somebody exported. */
import { type Decode, exactly, flag, listOf, number, objectOf, recordOf, taggedBy } from './decode.js'
import { count, instant, label, sequence, uuid, wire } from './frame-text.js'
import type { AmountEdit, CreateOp, DeleteOp, ElementsEdit, FieldEdit, Mutation, Op, UpdateOp, ValueEdit } from './messages.js'
import type { Wire } from './values.js'

const strict = { closed: true } as const

const valueEdit = objectOf<ValueEdit>({ seen: wire, value: wire }, strict)
const amountEdit = objectOf<AmountEdit>({ add: number(Number.isFinite, 'a finite number') }, strict)
const finite = number(Number.isFinite, 'text or a finite number')
const element: Decode<Wire> = (value) => (typeof value === 'string' ? value : finite(value))
const elementsEdit = objectOf<ElementsEdit>({ add: listOf(element), remove: listOf(element) }, strict)
const fieldEdit: Decode<FieldEdit> = (value) => {
  const has = (name: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  if (has('remove')) return elementsEdit(value)
  return has('add') ? amountEdit(value) : valueEdit(value)
}

const op: Decode<Op> = taggedBy<Op>('op', {
  create: objectOf<CreateOp>(
    { op: exactly('create'), model: label, id: uuid, values: recordOf(wire), restore: exactly(true) },
    { closed: true, optional: ['restore'] },
  ),
  update: objectOf<UpdateOp>({ op: exactly('update'), model: label, id: uuid, version: count, set: recordOf(fieldEdit) }, strict),
  delete: objectOf<DeleteOp>(
    { op: exactly('delete'), model: label, id: uuid, version: count, seen: recordOf(wire) },
    { closed: true, optional: ['seen'] },
  ),
})

/** One mutation, wherever it stands. */
export const mutation = objectOf<Mutation>({ seq: sequence, run: label, schema: label, at: instant, strict: flag, ops: listOf(op) }, strict)
