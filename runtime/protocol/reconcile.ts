/**
 * The one decision table (docs/laws.md, R). Pure and total: no clock, no database, no order of arrival. Every path that
 * meets a conflict (online push, reconnect, replay after a lost acknowledgement) comes through here, and nothing else in
 * the runtime compares versions, values or times to decide one.
 *
 * What it holds to: a field is in conflict if its stored value is neither the value that the author saw nor the one that he
 * wants; an equal version proves that nobody changed the row since. An update never inserts, a delete never fails for want of
 * a row, nothing comes back but by an explicit restore or under edit-wins.
 */
import { checkValue } from './check-value.js'
import type { FieldDescriptor } from './descriptor.js'
import { withAmount, withElements } from './field-edit.js'
import { equalWire } from './field-order.js'
import type { AmountEdit, FieldEdit, ValueEdit } from './messages.js'
import { outranks } from './rank.js'
import type { Wire } from './values.js'

type Values = Readonly<Record<string, Wire>>

/** The row on the server, locked, when the mutation is judged. */
export type StoredRow =
  /** No row, and no record of one. */
  | { readonly kind: 'never' }
  /** Deleted; `before` is its last image where the log still has it. */
  | { readonly kind: 'deleted'; readonly before: Values | null }
  | { readonly kind: 'present'; readonly version: number; readonly values: Values }
  /** No row under the key of a new link, but one that links the same pair; these are that one's values. */
  | { readonly kind: 'linked'; readonly version: number; readonly values: Values }

export interface Rules {
  /** Type and policy of a field. */
  readonly field: (name: string) => FieldDescriptor
  readonly deleteConflict: 'delete-wins' | 'edit-wins'
  /** When the server last changed a field, ms since 1970; asked only for fields in conflict under `latest`. */
  readonly editedAt: (field: string) => number
  /** What the app's function makes of a field in conflict under `custom`; undefined: it failed, or the value does not fit. */
  readonly merge: (field: string, versions: Versions<Wire>) => Wire | undefined
}

/** The three values that a conflict is about. */
export interface Versions<Value> {
  /** What the author of the edit saw. */
  readonly seen: Value
  /** What the server has meanwhile. */
  readonly stored: Value
  /** What the author wants. */
  readonly wanted: Value
}

export type Edit =
  /** `link`: of a join row, what it says beyond the link, as edits of a link that says nothing. */
  | { readonly op: 'create'; readonly restore?: true; readonly link?: Payload }
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

export interface Payload {
  readonly at: number
  readonly strict: boolean
  readonly set: Readonly<Record<string, FieldEdit>>
}

export type Decision =
  | { readonly kind: 'insert' }
  /** The link is there: it stands for the new one, with these fields written. `lost` kept the server's value. */
  | { readonly kind: 'merge'; readonly set: Readonly<Record<string, Change>>; readonly lost: readonly string[] }
  /**
   * Write these fields (none: there is nothing to write); `lost` kept the server's value. `add` is relative to the stored value.
   * Fields that already have the wanted value are in neither.
   */
  | { readonly kind: 'write'; readonly set: Readonly<Record<string, Change>>; readonly lost: readonly string[] }
  /** Insert the last image again with the edit on top (edit-wins); `lost` kept the image's value. */
  | { readonly kind: 'revive'; readonly row: Values; readonly lost: readonly string[] }
  | { readonly kind: 'delete' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'reject'; readonly code: Refusal; readonly fields: readonly string[] }

export type Refusal = 'deleted' | 'edited' | 'conflict' | 'exists' | 'invalid' | 'unmergeable'

export type Change = { readonly value: Wire } | { readonly add: number }

/** What a mutation's op does to the stored row. */
export const reconcile = (stored: StoredRow, edit: Edit, rules: Rules): Decision => {
  switch (edit.op) {
    case 'create':
      if (stored.kind === 'linked') return link(stored, edit.link ?? nothingMore, rules)
      return edit.restore === true ? restore(stored) : create(stored)
    case 'update':
      return update(stored, edit, rules)
    case 'delete':
      return remove(stored, edit, rules)
  }
}

/** Fields of an update that a policy must decide. */
export const fieldsInConflict = (stored: StoredRow, edit: Edit, rules: Pick<Rules, 'field'>): readonly string[] => {
  if (stored.kind === 'linked' && edit.op === 'create') {
    return fieldsInConflict({ ...stored, kind: 'present' }, linkEdit(edit.link ?? nothingMore), rules)
  }
  const values = imageOf(stored)
  if (edit.op !== 'update' || values === null || isUnchanged(stored, edit)) return []
  return Object.entries(edit.set).flatMap(([name, change]) =>
    'value' in change && isContested(rules.field(name), valueOf(values, name), change) ? [name] : [],
  )
}

/** A link that is there is edited by whoever makes it once more; he saw nothing of it. */
const link = ({ values }: Extract<StoredRow, { kind: 'linked' }>, payload: Payload, rules: Rules): Decision => {
  const decision = update({ kind: 'present', version: 0, values }, linkEdit(payload), rules)
  return decision.kind === 'write' ? { ...decision, kind: 'merge' } : decision
}

const linkEdit = (payload: Payload): Extract<Edit, { op: 'update' }> => ({ op: 'update', version: -1, ...payload })

const nothingMore: Payload = { at: 0, strict: false, set: {} }

