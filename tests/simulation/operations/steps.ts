/** What a local transaction is made of, and how it is written. */
import { SyncError } from 'syncgen/protocol'
import type { Model } from '../../../generator/model.js'
import type { AppValues } from '../schema/row-author.js'
import type { AnyModel, SimTransaction } from '../schema/sim-schema.js'
import type { Device } from '../world/device.js'
import { marksIn } from '../world/history.js'
import { type LocalWrite, madeIn } from '../world/ledger.js'
import type { World } from '../world/world.js'

export type Step =
  | { readonly op: 'create'; readonly model: Model; readonly id: string; readonly values: AppValues }
  | { readonly op: 'update'; readonly model: Model; readonly id: string; readonly values: AppValues }
  | { readonly op: 'delete'; readonly model: Model; readonly id: string; readonly values: AppValues }
  | { readonly op: 'restore'; readonly model: Model; readonly id: string; readonly row: AnyModel['row'] }

/** A row that somebody deleted, as he saw it. */
export interface Deleted {
  readonly model: Model
  readonly row: AnyModel['row']
}

const deletions = new WeakMap<Device, Deleted[]>()

/** What was deleted on a device, in order. */
export const deletedOn = (device: Device): Deleted[] => {
  const known = deletions.get(device) ?? []
  deletions.set(device, known)
  return known
}

/** Devices on which somebody can write now. */
export const awake = ({ devices, kernel }: World): readonly Device[] => devices.filter(({ client, asleepUntil }) => client !== null && asleepUntil <= kernel.now)

/** Writes them in one local transaction, and enters it in the ledger. */
export const write = (world: World, device: Device, steps: readonly Step[], strict = false): void => {
  const { client } = device
  if (client === null) return
  const deleted: Deleted[] = []
  const run = (tx: SimTransaction): void => {
    for (const step of steps) {
      const { model, id } = step
      const writer = tx[model.plural]
      if (writer === undefined) throw new Error(`no writer ${model.plural}`)
      if (step.op === 'create') writer.create(step.values)
      else if (step.op === 'update') writer.update(id, step.values)
      else if (step.op === 'restore') writer.restore({ ...step.row })
      else deleted.push({ model, row: writer.delete(id) })
    }
  }
  try {
    const before = client.pending().at(-1)
    const { durable, confirmed } = client.transaction(run, { strict })
    const made = client.pending().at(-1)
    deletedOn(device).push(...deleted)
    const entry: LocalWrite = world.ledger.add({
      device: device.name,
      at: world.kernel.now,
      made: made === undefined || (before !== undefined && madeIn(made) === madeIn(before)) ? null : madeIn(made),
      what: steps.map(({ op, model }) => `${op} ${model.name}`).join(', '),
      marks: marksOf(steps),
      rows: steps.map(({ op, model, id }) => ({ op: op === 'restore' ? 'create' : op, model: model.name, id: id.toLowerCase() })),
      isDurable: false,
      fate: 'pending',
      outcome: null,
    })
    durable.then(
      () => void (entry.isDurable = true),
      (error: unknown) => {
        world.count(`not durable${error instanceof SyncError && error.details['full'] === true ? ': no room' : ''}`)
        const said = client.status.get().error
        if (device.client === client && said?.code !== 'storage-failed') world.complaints.push(`${device.name} stores nothing, and its status says ${said?.code ?? 'nothing'}`)
      },
    )
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
  steps.flatMap((step) => (step.op === 'create' || step.op === 'update' ? Object.values(step.values).flatMap(marksIn) : []))
