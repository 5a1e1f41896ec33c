/** A local transaction while it is being written: values checked, ops collected, nothing shown yet. */
import type { FieldDescriptor, Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { equalWire } from '../protocol/field-order.js'
import type { FieldEdit, Op } from '../protocol/messages.js'
import type { Random } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import { toWire } from '../protocol/wire-value.js'
import { replayOps } from './overlay.js'
import type { AnyRow, RowShape } from './row.js'
import type { Store } from './store.js'

/** Values of a write as the app gives them; generated types say which, and they are checked here again. */
export type GivenValues = Readonly<Record<string, unknown>>

export class Draft {
  readonly ops: Op[] = []
  readonly at: number
  readonly #store: Store
  readonly #random: Random
  #isOpen = true

  /** @param at - the moment of the transaction, ms since 1970, by the corrected clock */
  constructor(store: Store, random: Random, at: number) {
    this.#store = store
    this.#random = random
    this.at = at
  }

  /** No more writes: the transaction's function has returned. */
  close(): void {
    this.#isOpen = false
  }

  /** The visible row with what this transaction wrote so far. */
  get(model: string, id: Uuid): AnyRow | undefined {
    const table = this.#store.table(model)
    return replayOps(table.shape, id, table.get(id), this)
  }

  /** @throws SyncError `invalid-value`; `details.field` names the field. */
  create(model: string, values: GivenValues): AnyRow {
    const shape = this.#shape(model)
    const { id: given, ...rest } = values
    const id = given === undefined ? this.#random.uuid() : String(toWire(uuidField, given, 'id'))
    if (this.get(model, id) !== undefined) {
      throw new SyncError('invalid-value', `id is that of a ${model} that exists`, { field: 'id' })
    }
    const wires = Object.entries(rest).flatMap(([name, value]) => {
      const field = writableField(shape, name)
      return value === undefined ? [] : [[name, toWire(field, value, name)] as const]
    })
    this.ops.push({ op: 'create', model, id, values: withDefaults(shape, Object.fromEntries(wires)) })
    return this.#present(model, id)
  }

  /**
   * Fields whose value stays the same are left out: writing what one sees is no edit.
   * @throws SyncError `row-unknown` or `invalid-value`.
   */
  update(model: string, id: Uuid, patch: GivenValues): AnyRow {
    const shape = this.#shape(model)
    const before = this.#present(model, id)
    const seen = shape.encode(before)
    const set: Record<string, FieldEdit> = {}
    for (const [name, value] of Object.entries(patch)) {
      const field = writableField(shape, name)
      if (field.immutable === true) throw new SyncError('invalid-value', `${name} cannot change after the create`, { field: name })
      const edit = value === undefined ? undefined : editOf(field, name, value, seen[name] ?? null)
      if (edit !== undefined) set[name] = edit
    }
    if (Object.keys(set).length === 0) return before
    this.ops.push({ op: 'update', model, id, version: this.#version(model, id), set })
    return this.#present(model, id)
  }

  /** Returns the row that was. @throws SyncError `row-unknown`. */
  delete(model: string, id: Uuid): AnyRow {
    const shape = this.#shape(model)
    const before = this.#present(model, id)
    const op = { op: 'delete', model, id, version: this.#version(model, id) } as const
    this.ops.push(shape.model.deleteConflict === 'edit-wins' ? { ...op, seen: seenIn(shape, before) } : op)
    return before
  }

  #shape(model: string): RowShape {
    if (!this.#isOpen) {
      throw new SyncError('closed', 'the transaction is over: write before its function returns, and do not await in it')
    }
    return this.#store.table(model).shape
  }

  #present(model: string, id: Uuid): AnyRow {
    const row = this.get(model, id)
    if (row === undefined) throw new SyncError('row-unknown', `this ${model} is not in the cache`, { model, id })
    return row
  }

  #version(model: string, id: Uuid): number {
    return this.#store.base.get(model, id)?.version ?? 0
  }
}

const uuidField: FieldDescriptor = { type: 'uuid' }

const writableField = (shape: RowShape, name: string): FieldDescriptor => {
  const field = shape.field(name)
  if (field === undefined) throw new SyncError('invalid-value', `${shape.model.name} has no field ${name}`, { field: name })
  if (name === 'id' || field.readonly === true) {
    throw new SyncError('invalid-value', `${name} is set by the server`, { field: name })
  }
  return field
}

/** The fields that clients write, as the author of a delete sees them. */
const seenIn = (shape: RowShape, row: AnyRow): Readonly<Record<string, Wire>> => {
  const wires = shape.encode(row)
  const written = shape.fields.filter(([name, field]) => name !== 'id' && field.readonly !== true)
  return Object.fromEntries(written.map(([name]) => [name, wires[name] ?? null]))
}

/** What a create takes when a field is left out. @throws SyncError `invalid-value` if there is nothing to take. */
const withDefaults = (shape: RowShape, values: Readonly<Record<string, Wire>>): Readonly<Record<string, Wire>> => {
  const complete: Record<string, Wire> = { ...values }
  for (const [name, field] of shape.fields) {
    if (name === 'id' || field.readonly === true || name in complete) continue
    if (field.default !== undefined) complete[name] = field.default
    else if (field.nullable !== true) throw new SyncError('invalid-value', `${name} is missing`, { field: name })
  }
  return complete
}

const editOf = (field: FieldDescriptor, name: string, value: unknown, seen: Wire): FieldEdit | undefined => {
  if (field.conflict === 'counter') {
    const add = amountOf(name, value)
    return add === 0 ? undefined : { add }
  }
  const wire = toWire(field, value, name)
  return equalWire(field, seen, wire) ? undefined : { seen, value: wire }
}

const amountOf = (name: string, value: unknown): number => {
  const isAmount = typeof value === 'object' && value !== null && 'add' in value && Object.keys(value).length === 1
  const add = isAmount ? value.add : undefined
  if (typeof add === 'number' && Number.isSafeInteger(add)) return add
  throw new SyncError('invalid-value', `${name} is a counter: change it by { add: <whole number> }`, { field: name })
}
