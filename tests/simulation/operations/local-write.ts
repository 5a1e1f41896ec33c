import { SyncError } from 'syncgen/protocol'
import type { Dice } from '../../postgres/random.js'
import { cachedTables } from '../schema/cached-tables.js'
import { allows } from '../schema/expected-rows.js'
import { cacheOf } from '../schema/sim-schema.js'
import type { StoredRow, Tables } from '../schema/tables.js'
import type { Device } from '../world/device.js'
import type { Operation } from './operation.js'
import { type Step, awake, write } from './steps.js'

/** Somebody writes: one to five mutations in one local transaction, now and then a strict one. */
export const localWrite: Operation = {
  name: 'write',
  weight: 60,
  isFault: false,
  run: (world, dice) => {
    const devices = awake(world)
    if (devices.length === 0) return
    const device = dice.pick(devices)
    const { client } = device
    if (client === null) return
    const seen = cachedTables(device.schema.ir, client)
    const steps: Step[] = []
    const count = dice.chance(0.7) ? 1 : 2 + dice.below(4)
    for (let at = 0; at < count; at += 1) {
      const step = drawStep(device, seen, dice)
      if (step !== null && !steps.some(({ id }) => id === step.id)) steps.push(step)
    }
    if (steps.length > 0) write(world, device, steps, dice.chance(0.1))
  },
}

/** Values that nobody may write: refused where the design says. */
export const hostileWrite: Operation = {
  name: 'hostile write',
  weight: 4,
  isFault: false,
  run: (world, dice) => {
    const device = dice.pick(world.devices)
    const { client } = device
    if (client === null) return
    const model = dice.pick(device.schema.ir.models)
    const hostile = device.author.hostile(model, cachedTables(device.schema.ir, client), device.identity.claims)
    if (hostile === null) return
    const cache = cacheOf(client, model.plural)
    try {
      const { confirmed } = hostile.op === 'create' ? cache.create(hostile.values) : cache.update(String(hostile.id), hostile.values)
      if (hostile.refusedBy === 'client') world.complaints.push(`${device.name}: the client let pass ${hostile.fault} in ${model.name}.${hostile.field}: ${JSON.stringify(hostile.values[hostile.field])}`)
      void confirmed.then(({ kind }) => world.count(`hostile ${kind}`))
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      world.count('refused by the client')
    }
  },
}

const drawStep = (device: Device, seen: Tables, dice: Dice): Step | null => {
  const { ir } = device.schema
  const { author, identity } = device
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const model = dice.pick(ir.models)
    const rows = [...(seen.get(model.name)?.values() ?? [])].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const roll = dice.next()
    if (rows.length === 0 || roll < 0.3) {
      const values = author.create(model, seen, identity.claims)
      if (values !== null) return { op: 'create', model, id: String(values['id']), values }
      continue
    }
    const row = chosen(rows, dice)
    const op = roll > 0.93 ? 'delete' : 'update'
    if (dice.chance(0.9) && !allows(ir, seen, model.name, op, identity.claims, row.id)) continue
    if (op === 'delete') return { op, model, id: row.id, values: {} }
    const values = author.patch(model, row, seen)
    if (values !== null) return { op, model, id: row.id, values }
  }
  return null
}

/** Half of the time everybody wants the same few rows. */
const chosen = (rows: readonly StoredRow[], dice: Dice): StoredRow => (dice.chance(0.5) ? dice.pick(rows.slice(0, 3)) : dice.pick(rows))
