import type { Op } from '../../../runtime/protocol/messages.js'
import { type Entry, restorer } from '../world/history.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * Who was deleted stays so: only a restore, an edit of a model where edits win, or another program makes the row again. What a
 * purge has forgotten nobody knows: a create that a copied device sends again, under another id, is then one like any other.
 */
export const noResurrection: Invariant = {
  id: 'I4',
  says: 'a deleted row lives again only by somebody who knew',
  watch: (world) => {
    /** Rows, what deleted them, and how many purges there had been then. */
    const dead = new Map<string, { readonly entry: Entry; readonly purges: number }>()
    const purges = (): number => world.tally['fault: purge'] ?? 0
    const editWins = new Set(world.versions.all.flatMap(({ schema }) => schema.ir.models).filter(({ deleteConflict }) => deleteConflict === 'edit-wins').map(({ name }) => name))
    const revives = (op: Op, model: string, key: string): boolean =>
      op.model === model && op.id === key && ((op.op === 'create' && op.restore === true) || (op.op === 'update' && editWins.has(model)))
    return {
      committed: (entries) => {
        for (const entry of entries) {
          const { op, model, key, mutation, who } = entry
          if (key === null) continue
          const row = `${model} ${key}`
          const before = dead.get(row)
          if (op === 'D' && who !== restorer) dead.set(row, { entry, purges: purges() })
          if (op !== 'I' || before === undefined) continue
          dead.delete(row)
          if (mutation === null || before.purges < purges() || world.history.isUndone(before.entry)) continue
          const sent = world.pushes.of(mutation.client, mutation.seq)
          if (sent.some((pushed) => pushed.mutation.ops.some((each) => revives(each, model, key)))) continue
          throw new Violation('I4', `${row} was deleted, and made again by mutation ${mutation.seq} of ${mutation.client}`, sent.map((pushed) => JSON.stringify(pushed.mutation.ops)))
        }
      },
    }
  },
}
