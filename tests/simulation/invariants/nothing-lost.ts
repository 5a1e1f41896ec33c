import { marksIn } from '../world/history.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/** What the server acknowledged was stored; what it did not is still waiting, was refused aloud, or was lost with a disk. */
export const nothingLost: Invariant = {
  id: 'I2',
  says: 'no acknowledged write is lost, and none disappears in silence',
  watch: (world) => ({
    atRest: () => {
      const { marks, keys } = world.history
      const kept = keptByApps(world)
      for (const { device, what, fate, marks: own, rows, at } of world.ledger.writes) {
        const missing = own.filter((mark) => !marks.has(mark) && kept.get(device)?.has(mark) !== true)
        const made = rows.filter(({ op }) => op === 'create').map(({ id }) => id)
        const hasDelete = rows.some(({ op }) => op === 'delete')
        const say = (problem: string): never => {
          throw new Violation('I2', `${problem}: ${what} of ${device} at ${at.toFixed(0)} (${fate})`, [`texts ${own.join(' ')}`, `rows ${rows.map(({ model, id, op }) => `${op} ${model} ${id}`).join(', ')}`])
        }
        if (fate === 'pending') say('nobody knows what became of a write')
        if (fate === 'applied' && missing.length > 0 && !hasDelete) say(`acknowledged, but never stored: ${missing.join(' ')}`)
        if (fate === 'applied' && !hasDelete && made.some((id) => !keys.has(id))) say('acknowledged, but its row was never stored')
        if (fate === 'unknown' && own.length > 0 && missing.length === own.length && !hasDelete) say('durable, then gone without a word')
      }
    },
  }),
}

/** Texts of writes that a later version has no place for: the app has them. */
const keptByApps = ({ devices }: World): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(
    devices.map(({ name, client }) => {
      const unknown = (client?.rejected() ?? []).filter(({ code }) => code === 'unknown-schema')
      return [name, new Set(unknown.flatMap(({ mutation }) => marksIn(JSON.stringify(mutation.ops))))]
    }),
  )
