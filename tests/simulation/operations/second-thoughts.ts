import { cachedTables } from '../schema/cached-tables.js'
import { cacheOf } from '../schema/sim-schema.js'
import type { Operation } from './operation.js'
import { awake, deletedOn, write } from './steps.js'

/** Somebody wants back what he deleted. */
export const restoreRow: Operation = {
  name: 'restore row',
  weight: 4,
  isFault: false,
  run: (world, dice) => {
    const choices = awake(world).flatMap((device) => deletedOn(device).filter(({ model }) => device.schema.ir.models.includes(model)).slice(-5).map((deleted) => ({ device, deleted })))
    const gone = choices.filter(({ device: { client }, deleted: { model, row } }) => client !== null && cacheOf(client, model.plural).get(row.id) === undefined)
    if (gone.length === 0) return
    const { device, deleted } = dice.pick(gone)
    world.count('row restored')
    write(world, device, [{ op: 'restore', model: deleted.model, id: deleted.row.id, row: deleted.row }])
  },
}

/** Two make the same link, each on his own device, or one unlinks and links again at once. */
export const linkTwice: Operation = {
  name: 'link twice',
  weight: 2,
  isFault: false,
  run: (world, dice) => {
    const joins = world.schema.ir.models.filter(({ join }) => join)
    const devices = awake(world)
    if (joins.length === 0 || devices.length === 0) return
    const { name } = dice.pick(joins)
    const device = dice.pick(devices)
    const model = device.schema.ir.models.find((each) => each.name === name)
    if (device.client === null || model === undefined) return
    const seen = cachedTables(device.schema.ir, device.client)
    const rows = [...(seen.get(model.name)?.values() ?? [])].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const values = device.author.create(model, seen, device.identity.claims)
    if (values === null) return
    const ends = model.fields.filter(({ reference }) => reference !== null).map(({ name }) => name)
    if (rows.length > 0 && dice.chance(0.4)) {
      const row = dice.pick(rows)
      const same = { ...values, ...Object.fromEntries(ends.map((name) => [name, row.values[name]])) }
      world.count('unlinked and linked')
      write(world, device, [{ op: 'delete', model, id: row.id, values: {} }])
      return write(world, device, [{ op: 'create', model, id: String(values['id']), values: same }])
    }
    world.count('linked twice')
    write(world, device, [{ op: 'create', model, id: String(values['id']), values }])
    for (const other of devices.filter((each) => each !== device).slice(0, 2)) {
      const theirs = other.schema.ir.models.find((each) => each.name === name)
      const own = other.client === null || theirs === undefined ? null : other.author.create(theirs, cachedTables(other.schema.ir, other.client), other.identity.claims)
      if (own === null || theirs === undefined) continue
      const same = { ...own, ...Object.fromEntries(ends.map((name) => [name, values[name]])) }
      write(world, other, [{ op: 'create', model: theirs, id: String(own['id']), values: same }])
    }
  },
}
