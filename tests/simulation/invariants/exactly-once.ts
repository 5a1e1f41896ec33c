import type { Entry } from '../world/history.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * A mutation has its effect in one transaction, however often it was sent: no element of a set stands twice for it. What a restore took
 * back may be decided again, under the same number, too.
 */
export const exactlyOnce: Invariant = {
  id: 'I3',
  says: 'each mutation takes effect at most once',
  watch: (world) => {
    const transactions = new Map<string, Entry>()
    const sets = new Map(world.versions.all.flatMap(({ schema }) => schema.ir.models).map(({ name, fields }) => [name, fields.filter(({ conflict }) => conflict === 'set').map(({ column }) => column)]))
    return {
      committed: (entries) => {
        for (const entry of entries) {
          const { mutation, tx, model, after } = entry
          if (mutation === null) continue
          const key = `${mutation.client}/${mutation.seq}`
          const first = transactions.get(key)
          if (first !== undefined && first.tx !== tx && !world.history.isUndone(first)) throw new Violation('I3', `mutation ${key} took effect in the transactions ${first.tx} and ${tx}`)
          transactions.set(key, entry)
          for (const column of sets.get(model) ?? []) {
            const elements = after?.[column]
            if (Array.isArray(elements) && new Set(elements).size < elements.length) throw new Violation('I3', `after mutation ${key} an element stands twice in ${model}.${column}`, [JSON.stringify(elements)])
          }
        }
      },
    }
  },
}
