import { isDeepStrictEqual } from 'node:util'
import type { Field } from '../../../generator/model.js'
import type { FieldEdit, Outcome, UpdateOp } from '../../../runtime/protocol/messages.js'
import type { Entry } from '../world/history.js'
import type { Pushed } from '../world/pushes.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * Field by field, what a device was told to be applied was committed: values as they were sent, amounts added to what was there,
 * elements gained and lost, rows made and deleted. A field that its outcome names as lost is excused.
 */
export const storedFields: Invariant = {
  id: 'I2',
  says: 'every field of an acknowledged write was committed as it was sent',
  watch: (world) => {
    const byRow = new Map<string, Entry[]>()
    const fields = new Map(world.schema.ir.models.map(({ name, fields: all }) => [name, new Map(all.map((field) => [field.name, field]))]))
    let judged = 0
    return {
      committed: (entries) => {
        for (const entry of entries) {
          const row = `${entry.model} ${entry.key ?? ''}`
          byRow.set(row, [...(byRow.get(row) ?? []), entry])
        }
      },
      atRest: () => {
        const { told } = world.pushes
        for (; judged < told.length; judged += 1) {
          const pushed = told[judged]
          if (pushed === undefined || pushed.outcome === null || pushed.outcome.kind === 'rejected') continue
          for (const op of pushed.mutation.ops) {
            const all = byRow.get(`${op.model} ${op.id}`) ?? []
            const own = all.filter(({ mutation }) => mutation?.client === pushed.client && mutation.seq === pushed.mutation.seq)
            const problem =
              op.op === 'create'
                ? all.some((entry) => entry.op === 'I') || gaveWay(pushed.outcome, op.id) ? null : 'no row was ever made'
                : op.op === 'delete'
                  ? null
                  : lostField(op, pushed, own, all, (name) => fields.get(op.model)?.get(name))
            if (problem !== null) throw new Violation('I2', `mutation ${pushed.mutation.seq} of ${pushed.device} (${pushed.outcome.kind}): ${problem}`, [JSON.stringify(op), ...all.map((entry) => JSON.stringify(entry))])
          }
        }
      },
    }
  },
}

/** Another row of the same pair was there: the link that was made is that one. */
const gaveWay = (outcome: Outcome, id: string): boolean => outcome.kind === 'merged' && JSON.stringify(outcome.links ?? []).includes(id)

/** What is missing of an update, null if nothing. */
const lostField = (op: UpdateOp, { outcome }: Pushed, own: readonly Entry[], all: readonly Entry[], fieldOf: (name: string) => Field | undefined): string | null => {
  const lost = outcome?.kind === 'merged' ? outcome.lost.filter(({ model, id }) => model === op.model && id === op.id).map(({ field }) => field) : []
  const [entry] = own
  const last = own.at(-1)
  for (const [name, edit] of Object.entries(op.set)) {
    const field = fieldOf(name)
    if (field === undefined || lost.includes(name) || !plain.has(field.type.kind)) continue
    if (entry?.before == null || last?.after == null) {
      if (changes(edit) && !all.some(({ before, after }) => holds(edit, field, before) || holds(edit, field, after)) && all.length > 0) return `${name} was never stored`
      continue
    }
    const [before, after] = [entry.before[field.column], last.after[field.column]]
    if ('add' in edit && typeof edit.add === 'number') {
      if (field.type.kind === 'int' && Number(after) - Number(before) !== edit.add) return `${name} went from ${String(before)} to ${String(after)}, not by ${edit.add}`
    } else if ('value' in edit && judgedByValue.has(field.conflict) && !isDeepStrictEqual(after, edit.value)) return `${name} became ${JSON.stringify(after)}`
  }
  return null
}

/** Types whose json in the history is their wire value. */
const plain: ReadonlySet<string> = new Set(['string', 'text', 'int', 'boolean', 'uuid', 'enum'])

/** Under these a value that is not named as lost is stored as it is. */
const judgedByValue: ReadonlySet<string> = new Set(['latest', 'server', 'client', 'reject'])

const changes = (edit: FieldEdit): boolean => 'value' in edit && !isDeepStrictEqual(edit.seen, edit.value)

const holds = (edit: FieldEdit, field: Field, row: Entry['after']): boolean =>
  !judgedByValue.has(field.conflict) || ('value' in edit && row !== null && isDeepStrictEqual(row[field.column], edit.value))
