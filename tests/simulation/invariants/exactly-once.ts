import { type Invariant, Violation } from './invariant.js'

/** A mutation has its effect in one transaction, however often it was sent. */
export const exactlyOnce: Invariant = {
  id: 'I3',
  says: 'each mutation takes effect at most once',
  watch: () => {
    const transactions = new Map<string, string | null>()
    return {
      committed: (entries) => {
        for (const { mutation, tx } of entries) {
          if (mutation === null) continue
          const key = `${mutation.client}/${mutation.seq}`
          const first = transactions.get(key)
          if (first !== undefined && first !== tx) throw new Violation('I3', `mutation ${key} took effect in the transactions ${first} and ${tx}`)
          transactions.set(key, tx)
        }
      },
    }
  },
}
