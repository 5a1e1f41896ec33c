import type { Op } from '../../../runtime/protocol/messages.js'
import { type Entry, restorer } from '../world/history.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * Who was deleted stays so: only a restore, an edit of a model where edits win, or another program makes the row again. What a
 * purge has forgotten, or the log of a database that was restored, nobody knows: a create that a copied device sends again, under
 * another id, is then one like any other.
 */
export const noResurrection: Invariant = {
  id: 'I4',
  says: 'a deleted row lives again only by somebody who knew',
  watch: (world) => {
    /** Rows, what deleted them, and how often deletes had been forgotten before. */
    const dead = new Map<string, { readonly entry: Entry; readonly purges: number }>()
    const purges = (): number => (world.tally['fault: purge'] ?? 0) + (world.tally['fault: restore'] ?? 0)
    /** As the operation before left it: what is read after this one may have been committed before it. */
    let past = 0
    const editWins = new Set(world.versions.all.flatMap(({ schema }) => schema.ir.models).filter(({ deleteConflict }) => deleteConflict === 'edit-wins').map(({ name }) => name))
    const joins = new Set(world.versions.all.flatMap(({ schema }) => schema.ir.models).filter(({ join }) => join).map(({ name }) => name))
    // To edit a link that gave way is to edit the row of its pair.
    const revives = (op: Op, model: string, key: string): boolean =>
      op.model === model && (op.op === 'update' ? editWins.has(model) && (op.id === key || joins.has(model)) : op.op === 'create' && op.restore === true && op.id === key)
    return {
      committed: (entries) => {
        for (const entry of entries) {
          const { op, model, key, mutation, who } = entry
          if (key === null) continue
          const row = `${model} ${key}`
          const before = dead.get(row)
          if (op === 'D' && who !== restorer) dead.set(row, { entry, purges: past })
          if (op !== 'I' || before === undefined) continue
          dead.delete(row)
          if (mutation === null || before.purges < purges() || world.history.isUndone(before.entry)) continue
          const sent = world.pushes.of(mutation.client, mutation.seq)
          if (sent.some((pushed) => pushed.mutation.ops.some((each) => revives(each, model, key)))) continue
          throw new Violation('I4', `${row} was deleted, and made again by mutation ${mutation.seq} of ${mutation.client}`, sent.map((pushed) => JSON.stringify(pushed.mutation.ops)))
        }
      },
      afterOperation: () => void (past = purges()),
    }
  },
}
