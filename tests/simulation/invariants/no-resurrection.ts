import type { Op } from '../../../runtime/protocol/messages.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * Who was deleted stays so: only a restore, an edit of a model where edits win, or another program makes the row again.
 */
export const noResurrection: Invariant = {
  id: 'I4',
  says: 'a deleted row lives again only by somebody who knew',
  watch: (world) => {
    const dead = new Set<string>()
    const editWins = new Set(world.schema.ir.models.filter(({ deleteConflict }) => deleteConflict === 'edit-wins').map(({ name }) => name))
    const revives = (op: Op, model: string, key: string): boolean =>
      op.model === model && op.id === key && ((op.op === 'create' && op.restore === true) || (op.op === 'update' && editWins.has(model)))
    return {
      committed: (entries) => {
        for (const { op, model, key, mutation } of entries) {
          if (key === null) continue
          const row = `${model} ${key}`
          if (op === 'D') dead.add(row)
          if (op !== 'I' || !dead.delete(row) || mutation === null) continue
          const sent = world.pushes.of(mutation.client, mutation.seq)
          if (sent.some((pushed) => pushed.mutation.ops.some((each) => revives(each, model, key)))) continue
          throw new Violation('I4', `${row} was deleted, and made again by mutation ${mutation.seq} of ${mutation.client}`, sent.map((pushed) => JSON.stringify(pushed.mutation.ops)))
        }
      },
    }
  },
}
