import { cacheOf } from '../schema/sim-schema.js'
import { type Invariant, Violation } from './invariant.js'

/** Who watches sees what is there: a live query tells the rows that a fresh one finds, and events add up to them. */
export const liveQueries: Invariant = {
  id: 'I12',
  says: 'a live query equals a fresh one, and events add up to the cache',
  watch: (world) => {
    const watched = new Map<string, { readonly client: unknown; readonly heard: Map<string, readonly object[]>; readonly mirror: Map<string, Map<string, object>> }>()
    const { models } = world.schema.ir
    return {
      opened: (device, client) => {
        const heard = new Map<string, readonly object[]>()
        const mirror = new Map<string, Map<string, object>>()
        watched.set(device.name, { client, heard, mirror })
        for (const { plural } of models) {
          const cache = cacheOf(client, plural)
          cache.query().subscribe((rows) => heard.set(plural, rows))
          const rows = new Map<string, object>(cache.all().map((row) => [row.id, row]))
          mirror.set(plural, rows)
          cache.on((event) => {
            if (event.kind === 'added' || event.kind === 'changed') rows.set(event.id, event.after)
            else rows.delete(event.id)
          })
        }
      },
      afterOperation: () => {
        for (const { name, client } of world.devices) {
          const own = watched.get(name)
          if (client === null || own?.client !== client) continue
          for (const { plural } of models) {
            const all = cacheOf(client, plural).all()
            const rows = new Map<string, object>(all.map((row) => [row.id, row]))
            const heard = own.heard.get(plural) ?? []
            const mirror = own.mirror.get(plural) ?? new Map<string, object>()
            const differs = heard.length !== all.length || heard.some((row) => rows.get((row as { id: string }).id) !== row)
            if (differs) throw new Violation('I12', `${name}: the live query of ${plural} has ${heard.length} rows, the cache ${all.length}`)
            const missed = all.filter((row) => mirror.get(row.id) !== row)
            if (missed.length > 0 || mirror.size !== all.length) throw new Violation('I12', `${name}: events of ${plural} do not add up to the cache`, missed.slice(0, 3).map(({ id }) => id))
          }
        }
      },
    }
  },
}
