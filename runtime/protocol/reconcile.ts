/**
 * The one decision table (docs/laws.md, R). Pure and total: no clock, no database, no order of arrival. Every path that
 * meets a conflict (online push, reconnect, replay after a lost acknowledgement) comes through here, and nothing else in
 * the runtime compares versions, values or times to decide one.
 *
 * What it holds to: a field is in conflict if its stored value is neither the value that the author saw nor the one that he
 * wants; an equal version proves that nobody changed the row since. An update never inserts, a delete never fails for want of
 * a row, nothing comes back but by a create (an explicit restore) or under edit-wins.
 */
import type { ConflictPolicy } from './descriptor.js'
import type { FieldEdit } from './messages.js'
import type { Wire } from './values.js'

type Values = Readonly<Record<string, Wire>>

/** The row on the server, locked, when the mutation is judged. */
export type StoredRow =
  /** No row, and no record of one. */
  | { readonly kind: 'never' }
  /** Deleted; `before` is its last image where the log still has it. */
  | { readonly kind: 'deleted'; readonly before: Values | null }
  | { readonly kind: 'present'; readonly version: number; readonly values: Values }

export interface Rules {
  readonly policy: (field: string) => ConflictPolicy
  readonly deleteConflict: 'delete-wins' | 'edit-wins'
  /** Codec equality of two wire values of a field. */
  readonly equal: (field: string, left: Wire, right: Wire) => boolean
  /** When the server last changed a field, ms since 1970; asked only for fields in conflict under `latest`. */
  readonly editedAt: (field: string) => number
}

export type Edit =
  | { readonly op: 'create' }
  /** `at`: when the user did it, clamped by the server to what is possible; ms since 1970. */
  | {
      readonly op: 'update'
      readonly version: number
      readonly at: number
      readonly strict: boolean
      readonly set: Readonly<Record<string, FieldEdit>>
    }
  /** `seen`: what the author saw in the fields that clients write. Without it, only an equal version proves that he saw it. */
  | { readonly op: 'delete'; readonly version: number; readonly seen?: Values }

export type Decision =
  | { readonly kind: 'insert' }
  /**
   * Write these fields (none: there is nothing to write); `lost` kept the server's value. `add` is relative to the stored value.
   * Fields that already have the wanted value are in neither.
   */
  | { readonly kind: 'write'; readonly set: Readonly<Record<string, Change>>; readonly lost: readonly string[] }
  /** Insert the last image again with the edit on top (edit-wins); `lost` kept the image's value. */
  | { readonly kind: 'revive'; readonly row: Values; readonly lost: readonly string[] }
  | { readonly kind: 'delete' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'reject'; readonly code: 'deleted' | 'edited' | 'conflict' | 'exists'; readonly fields: readonly string[] }

export type Change = { readonly value: Wire } | { readonly add: number }

/** What a mutation's op does to the stored row. */
export const reconcile = (stored: StoredRow, edit: Edit, rules: Rules): Decision => {
  switch (edit.op) {
    case 'create':
      return stored.kind === 'present' ? reject('exists') : { kind: 'insert' }
    case 'update':
      return update(stored, edit, rules)
    case 'delete':
      return remove(stored, edit, rules)
  }
}

/** Fields of an update that a policy must decide. */
export const fieldsInConflict = (stored: StoredRow, edit: Edit, rules: Pick<Rules, 'equal'>): readonly string[] => {
  const values = imageOf(stored)
  if (edit.op !== 'update' || values === null || (stored.kind === 'present' && stored.version === edit.version)) return []
  return Object.entries(edit.set).flatMap(([field, change]) => {
    if ('add' in change) return []
    const value = valueOf(values, field)
    return rules.equal(field, value, change.seen) || rules.equal(field, value, change.value) ? [] : [field]
  })
}

const update = (stored: StoredRow, edit: Extract<Edit, { op: 'update' }>, rules: Rules): Decision => {
  const values = imageOf(stored)
  if (values === null || (stored.kind === 'deleted' && rules.deleteConflict === 'delete-wins')) return reject('deleted')
  const conflicting = fieldsInConflict(stored, edit, rules)
  const refused = conflicting.filter((field) => rules.policy(field) === 'reject')
  if (refused.length > 0) return reject('conflict', refused)
  const lost = conflicting.filter((field) => !clientWins(field, edit.at, rules))
  if (edit.strict && lost.length > 0) return reject('conflict', lost)
  const kept = Object.entries(edit.set).filter(([field]) => !lost.includes(field))
  if (stored.kind === 'deleted' && kept.length === 0) return reject('deleted')
  if (stored.kind === 'deleted') return { kind: 'revive', row: withEdits(values, kept), lost }
  const wanted = kept.filter(([field, change]) => 'add' in change || !rules.equal(field, valueOf(values, field), change.value))
  return { kind: 'write', set: Object.fromEntries(wanted.map(([field, change]) => [field, changeOf(change)])), lost }
}

const remove = (stored: StoredRow, edit: Extract<Edit, { op: 'delete' }>, rules: Rules): Decision => {
  if (stored.kind !== 'present') return { kind: 'nothing' }
  if (rules.deleteConflict === 'delete-wins' || stored.version === edit.version) return { kind: 'delete' }
  const { seen } = edit
  if (seen === undefined) return reject('edited')
  const edited = Object.keys(seen).filter((field) => !rules.equal(field, valueOf(stored.values, field), valueOf(seen, field)))
  return edited.length === 0 ? { kind: 'delete' } : reject('edited', edited)
}

/** Ties fall to the server, and so does a counter that was set and not added to. */
const clientWins = (field: string, at: number, rules: Rules): boolean => {
  const policy = rules.policy(field)
  return policy === 'client' || (policy === 'latest' && at > rules.editedAt(field))
}

const imageOf = (stored: StoredRow): Values | null => {
  switch (stored.kind) {
    case 'never':
      return null
    case 'deleted':
      return stored.before
    case 'present':
      return stored.values
  }
}

const withEdits = (image: Values, edits: readonly (readonly [string, FieldEdit])[]): Values => {
  const edited = edits.map(([field, edit]) => {
    const value = 'add' in edit ? Number(valueOf(image, field)) + edit.add : edit.value
    return [field, value] as const
  })
  return { ...image, ...Object.fromEntries(edited) }
}

const valueOf = (values: Values, field: string): Wire => (Object.hasOwn(values, field) ? (values[field] ?? null) : null)

const changeOf = (edit: FieldEdit): Change => ('add' in edit ? { add: edit.add } : { value: edit.value })

type Rejection = Extract<Decision, { kind: 'reject' }>

const reject = (code: Rejection['code'], fields: readonly string[] = []): Rejection => ({ kind: 'reject', code, fields })
