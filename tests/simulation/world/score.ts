/**
 * Counts what a run was made of: writes that were committed, mutations that were rejected, and true conflicts. A true conflict is a
 * mutation that edits a field whose stored value was no longer the one that its author saw, because somebody else had written it.
 */
import { isDeepStrictEqual } from 'node:util'
import type { FieldEdit, Op, Outcome, UpdateOp } from '../../../runtime/protocol/messages.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import type { Field } from '../../../generator/model.js'
import type { Watch } from '../invariants/invariant.js'
import { type Entry, restorer } from './history.js'
import { wireOf } from './past.js'
import type { World } from './world.js'

/** One write of one column. */
interface Change {
  /** The client, or the transaction of another program. */
  readonly by: string
  /** Of the row, after it. */
  readonly version: number
}

/** Counts into the tally of a world, each mutation once. */
export const score = (world: World): Watch => {
  const models = new Map(world.versions.all.flatMap(({ schema }) => schema.ir.models).map((model) => [model.name, model]))
  const changes = new Map<string, Change[]>()
  const writers = new Set<string>()
  const conflicts = new Set<string>()
  let heard = 0

  const conflict = (client: string, seq: number, how: string): void => {
    const key = `${client}/${seq}`
    if (conflicts.has(key)) return
    conflicts.add(key)
    world.count('conflict')
    world.count(`conflict: ${how}`)
  }

  /** How a field that was written meanwhile was decided; null: nobody had written it. */
  const decided = (entry: Entry, by: string, field: Field, op: UpdateOp, edit: FieldEdit): string | null => {
    const others = changes.get(`${entry.model} ${op.id} ${field.column}`)?.some((change) => change.by !== by && change.version > op.version) ?? false
    const before = entry.before === null ? null : wireOf(field, (entry.before[field.column] ?? null) as Wire)
    const isStale = 'value' in edit ? !isDeepStrictEqual(before, edit.seen) && others : others
    return isStale ? field.conflict : null
  }

  const judge = (entry: Entry, by: string): void => {
    if (entry.mutation === null) return
    const { client, seq } = entry.mutation
    const ops = world.pushes.of(client, seq).flatMap(({ mutation }) => mutation.ops)
    for (const op of ops) {
      if (!isUpdateOf(op, entry)) continue
      for (const [name, edit] of Object.entries(op.set)) {
        const field = models.get(entry.model)?.fields.find((each) => each.name === name)
        const how = field === undefined ? null : decided(entry, by, field, op, edit)
        if (how !== null) conflict(client, seq, how)
      }
    }
  }

  const keep = (entry: Entry, by: string): void => {
    const { after, before, model, key } = entry
    if (after === null || key === null) return
    for (const { column } of models.get(model)?.fields ?? []) {
      if (isDeepStrictEqual(before?.[column], after[column])) continue
      const place = `${model} ${key} ${column}`
      const known = changes.get(place) ?? []
      known.push({ by, version: Number(after['version']) })
      changes.set(place, known)
    }
  }

  return {
    committed: (entries) => {
      for (const entry of entries) {
        const { mutation, xid, who, op } = entry
        if (who === restorer || op === 'M') continue
        const by = mutation?.client ?? `transaction ${xid}`
        const writer = mutation === null ? by : `${by}/${mutation.seq}`
        if (!writers.has(writer)) world.count('committed write')
        writers.add(writer)
        judge(entry, by)
        keep(entry, by)
      }
    },
    afterOperation: () => {
      for (; heard < world.pushes.told.length; heard += 1) {
        const pushed = world.pushes.told[heard]
        if (pushed?.outcome == null) continue
        if (pushed.outcome.kind === 'rejected') world.count('rejection')
        const how = lostTo(pushed.outcome)
        if (how !== null) conflict(pushed.client, pushed.mutation.seq, how)
      }
    },
  }
}

/** The ratios that a run is to have, in percent of its operations. */
export const shares = (tally: Readonly<Record<string, number>>, operations: number): string => {
  const share = (what: string): string => `${((100 * (tally[what] ?? 0)) / Math.max(1, operations)).toFixed(1)} %`
  return `of ${operations} operations ${share('committed write')} committed writes, ${share('conflict')} true conflicts, ${share('rejection')} rejections`
}

const isUpdateOf = (op: Op, { model, key }: Entry): op is UpdateOp => op.op === 'update' && op.model === model && op.id === key

const lostTo = (outcome: Outcome): string | null => {
  if (outcome.kind === 'merged') return outcome.lost.length > 0 ? 'lost' : null
  return outcome.kind === 'rejected' && (outcome.code === 'conflict' || outcome.code === 'edited') ? outcome.code : null
}
