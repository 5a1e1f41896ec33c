import { type Invariant, Violation } from './invariant.js'

/** What one client wrote takes effect in the order in which it was written. */
export const clientOrder: Invariant = {
  id: 'I7',
  says: 'mutations of a client take effect in the order of their numbers',
  watch: () => {
    const last = new Map<string, number>()
    return {
      committed: (entries) => {
        for (const { mutation } of entries) {
          if (mutation === null) continue
          const before = last.get(mutation.client) ?? 0
          if (mutation.seq < before) throw new Violation('I7', `mutation ${mutation.seq} of ${mutation.client} took effect after ${before}`)
          last.set(mutation.client, mutation.seq)
        }
      },
    }
  },
}
