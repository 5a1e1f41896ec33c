import type { Model } from '../../../generator/model.js'
import type { Op } from '../../../runtime/protocol/messages.js'
import type { Entry } from '../world/history.js'
import { type Invariant, Violation } from './invariant.js'

/** To sync writes nothing of its own: what a server writes is what a mutation asks for, on the rows that it names and those that hang on them. */
export const noForeignEffect: Invariant = {
  id: 'I5',
  says: 'a server writes only the rows of the mutations that it was sent',
  watch: (world) => {
    const known = world.versions.all.map(({ schema }) => new Map(schema.ir.models.map((model) => [model.name, model])))
    return {
      committed: (entries) => {
        for (const entry of entries) {
          const { who, model: name, key, op, mutation } = entry
          if (!who.startsWith('sim:node') || isRestamped(entry)) continue
          if (mutation === null) throw new Violation('I5', `${who} wrote ${name} ${key ?? ''} (${op}), and no mutation asked for it`, [JSON.stringify(entry)])
          const sent = world.pushes.of(mutation.client, mutation.seq)
          if (sent.some((pushed) => pushed.mutation.ops.some((each) => known.some((models) => concerns(models, each, entry))))) continue
          throw new Violation('I5', `mutation ${mutation.seq} of ${mutation.client} wrote ${name} ${key ?? ''} (${op}), which it does not name`, sent.map((pushed) => JSON.stringify(pushed.mutation.ops)))
        }
      },
    }
  },
}

/** Whether an op may write a row: its own, that of the same pair, or one that a delete takes along. */
const concerns = (models: ReadonlyMap<string, Model>, op: Op, { model: name, key, op: wrote }: Entry): boolean => {
  // To delete a link that gave way is to delete the row of its pair.
  if (op.model === name && (op.id === key || models.get(name)?.join === true)) return true
  if (op.op !== 'delete' || wrote === 'I') return false
  return takenAlong(models, op.model).has(name)
}

/** Models of rows that go, or lose a reference, when a row of this one is deleted. */
const takenAlong = (models: ReadonlyMap<string, Model>, name: string): ReadonlySet<string> => {
  const refers = (model: Model, to: Iterable<string>, ways: readonly string[]): boolean =>
    model.fields.some(({ reference }) => reference !== null && ways.includes(reference.onDelete) && [...to].includes(reference.model))
  const going = new Set([name])
  for (const each of going) for (const model of models.values()) if (refers(model, [each], ['cascade'])) going.add(model.name)
  return new Set([...models.values()].filter((model) => refers(model, going, ['cascade', 'setNull'])).map((model) => model.name))
}

/** A new version and nothing else, far above the old one: the epoch was renewed. */
const isRestamped = ({ op, before, after }: Entry): boolean =>
  op === 'U' &&
  before !== null &&
  after !== null &&
  Number(after['version']) - Number(before['version']) > 1_000_000_000 &&
  JSON.stringify({ ...before, version: 0 }) === JSON.stringify({ ...after, version: 0 })
