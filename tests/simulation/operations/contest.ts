import type { Dice } from '../../postgres/random.js'
import { cachedTables } from '../schema/cached-tables.js'
import { allows } from '../schema/expected-rows.js'
import { patchable } from '../schema/row-author.js'
import type { Tables } from '../schema/tables.js'
import type { Device } from '../world/device.js'
import type { World } from '../world/world.js'
import type { Operation } from './operation.js'
import { awake, write } from './steps.js'

/** Fields of one row that two want to change. */
interface Bone {
  readonly model: string
  readonly id: string
  readonly fields: readonly string[]
}

/** Two edit the same fields of the same row and have not heard of each other: two devices, or a device and another program. */
export const contest: Operation = {
  name: 'contest',
  weight: 18,
  isFault: false,
  run: async (world, dice) => {
    const bone = dice.chance(0.35) ? (awaited(world, dice) ?? shared(world, dice)) : shared(world, dice)
    if (bone === null) return
    const rivals = awake(world).filter((device) => canEdit(device, bone) && !awaits(device, bone)).slice(0, 3)
    const isAlone = rivals.length < 2 && !world.devices.some((device) => awaits(device, bone) && !rivals.includes(device))
    for (const device of rivals) edit(world, device, bone, dice)
    if (isAlone || rivals.length === 0 || dice.chance(0.3)) dice.pick(world.foreigners).edit(bone.model, bone.id, bone.fields, await world.tables())
    world.count('contest')
  },
}

/** What somebody has changed and not sent yet, most likely on a device without network. */
const awaited = ({ devices }: World, dice: Dice): Bone | null => {
  const ops = devices.flatMap(({ client }) => client?.pending() ?? []).flatMap(({ ops: each }) => each).filter((op) => op.op === 'update')
  if (ops.length === 0) return null
  const { model, id, set } = dice.pick(ops)
  return { model, id, fields: Object.keys(set) }
}

/** One or two fields of some row that somebody can change; if a few tries find one, of a row that two can. */
const shared = (world: World, dice: Dice): Bone | null => {
  const devices = awake(world)
  if (devices.length === 0) return null
  let found: Bone | null = null
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const device = dice.pick(devices)
    const model = dice.pick(device.schema.ir.models)
    const ids = [...(seenBy(device).get(model.name)?.keys() ?? [])].toSorted()
    const fields = patchable(model).map(({ name }) => name)
    if (ids.length === 0 || fields.length === 0) continue
    const bone = { model: model.name, id: dice.pick(ids), fields: [...new Set([dice.pick(fields), dice.pick(fields)])] }
    if (!canEdit(device, bone)) continue
    found = bone
    if (devices.some((other) => other !== device && canEdit(other, bone))) break
  }
  return found
}

const edit = (world: World, device: Device, { model: name, id, fields }: Bone, dice: Dice): void => {
  const seen = seenBy(device)
  const model = device.schema.ir.models.find((each) => each.name === name)
  const row = seen.get(name)?.get(id)
  const values = model === undefined || row === undefined ? null : device.author.patch(model, row, seen, fields)
  if (model !== undefined && values !== null) write(world, device, [{ op: 'update', model, id, values }], dice.chance(0.1))
}

const canEdit = (device: Device, { model, id }: Bone): boolean => {
  const seen = seenBy(device)
  return seen.get(model)?.has(id) === true && allows(device.schema.ir, seen, model, 'update', device.identity.claims, id)
}

const awaits = ({ client }: Device, { model, id }: Bone): boolean =>
  client?.pending().some(({ ops }) => ops.some((op) => op.model === model && op.id === id)) ?? false

const seenBy = ({ schema, client }: Device): Tables => (client === null ? new Map() : cachedTables(schema.ir, client))
