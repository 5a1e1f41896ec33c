import { quoted } from '../schema/tables.js'
import type { Operation } from './operation.js'

/** Another program writes, in a transaction of its own or in one that stays open. */
export const foreignWrite: Operation = {
  name: 'foreign sql',
  weight: 16,
  isFault: false,
  run: async (world, dice) => {
    const session = dice.pick(world.foreigners)
    if (dice.chance(0.25)) session.begin()
    const model = dice.pick(world.schema.ir.models)
    session.write(model.name, await world.tables())
    if (dice.chance(0.5)) session.end(dice.chance(0.85))
  },
}

/** Grants and revocations are rows that everybody's rules look at. */
export const grant: Operation = {
  name: 'grant or revoke',
  weight: 4,
  isFault: false,
  run: async (world, dice) => {
    const { ir } = world.schema
    const model = ir.models.find(({ name }) => name === 'Membership') ?? dice.pick(ir.models)
    dice.pick(world.foreigners).write(model.name, await world.tables(), { insert: 3, update: 2, delete: 4 })
  },
}

/** A whole table goes, and what refers to it. */
export const truncate: Operation = {
  name: 'truncate',
  weight: 0.15,
  isFault: true,
  run: (world, dice) => {
    const leaves = world.schema.ir.models.filter(({ name }) => !world.schema.ir.models.some(({ fields }) => fields.some(({ reference }) => reference?.model === name)))
    if (leaves.length === 0) return
    dice.pick(world.foreigners).run(`truncate ${quoted(dice.pick(leaves).table)}`)
  },
}

/** A replicating process writes, for which neither ordinary triggers nor foreign keys are there: so it changes no reference. */
export const replicate: Operation = {
  name: 'replicate',
  weight: 1,
  isFault: true,
  run: async (world, dice) => {
    const tables = await world.tables()
    const model = dice.pick(world.schema.ir.models)
    const ids = [...(tables.get(model.name)?.keys() ?? [])].toSorted()
    const fields = model.fields.filter(({ implicit, reference }) => !implicit && reference === null).map(({ name }) => name)
    if (ids.length === 0 || fields.length === 0) return
    if (dice.pick(world.foreigners).replicate(model.name, dice.pick(ids), [dice.pick(fields)], tables)) world.count('fault: replica role')
  },
}
