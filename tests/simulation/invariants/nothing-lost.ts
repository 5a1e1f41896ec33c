import { marksIn } from '../world/history.js'
import { madeIn } from '../world/ledger.js'
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
      const waiting = waitingOnOld(world)
      for (const { device, what, fate, marks: own, rows, at, made: madeAt } of world.ledger.writes) {
        const missing = own.filter((mark) => !marks.has(mark) && !world.ledger.wentWithDisks.has(mark) && kept.get(device)?.has(mark) !== true)
        const made = rows.filter(({ op }) => op === 'create').map(({ id }) => id)
        const hasDelete = rows.some(({ op }) => op === 'delete')
        const say = (problem: string): never => {
          throw new Violation('I2', `${problem}: ${what} of ${device} at ${at.toFixed(0)} (${fate})`, [`texts ${own.join(' ')}`, `rows ${rows.map(({ model, id, op }) => `${op} ${model} ${id}`).join(', ')}`])
        }
        if (madeAt !== null && waiting.get(device)?.has(madeAt) === true) continue
        if (fate === 'pending') say('nobody knows what became of a write')
        if (fate === 'applied' && missing.length > 0 && !hasDelete) say(`acknowledged, but never stored: ${missing.join(' ')}`)
        if (fate === 'applied' && !hasDelete && made.some((id) => !keys.has(id))) say('acknowledged, but its row was never stored')
        if (fate === 'unknown' && own.length > 0 && missing.length === own.length && !hasDelete) say('durable, then gone without a word')
      }
    },
  }),
}

/** What waits on devices that no server knows the version of: they keep it until they are upgraded. */
const waitingOnOld = ({ devices }: World): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(devices.filter(({ isTooOld }) => isTooOld).map(({ name, client }) => [name, new Set(client?.pending().map(madeIn))]))

/** Texts of writes that a later version has no place for: the app has them. */
const keptByApps = ({ devices }: World): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(
    devices.map(({ name, client }) => {
      const unknown = (client?.rejected() ?? []).filter(({ code }) => code === 'unknown-schema')
      return [name, new Set(unknown.flatMap(({ mutation }) => marksIn(JSON.stringify(mutation.ops))))]
    }),
  )
