import { SyncError } from 'syncgen/protocol'
import type { Dice } from '../../postgres/random.js'
import type { Model } from '../../../generator/model.js'
import { cachedTables } from '../schema/cached-tables.js'
import { allows } from '../schema/expected-rows.js'
import type { AppValues } from '../schema/row-author.js'
import { type SimClient, type SimTransaction, cacheOf } from '../schema/sim-schema.js'
import type { StoredRow, Tables } from '../schema/tables.js'
import type { Device } from '../world/device.js'
import { marksIn } from '../world/history.js'
import type { LocalWrite } from '../world/ledger.js'
import type { World } from '../world/world.js'
import type { Operation } from './operation.js'

type Step =
  | { readonly op: 'create'; readonly model: Model; readonly id: string; readonly values: AppValues }
  | { readonly op: 'update'; readonly model: Model; readonly id: string; readonly values: AppValues }
  | { readonly op: 'delete'; readonly model: Model; readonly id: string; readonly values: AppValues }

/** Somebody writes: one to five mutations in one local transaction, now and then a strict one. */
export const localWrite: Operation = {
  name: 'write',
  weight: 60,
  isFault: false,
  run: (world, dice) => {
    const awake = world.devices.filter(({ client, asleepUntil }) => client !== null && asleepUntil <= world.kernel.now)
    if (awake.length === 0) return
    const device = dice.pick(awake)
    const { client } = device
    if (client === null) return
    const seen = cachedTables(world.schema.ir, client)
    const steps: Step[] = []
    const count = dice.chance(0.7) ? 1 : 2 + dice.below(4)
    for (let at = 0; at < count; at += 1) {
      const step = drawStep(world, device, seen, dice)
      if (step !== null && !steps.some(({ id }) => id === step.id)) steps.push(step)
    }
    if (steps.length > 0) write(world, device, client, steps, dice.chance(0.1))
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
    const model = dice.pick(world.schema.ir.models)
    const hostile = device.author.hostile(model, cachedTables(world.schema.ir, client), device.identity.claims)
    if (hostile === null) return
    const cache = cacheOf(client, model.plural)
    try {
      const { confirmed } = hostile.op === 'create' ? cache.create(hostile.values) : cache.update(String(hostile.id), hostile.values)
      if (hostile.refusedBy === 'client') world.complaints.push(`${device.name}: the client let pass ${hostile.fault} in ${model.name}.${hostile.field}`)
      void confirmed.then(({ kind }) => world.count(`hostile ${kind}`))
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      world.count('refused by the client')
    }
  },
}

const drawStep = (world: World, device: Device, seen: Tables, dice: Dice): Step | null => {
  const { ir } = world.schema
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

const write = (world: World, device: Device, client: SimClient, steps: readonly Step[], strict: boolean): void => {
  const run = (tx: SimTransaction): void => {
    for (const { op, model, id, values } of steps) {
      const writer = tx[model.plural]
      if (writer === undefined) throw new Error(`no writer ${model.plural}`)
      if (op === 'create') writer.create(values)
      else if (op === 'update') writer.update(id, values)
      else writer.delete(id)
    }
  }
  try {
    const { durable, confirmed } = client.transaction(run, { strict })
    const entry: LocalWrite = world.ledger.add({
      device: device.name,
      at: world.kernel.now,
      what: steps.map(({ op, model }) => `${op} ${model.name}`).join(', '),
      marks: marksOf(steps),
      rows: steps.map(({ op, model, id }) => ({ op, model: model.name, id: id.toLowerCase() })),
      isDurable: false,
      fate: 'pending',
      outcome: null,
    })
    durable.then(() => void (entry.isDurable = true), () => undefined)
    void confirmed.then((outcome) => {
      world.count(`write ${outcome.kind}`)
      if (outcome.kind === 'rejected') world.count(`rejected ${outcome.code}`)
      if (device.client !== client) return
      entry.fate = outcome.kind
      entry.outcome = outcome
    })
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    world.count(`refused at the call: ${error.code}`)
  }
}

/** Unique texts of top-level values; a text inside of a list or json may be merged with others. */
const marksOf = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap(({ op, values }) => (op === 'delete' ? [] : Object.values(values).flatMap(marksIn)))
