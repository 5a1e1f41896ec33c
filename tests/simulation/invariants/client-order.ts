import type { Entry } from '../world/history.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/** What one client wrote takes effect in the order in which it was written; every number up to the last is decided, and none that was not sent. */
export const clientOrder: Invariant = {
  id: 'I7',
  says: 'mutations of a client take effect in the order of their numbers, and no number is passed over',
  watch: (world) => {
    /** What each client's mutations did, in order. */
    const effects = new Map<string, Entry[]>()
    const epochs = new Set<string>()
    return {
      frame: (_, __, message) => {
        if (message.kind === 'welcome') epochs.add(message.epoch)
      },
      committed: (entries) => {
        for (const entry of entries) {
          const { mutation } = entry
          if (mutation === null) continue
          const own = effects.get(mutation.client) ?? []
          const before = own.findLast((each) => !world.history.isUndone(each))?.mutation?.seq ?? 0
          if (mutation.seq < before) throw new Violation('I7', `mutation ${mutation.seq} of ${mutation.client} took effect after ${before}`)
          own.push(entry)
          effects.set(mutation.client, own)
        }
      },
      atRest: async () => {
        const decided = await decisions(world)
        for (const { client, highest, recorded } of decided) {
          const numbers = Array.from({ length: highest }, (_, at) => at + 1)
          const unsent = numbers.filter((seq) => world.pushes.of(client, seq).length === 0)
          if (unsent.length > 0) throw new Violation('I7', `${client} never sent ${unsent.join(', ')}, and ${highest} was decided`)
          const own = new Set(recorded)
          const passed = (world.tally['fault: purge'] ?? 0) > 0 ? [] : numbers.filter((seq) => !own.has(seq))
          if (passed.length > 0) throw new Violation('I7', `${passed.join(', ')} of ${client} were passed over: ${highest} was decided`)
          if (recorded.some((seq) => seq > highest)) throw new Violation('I7', `${client} has outcomes beyond ${highest}, its last number`, [recorded.join()])
        }
        if (epochs.size > 1) return // The database was another: what it decided is not what this one decided.
        const highestOf = new Map(decided.map(({ client, highest }) => [client, highest]))
        for (const { client, mutation, device } of world.pushes.told) {
          if (mutation.seq > (highestOf.get(client) ?? 0)) throw new Violation('I7', `${device} was told what became of mutation ${mutation.seq}, which nobody decided`)
        }
      },
    }
  },
}

interface Decisions {
  readonly client: string
  /** The last number that was decided. */
  readonly highest: number
  /** Numbers of which there is an outcome; those that were applied may have been purged. */
  readonly recorded: readonly number[]
}

/** By client, as the database has it. */
const decisions = async ({ control }: World): Promise<readonly Decisions[]> => {
  const text = `select c.id::text as client, c.last_seq::int as highest, array_remove(array_agg(o.seq::int), null) as recorded
from syncgen.clients c left join syncgen.outcomes o on o.client = c.id group by c.id`
  return (await control.sql(text)) as unknown as readonly Decisions[]
}
