/** Ops of a mutation, checked against the schema before they meet the database. */
import { checkValue } from '../protocol/check-value.js'
import type { FieldDescriptor } from '../protocol/descriptor.js'
import type { CreateOp, DeleteOp, FieldEdit, Mutation, Op, UpdateOp } from '../protocol/messages.js'
import type { Wire } from '../protocol/values.js'
import type { Catalog, KnownModel } from './catalog.js'
import { Rejected } from './rejection.js'

export type PlannedOp =
  | { readonly op: CreateOp; readonly model: KnownModel; readonly values: ReadonlyMap<string, Wire> }
  | { readonly op: UpdateOp; readonly model: KnownModel }
  | { readonly op: DeleteOp; readonly model: KnownModel }

/** @throws Rejected `unknown-schema`, or `invalid` with the names that do not fit. */
export const planOps = (catalog: Catalog, mutation: Mutation): readonly PlannedOp[] => {
  if (mutation.schema !== catalog.schema.hash) throw new Rejected('unknown-schema', null)
  return mutation.ops.map((op) => planOp(catalog, op))
}

const planOp = (catalog: Catalog, op: Op): PlannedOp => {
  const model = catalog.models.get(op.model)
  if (model === undefined) throw new Rejected('invalid', op)
  switch (op.op) {
    case 'create':
      return { op, model, values: checkCreate(model, op) }
    case 'update':
      checkUpdate(model, op)
      return { op, model }
    case 'delete':
      checkDelete(model, op)
      return { op, model }
  }
}

/** The values given, and the defaults of those left out. */
const checkCreate = (model: KnownModel, op: CreateOp): ReadonlyMap<string, Wire> => {
  const given = new Map(Object.entries(op.values))
  const known = settable(model)
  const strange = [...given.keys()].filter((name) => !known.has(name))
  const values = new Map([...known].flatMap(([name, field]) => withDefault(name, field, given.get(name))))
  const misfits = [...known]
    .filter(([name, field]) => checkValue(field, values.get(name) ?? null) !== undefined)
    .map(([name]) => name)
  if (strange.length + misfits.length > 0)
    throw new Rejected('invalid', op, [...strange.filter((name) => model.travels.has(name)), ...misfits])
  return values
}

const withDefault = (name: string, field: FieldDescriptor, given: Wire | undefined): readonly (readonly [string, Wire])[] => {
  if (given !== undefined) return [[name, given]]
  return field.default === undefined ? [] : [[name, field.default]]
}

const checkUpdate = (model: KnownModel, op: UpdateOp): void => {
  const known = settable(model)
  const misfits = Object.entries(op.set).flatMap(([name, edit]) => {
    const field = known.get(name)
    return field === undefined || field.immutable === true || !fits(field, edit) ? [name] : []
  })
  if (misfits.length > 0) throw invalid(model, op, misfits)
}

/** What the author saw is what he could have written: anything else would be a way to guess at columns that never leave. */
const checkDelete = (model: KnownModel, op: DeleteOp): void => {
  const known = settable(model)
  const strange = Object.keys(op.seen ?? {}).filter((name) => !known.has(name))
  if (strange.length > 0) throw invalid(model, op, strange)
}

/** Counters take amounts, sets elements, everything else values. */
const fits = (field: FieldDescriptor, edit: FieldEdit): boolean => {
  switch (field.conflict) {
    case 'counter':
      return 'add' in edit && !('remove' in edit) && (field.type === 'float' ? Number.isFinite(edit.add) : Number.isSafeInteger(edit.add))
    case 'set':
      return 'remove' in edit && checkValue(field, [...edit.add, ...edit.remove]) === undefined
    default:
      return 'value' in edit && checkValue(field, edit.value) === undefined
  }
}

/** Names that travel may be named. */
const invalid = (model: KnownModel, op: Op, names: readonly string[]): Rejected =>
  new Rejected(
    'invalid',
    op,
    names.filter((name) => model.travels.has(name)),
  )

/** Fields that a client may set when it creates a row. */
const settable = (model: KnownModel): ReadonlyMap<string, FieldDescriptor> =>
  new Map(Object.entries(model.server.descriptor.fields).filter(([name, field]) => name !== 'id' && field.readonly !== true))