const create = ({ kind }: Exclude<StoredRow, { kind: 'linked' }>): Decision => {
  switch (kind) {
    case 'never':
      return { kind: 'insert' }
    case 'deleted':
      return reject('deleted')
    case 'present':
      return reject('exists')
  }
}

const restore = ({ kind }: Exclude<StoredRow, { kind: 'linked' }>): Decision => ({ kind: kind === 'present' ? 'nothing' : 'insert' })

const update = (stored: StoredRow, edit: Extract<Edit, { op: 'update' }>, rules: Rules): Decision => {
  const values = imageOf(stored)
  if (values === null || (stored.kind === 'deleted' && rules.deleteConflict === 'delete-wins')) return reject('deleted')
  const verdicts = Object.entries(edit.set).map(
    ([name, change]) => [name, judge(name, change, valueOf(values, name), isUnchanged(stored, edit), edit.at, rules)] as const,
  )
  const named = (verdict: Verdict): readonly string[] => verdicts.flatMap(([name, each]) => (each === verdict ? [name] : []))
  for (const code of ['invalid', 'unmergeable', 'conflict'] as const) if (named(code).length > 0) return reject(code, named(code))
  const lost = named('lost')
  if (edit.strict && lost.length > 0) return reject('conflict', lost)
  const changes = verdicts.flatMap(([name, verdict]) => (typeof verdict === 'string' ? [] : [[name, verdict] as const]))
  if (stored.kind === 'present') return { kind: 'write', set: Object.fromEntries(changes), lost }
  return lost.length === verdicts.length ? reject('deleted') : { kind: 'revive', row: withChanges(values, changes), lost }
}

const remove = (stored: StoredRow, edit: Extract<Edit, { op: 'delete' }>, rules: Rules): Decision => {
  if (stored.kind !== 'present') return { kind: 'nothing' }
  if (rules.deleteConflict === 'delete-wins' || stored.version === edit.version) return { kind: 'delete' }
  const { seen } = edit
  if (seen === undefined) return reject('edited')
  const edited = Object.keys(seen).filter(
    (name) => !equalWire(rules.field(name), valueOf(stored.values, name), valueOf(seen, name)),
  )
  return edited.length === 0 ? { kind: 'delete' } : reject('edited', edited)
}

/** What becomes of one field: it is written, has the wanted value already, keeps the server's, or refuses the whole. */
type Verdict = Change | 'kept' | 'lost' | 'conflict' | 'invalid' | 'unmergeable'

const judge = (name: string, edit: FieldEdit, value: Wire, unchanged: boolean, at: number, rules: Rules): Verdict => {
  const field = rules.field(name)
  if ('value' in edit) {
    if (equalWire(field, value, edit.value)) return 'kept'
    return unchanged || !isContested(field, value, edit) ? { value: edit.value } : decide(name, edit, value, at, rules)
  }
  if (!('remove' in edit)) return amount(field, value, edit)
  const elements = withElements(value, edit)
  return equalWire(field, value, elements) ? 'kept' : { value: elements }
}

/** A field that both sides changed. Ties fall to the server, and so does a counter or a set that was replaced as a whole. */
const decide = (name: string, edit: ValueEdit, stored: Wire, at: number, rules: Rules): Verdict => {
  const field = rules.field(name)
  const mine: Change = { value: edit.value }
  switch (field.conflict ?? 'latest') {
    case 'latest':
      return at > rules.editedAt(name) ? mine : 'lost'
    case 'client':
      return mine
    case 'server':
    case 'counter':
    case 'set':
      return 'lost'
    case 'reject':
      return 'conflict'
    case 'max':
      return outranks(field, 'max', edit.value, stored) ? mine : 'lost'
    case 'min':
      return outranks(field, 'min', edit.value, stored) ? mine : 'lost'
    case 'custom': {
      const merged = rules.merge(name, { seen: edit.seen, stored, wanted: edit.value })
      if (merged === undefined) return 'unmergeable'
      return equalWire(field, stored, merged) ? 'lost' : { value: merged }
    }
  }
}

/** An amount that leaves the field's range is refused, whoever brought the counter near its end. */
const amount = (field: FieldDescriptor, value: Wire, edit: AmountEdit): Verdict =>
  checkValue(field, withAmount(value, edit)) === undefined ? { add: edit.add } : 'invalid'

const isContested = (field: FieldDescriptor, stored: Wire, { seen, value }: ValueEdit): boolean =>
  !equalWire(field, stored, seen) && !equalWire(field, stored, value)

const isUnchanged = (stored: StoredRow, edit: { readonly version: number }): boolean =>
  stored.kind === 'present' && stored.version === edit.version

const imageOf = (stored: StoredRow): Values | null => {
  switch (stored.kind) {
    case 'never':
      return null
    case 'deleted':
      return stored.before
    case 'present':
    case 'linked':
      return stored.values
  }
}

const withChanges = (image: Values, changes: readonly (readonly [string, Change])[]): Values => {
  const changed = changes.map(([name, change]) => {
    const value = 'add' in change ? withAmount(valueOf(image, name), change) : change.value
    return [name, value] as const
  })
  return { ...image, ...Object.fromEntries(changed) }
}

const valueOf = (values: Values, field: string): Wire => (Object.hasOwn(values, field) ? (values[field] ?? null) : null)

type Rejection = Extract<Decision, { kind: 'reject' }>

const reject = (code: Refusal, fields: readonly string[] = []): Rejection => ({ kind: 'reject', code, fields })
