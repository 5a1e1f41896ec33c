/** A local transaction while it is being written: values checked, ops collected, nothing shown yet. */
import type { FieldDescriptor, Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { equalWire } from '../protocol/field-order.js'
import { distinct } from '../protocol/field-edit.js'
import { givenAmount, givenElements } from '../protocol/given-edit.js'
import type { FieldEdit, Op } from '../protocol/messages.js'
import type { Random } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import { toWire } from '../protocol/wire-value.js'
import { KeySet } from './key-set.js'
import { Overlay } from './overlay.js'
import type { Reference } from './references.js'
import type { Replay } from './replay.js'
import type { AnyRow, RowShape } from './row.js'
import type { Store } from './store.js'

/** Values of a write as the app gives them; generated types say which, and they are checked here again. */
export type GivenValues = Readonly<Record<string, unknown>>

export class Draft {
  readonly ops: Op[] = []
  readonly at: number
  readonly #store: Store
  readonly #random: Random
  /** This transaction on top of those that are pending. */
  readonly #overlay: Overlay
  #lastReplay: Replay | null = null
  #isOpen = true

  /** @param at - the moment of the transaction, ms since 1970, by the corrected clock */
  constructor(store: Store, random: Random, at: number) {
    this.#store = store
    this.#random = random
    this.#overlay = new Overlay(store.references, store.overlay)
    this.at = at
  }

  /** No more writes: the transaction's function has returned. */
  close(): void {
    this.#isOpen = false
  }

  /** The visible row with what this transaction wrote so far. */
  get(model: string, id: Uuid): AnyRow | undefined {
    const replay = this.#replay()
    const known = replay.survivor(model, id)
    if (this.ops.length === 0) return this.#store.table(model).get(known)
    return this.#store.isShown(model, known) || this.#overlay.touches(model, known) ? replay.row(model, known) : undefined
  }

  /** @throws SyncError `invalid-value`; `details.field` names the field. */
  create(model: string, values: GivenValues): AnyRow {
    return this.#add(model, values, false)
  }

  /**
   * Brings a deleted row back, as it was when the app last had it. Fields that the server sets start anew.
   * @throws SyncError `invalid-value`, also if the row is here.
   */
  restore(model: string, row: GivenValues): AnyRow {
    const shape = this.#shape(model)
    const given = Object.entries(row).filter(([name]) => name === 'id' || shape.field(name)?.readonly !== true)
    return this.#add(model, Object.fromEntries(given), true)
  }

  #add(model: string, values: GivenValues, restores: boolean): AnyRow {
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
    const op = { op: 'create', model, id, values: withDefaults(shape, Object.fromEntries(wires)) } as const
    this.#push(restores || this.#replay().deaths(model, id).length > 0 ? { ...op, restore: true } : op)
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
    this.#push({ op: 'update', model, id, version: this.#version(model, id), set })
    return this.#present(model, id)
  }

  /**
   * Returns the row that was. What refers to it goes along or is nulled, as the schema says.
   * @throws SyncError `row-unknown`, or `still-referenced`; `details.model` names what refers to it.
   */
  delete(model: string, id: Uuid): AnyRow {
    const shape = this.#shape(model)
    const before = this.#present(model, id)
    this.#refuseIfHeld(model, id, 'restrict')
    // Links that gave way to this one may turn out to be the ones that stand.
    for (const each of [id, ...this.#replay().absorbed(model, id)]) {
      const op = { op: 'delete', model, id: each, version: this.#version(model, each) } as const
      this.#push(shape.model.deleteConflict === 'edit-wins' ? { ...op, seen: seenIn(shape, before) } : op)
    }
    return before
  }

  /** At the end: references that may wait until then. @throws SyncError `still-referenced`. */
  check(): void {
    for (const { op, model, id } of this.ops) {
      if (op === 'delete' && this.get(model, id) === undefined) this.#refuseIfHeld(model, id, 'noAction')
    }
  }

  /** Refuses the delete of a row that another holds in the cache, be it by way of rows that go along. */
  #refuseIfHeld(model: string, id: Uuid, onDelete: Reference['onDelete']): void {
    const gone = new KeySet().add(model, id)
    const queue: (readonly [string, Uuid])[] = [[model, id]]
    const holding: (Reference & { readonly id: Uuid })[] = []
    for (const [target, at] of queue) {
      for (const reference of this.#store.references.to(target)) {
        if (reference.onDelete !== 'cascade' && reference.onDelete !== onDelete) continue
        for (const child of this.#store.referring(this.#overlay, reference.model, reference.field, at)) {
          if (gone.has(reference.model, child) || this.get(reference.model, child)?.[reference.field] !== at) continue
          if (reference.onDelete === onDelete) holding.push({ ...reference, id: child })
          else {
            gone.add(reference.model, child)
            queue.push([reference.model, child])
          }
        }
      }
    }
    const held = holding.find((each) => !gone.has(each.model, each.id))
    if (held === undefined) return
    const details = { model: held.model, field: held.field, id: held.id }
    throw new SyncError('still-referenced', `a ${held.model} refers to what would be deleted: delete or change it first`, details)
  }

  #push(op: Op): void {
    this.ops.push(op)
    this.#overlay.add(this, op)
    this.#lastReplay = null
  }

  #replay(): Replay {
    return (this.#lastReplay ??= this.#store.replay(this.#overlay))
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
    const edit = givenAmount(field, name, value, seen, false)
    return edit.add === 0 ? undefined : edit
  }
  if (field.conflict === 'set') return elementsOf(field, name, value, seen as readonly Wire[])
  const wire = toWire(field, value, name)
  return equalWire(field, seen, wire) ? undefined : { seen, value: wire }
}

/**
 * What is to come and to go: named as such, or a whole list, which is taken for its difference from the one that was seen.
 * An element that is there already, or gone already, is no edit; neither is another order.
 */
const elementsOf = (field: FieldDescriptor, name: string, value: unknown, seen: readonly Wire[]): FieldEdit | undefined => {
  const named = Array.isArray(value) ? differenceOf(toWire(field, value, name) as readonly Wire[], seen) : givenElements(field, name, value)
  const add = named.add.filter((element) => !seen.includes(element))
  const remove = named.remove.filter((element) => seen.includes(element))
  return add.length + remove.length === 0 ? undefined : { add, remove }
}

const differenceOf = (list: readonly Wire[], seen: readonly Wire[]) => ({
  add: list,
  remove: distinct(seen).filter((element) => !list.includes(element)),
})
