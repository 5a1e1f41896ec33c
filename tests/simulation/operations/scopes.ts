import { allParams, drawParams } from '../schema/scope-choices.js'
import { cachedTables } from '../schema/cached-tables.js'
import type { Operation } from './operation.js'

/** An app opens a scope, or closes one, or both: a change of parameters. */
export const changeScopes: Operation = {
  name: 'scopes',
  weight: 10,
  isFault: false,
  run: async (world, dice) => {
    const device = dice.pick(world.devices)
    const { client, schema } = device
    const { ir } = schema
    const keys = [...device.scopes.keys()]
    if (keys.length > 3 || (keys.length > 1 && dice.chance(0.4))) device.closeScope(dice.pick(keys))
    if (keys.length > 4) return
    const { name } = dice.pick(ir.scopes)
    const tables = schema === world.schema ? await world.tables() : client === null ? new Map() : cachedTables(ir, client)
    const choices = dice.chance(0.6) ? allParams(ir, name, tables) : []
    device.openScope({ scope: name, params: choices.length === 0 ? drawParams(dice, ir, name, tables) : dice.pick(choices) })
  },
}
