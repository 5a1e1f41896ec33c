/**
 * The one decision table (docs/laws.md, R). Pure and total: no clock, no database, no order of arrival. Every path that
 * meets a conflict (online push, reconnect, replay after a lost acknowledgement) comes through here, and nothing else in
 * the runtime compares versions, values or times to decide one.
 */
import type { ConflictPolicy } from './descriptor.js'
import type { FieldEdit } from './messages.js'
import type { Wire } from './values.js'

/** The row on the server, locked, when the mutation is judged. */
export type StoredRow =
  /** No row, and no record of one. */
  | { readonly kind: 'never' }
  /** Deleted; `before` is its last image where the log still has it. */
  | { readonly kind: 'deleted'; readonly before: Readonly<Record<string, Wire>> | null }
  | { readonly kind: 'present'; readonly version: number; readonly values: Readonly<Record<string, Wire>> }

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
  | { readonly op: 'update'; readonly version: number; readonly at: number; readonly strict: boolean; readonly set: Readonly<Record<string, FieldEdit>> }
  | { readonly op: 'delete'; readonly version: number }

export type Decision =
  | { readonly kind: 'insert' }
  /** Write these fields; `lost` kept the server's value. `add` is relative to the stored value. */
  | { readonly kind: 'write'; readonly set: Readonly<Record<string, { readonly value: Wire } | { readonly add: number }>>; readonly lost: readonly string[] }
  /** Insert the last image again with these fields on top (edit-wins). */
  | { readonly kind: 'revive'; readonly row: Readonly<Record<string, Wire>> }
  | { readonly kind: 'delete' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'reject'; readonly code: 'deleted' | 'edited' | 'conflict' | 'exists'; readonly fields: readonly string[] }

/** Fields whose stored value is not the value seen: those that a policy must decide. */
export const fieldsInConflict = (stored: StoredRow, edit: Edit, rules: Pick<Rules, 'equal'>): readonly string[] => {
  if (edit.op !== 'update' || stored.kind !== 'present' || stored.version === edit.version) return []
  return Object.entries(edit.set).flatMap(([field, change]) => {
    if ('add' in change) return []
    const value = stored.values[field] ?? null
    return rules.equal(field, value, change.seen) || rules.equal(field, value, change.value) ? [] : [field]
  })
}

/** What a mutation's op does to the stored row. */
export const reconcile = (stored: StoredRow, edit: Edit, rules: Rules): Decision => {
  switch (edit.op) {
    case 'create':
      return stored.kind === 'present' ? reject('exists') : { kind: 'insert' }
    case 'delete':
      if (stored.kind !== 'present') return { kind: 'nothing' }
      return rules.deleteConflict === 'edit-wins' && stored.version !== edit.version ? reject('edited') : { kind: 'delete' }
    case 'update':
      return stored.kind === 'present' ? merge(stored, edit, rules) : missing(stored, edit, rules)
  }
}

const merge = (
  stored: Extract<StoredRow, { kind: 'present' }>,
  edit: Extract<Edit, { op: 'update' }>,
  rules: Rules,
): Decision => {
  const conflicting = fieldsInConflict(stored, edit, rules)
  const refused = conflicting.filter((field) => rules.policy(field) === 'reject')
  if (refused.length > 0) return reject('conflict', refused)
  const lost = conflicting.filter((field) => !clientWins(field, edit.at, rules))
  if (edit.strict && lost.length > 0) return reject('conflict', lost)
  const kept = Object.entries(edit.set).filter(([field]) => !lost.includes(field))
  return { kind: 'write', set: Object.fromEntries(kept.map(([field, change]) => [field, patchOf(change)])), lost }
}

/** Ties fall to the server. */
const clientWins = (field: string, at: number, rules: Rules): boolean => {
  const policy = rules.policy(field)
  return policy === 'client' || (policy === 'latest' && at > rules.editedAt(field))
}

const missing = (
  stored: Exclude<StoredRow, { kind: 'present' }>,
  edit: Extract<Edit, { op: 'update' }>,
  rules: Rules,
): Decision => {
  if (stored.kind === 'never' || rules.deleteConflict === 'delete-wins' || stored.before === null) return reject('deleted')
  const row: Record<string, Wire> = { ...stored.before }
  for (const [field, change] of Object.entries(edit.set)) {
    row[field] = 'add' in change ? Number(row[field] ?? 0) + change.add : change.value
  }
  return { kind: 'revive', row }
}

const patchOf = (change: FieldEdit): { readonly value: Wire } | { readonly add: number } =>
  'add' in change ? { add: change.add } : { value: change.value }

const reject = (
  code: 'deleted' | 'edited' | 'conflict' | 'exists',
  fields: readonly string[] = [],
): Decision => ({ kind: 'reject', code, fields })
