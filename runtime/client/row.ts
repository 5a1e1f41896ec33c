/** Rows as the cache holds them: plain frozen objects, decoded once, and changed only by making another. */
import type { BaseRow, FieldDescriptor, ModelDescriptor, Uuid } from '../protocol/descriptor.js'
import { withElements } from '../protocol/field-edit.js'
import { equalValues } from '../protocol/field-order.js'
import type { CreateOp, FieldEdit } from '../protocol/messages.js'
import type { Wire, WireRow } from '../protocol/values.js'
import { fromWire } from '../protocol/wire-value.js'

/** A row of any model: what the runtime works with between the wire and the typed caches. */
export type AnyRow = BaseRow & Readonly<Record<string, unknown>>

/** What the runtime needs to know about a model's rows, worked out once. */
export class RowShape {
  readonly model: ModelDescriptor
  readonly fields: readonly (readonly [name: string, field: FieldDescriptor])[]
  readonly #structured: readonly string[]

  constructor(model: ModelDescriptor) {
    this.model = model
    this.fields = Object.entries(model.fields)
    this.#structured = this.fields.filter(([, field]) => field.type === 'json' || field.type === 'list').map(([name]) => name)
  }

  field(name: string): FieldDescriptor | undefined {
    return Object.hasOwn(this.model.fields, name) ? this.model.fields[name] : undefined
  }

  /** @throws SyncError `malformed-frame` if a value is not what its type has on the wire. */
  decode(wire: WireRow): AnyRow {
    const row = this.model.decode(wire) as AnyRow
    for (const name of this.#structured) deepFreeze(row[name])
    return Object.freeze(row)
  }

  /** Wire values by field. */
  encode(row: AnyRow): Readonly<Record<string, Wire>> {
    const wire = this.model.encode(row)
    return Object.fromEntries(this.fields.map(([name], at) => [name, wire[at] ?? null]))
  }

  /** The row that a create makes here, before the server has seen it: `at` stands for the times it will set. */
  create(op: CreateOp, at: number): AnyRow {
    const values = this.fields.map(([name, field]) => [name, this.#initial(name, field, op, at)] as const)
    return Object.freeze(Object.fromEntries(values)) as AnyRow
  }

  /** The row after an update that was made at `at`. */
  update(row: AnyRow, set: Readonly<Record<string, FieldEdit>>, at: number): AnyRow {
    const changed: Record<string, unknown> = { ...row }
    for (const [name, edit] of Object.entries(set)) {
      const field = this.field(name)
      if (field !== undefined) changed[name] = edited(field, row[name], edit)
    }
    if (this.model.timestamps) changed['updatedAt'] = new Date(at)
    return Object.freeze(changed) as AnyRow
  }

  /** The row after what a reference led to was deleted. */
  without(row: AnyRow, field: string): AnyRow {
    return Object.freeze({ ...row, [field]: null })
  }

  /** Fields in which two rows differ by value. */
  differences(before: AnyRow, after: AnyRow): readonly string[] {
    return this.fields.filter(([name, field]) => !equalValues(field, before[name], after[name])).map(([name]) => name)
  }

  #initial(name: string, field: FieldDescriptor, op: CreateOp, at: number): unknown {
    if (name === 'id') return op.id
    const given = Object.hasOwn(op.values, name) ? op.values[name] : undefined
    if (given !== undefined) return fromWire(field, given)
    if (this.model.timestamps && (name === 'createdAt' || name === 'updatedAt')) return new Date(at)
    if (field.default !== undefined) return fromWire(field, field.default)
    return field.nullable === true ? null : emptyValue(field)
  }
}

/** Names a row among all models. */
export interface RowKey {
  readonly model: string
  readonly id: Uuid
}

/** The value that a field has after an edit. */
const edited = (field: FieldDescriptor, value: unknown, edit: FieldEdit): unknown => {
  if ('value' in edit) return fromWire(field, edit.value)
  // Lists are on the wire what they are here.
  return 'remove' in edit ? Object.freeze(withElements(value as Wire, edit)) : sum(value, edit.add)
}

const sum = (value: unknown, add: number): unknown => {
  if (typeof value === 'bigint') return value + BigInt(add)
  return (typeof value === 'number' ? value : 0) + add
}

/** Stands for a value that only the server can set, until it has. */
const emptyValue = (field: FieldDescriptor): unknown => {
  switch (field.type) {
    case 'int':
    case 'float':
      return 0
    case 'bigint':
      return 0n
    case 'boolean':
      return false
    case 'timestamp':
      return new Date(0)
    case 'bytes':
      return new Uint8Array()
    case 'list':
      return Object.freeze([])
    case 'json':
      return null
    case 'enum':
      return field.values?.[0] ?? ''
    default:
      return ''
  }
}

const deepFreeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
}
