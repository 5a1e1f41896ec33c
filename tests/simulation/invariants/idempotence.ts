import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { cachedRows, differences } from '../schema/row-text.js'
import { type Invariant, Violation } from './invariant.js'

/** To say the same again changes nothing: who is in step and connects anew sends no mutation, gets no row, and writes nothing. */
export const idempotence: Invariant = {
  id: 'I10',
  says: 'at rest a reconnect carries nothing and writes nothing',
  watch: (world) => {
    let carried: string[] | null = null
    return {
      frame: (from, to, message) => {
        if (carried === null) return
        const what = contentOf(message)
        if (what !== null) carried.push(`${from} → ${to}: ${what}`)
      },
      atRest: async () => {
        const known = world.devices.filter(({ isTooOld }) => !isTooOld)
        const before = known.map(({ client, schema }) => (client === null ? null : cachedRows(schema.ir, client)))
        const clients = known.map(({ client }) => client)
        carried = []
        for (const client of clients) client?.goOffline()
        await world.run(500)
        for (const client of clients) client?.goOnline()
        await world.run(5000)
        for (let waited = 0; waited < 60 && !clients.every((client) => client?.status.get().connection === 'online'); waited += 1) await world.run(500)
        const sent = carried
        carried = null
        const written = await world.history.read()
        if (written.length > 0) throw new Violation('I10', `a reconnect wrote ${written.length} rows`, written.slice(0, 5).map(({ model, op, key }) => `${op} ${model} ${key ?? ''}`))
        if (sent.length > 0) throw new Violation('I10', 'a reconnect carried what was there already', sent.slice(0, 6))
        for (const [at, { name, client, schema }] of known.entries()) {
          const rows = before[at]
          if (client === null || client !== clients[at] || rows == null) continue
          const found = differences(rows, cachedRows(schema.ir, client))
          if (found.length > 0) throw new Violation('I10', `a reconnect changed what ${name} shows`, found.slice(0, 6))
        }
      },
    }
  },
}

/** What a frame would change, null if nothing. */
const contentOf = (message: ClientMessage | ServerMessage): string | null => {
  if (message.kind === 'push') return `mutations ${message.mutations.map(({ seq }) => seq).join(', ')}`
  if (message.kind !== 'page' && message.kind !== 'changed') return null
  const { rows, claims } = message.delta
  const count = Object.values(rows).reduce((sum, some) => sum + some.length, 0)
  const changes = claims.filter(({ add, out, deleted }) => add.length + out.length + deleted.length > 0)
  return count + changes.length === 0 ? null : `${count} rows, ${JSON.stringify(changes).slice(0, 200)}`
}
