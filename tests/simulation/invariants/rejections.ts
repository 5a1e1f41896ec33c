import type { Rejection } from 'syncgen/client'
import type { Mutation } from '../../../runtime/protocol/messages.js'
import { cachedText } from '../schema/row-text.js'
import { type SimClient, cacheOf } from '../schema/sim-schema.js'
import { marksIn } from '../world/history.js'
import { type LocalWrite, isIn, madeIn } from '../world/ledger.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/** A refusal leaves nothing: no row in the database, no text on the screen; and the app is told of it once in a life, and has it until it wants it no more. */
export const rejections: Invariant = {
  id: 'I11',
  says: 'a rejected mutation leaves no trace and gives one event',
  watch: (world) => {
    let judged = 0
    let twice: string | null = null
    return {
      opened: (device, client) => {
        const told = new Set<string>()
        client.on('rejected', ({ mutation, code }) => {
          if (code === 'unknown-schema') return // What has no place in the database that took the place of this one is told of that, too.
          const key = `${mutation.seq} ${madeIn(mutation)}`
          if (told.has(key)) twice ??= `${device.name} is told once more in one life that mutation ${mutation.seq} is rejected`
          told.add(key)
        })
      },
      afterEvent: () => {
        if (twice !== null) throw new Violation('I11', twice)
      },
      committed: (entries) => {
        for (const { mutation, model, key } of entries) {
          if (mutation !== null && mutation.outcome.startsWith('reject')) throw new Violation('I11', `mutation ${mutation.seq} of ${mutation.client} was rejected, but wrote ${model} ${key ?? ''}`)
        }
      },
      afterOperation: () => {
        const { writes } = world.ledger
        for (; judged < writes.length && writes[judged]?.fate !== 'pending'; judged += 1) {
          const write = writes[judged]
          const client = world.devices.find(({ name }) => name === write?.device)?.client
          if (write?.fate !== 'rejected' || client == null || waitsAgain(client, write)) continue
          const { schema } = world.devices.find(({ name }) => name === write.device) ?? world
          for (const { model: name, id } of write.rows) {
            const model = schema.ir.models.find((each) => each.name === name)
            const row = model === undefined ? undefined : cacheOf(client, model.plural).get(id)
            if (model === undefined || row === undefined) continue
            const text = cachedText(model, row)
            const left = write.marks.filter((mark) => new RegExp(`${mark}(?!\\d)`).test(text) && !world.history.marks.has(mark) && !isBroughtBack(client, id, mark))
            if (left.length > 0) throw new Violation('I11', `${write.device} still shows ${left.join(' ')} of a write that was rejected (${write.what})`, [text])
          }
        }
      },
      atRest: () => {
        for (const { fate, marks, device, what } of world.ledger.writes) {
          const stored = fate === 'rejected' ? marks.filter((mark) => world.history.marks.has(mark) && !world.pushes.tookPerhaps(mark)) : []
          if (stored.length > 0) throw new Violation('I11', `${what} of ${device} was rejected, but ${stored.join(' ')} was stored`)
        }
        for (const device of world.devices) if (device.client !== null) kept(world, device.name, device.client.rejected())
      },
    }
  },
}

/** Whether the app died before the refusal was stored: then it waits again, is shown until the server repeats itself, and is gone at rest. */
const waitsAgain = (client: SimClient, { made }: LocalWrite): boolean => client.pending().some((mutation) => madeIn(mutation) === made)

/** Whether the app waits for a row to be brought back that says so: it was deleted while the refusal was on its way, and its author had seen it. */
const isBroughtBack = (client: SimClient, id: string, mark: string): boolean =>
  client.pending().some(({ ops }) => ops.some((op) => op.op === 'create' && op.restore === true && op.id === id && Object.values(op.values).some((value) => marksIn(value).includes(mark))))

/** What an app was told to be rejected it still has, once; and nothing else. */
const kept = ({ ledger, pushes, versions }: World, device: string, rejections: readonly Rejection[]): void => {
  // What has no meaning in a later version the app has without any server's word, and as it was written.
  const judged = rejections.filter(({ code }) => code !== 'unknown-schema')
  const keyOf = versions.all.length > 1 ? ({ at }: Mutation): string => String(at) : textOf // An upgrade puts it into other words.
  const keys = judged.map(({ mutation }) => keyOf(mutation))
  const refused = new Set(pushes.told.flatMap(({ mutation, outcome }) => (outcome?.kind === 'rejected' ? [keyOf(mutation)] : [])))
  const invented = keys.filter((key) => !refused.has(key))
  if (invented.length > 0) throw new Violation('I11', `${device} keeps what nobody rejected`, invented)
  const doubled = keys.filter((key, at) => keys.indexOf(key) < at)
  if (doubled.length > 0) throw new Violation('I11', `${device} keeps a rejection twice`, doubled)
  const texts = rejections.map(({ mutation }) => textOf(mutation))
  const forgotten = ledger.sinceReplaced(device).filter((write) => write.fate === 'rejected' && !texts.some((text) => tells(text, write, pushes.linksOf)))
  if (forgotten.length > 0) throw new Violation('I11', `${device} has forgotten that ${forgotten.map(({ what }) => what).join('; ')} was rejected`, forgotten.map(({ marks }) => marks.join(' ')))
}

/** The same whatever number it had; no device writes twice in one moment of its clock. */
const textOf = ({ at, ops }: Mutation): string => JSON.stringify({ at, ops })

/** A field that was changed to what it was is in no op; a write to a link that gave way is one to the link that stands. */
const tells = (text: string, write: LocalWrite, linksOf: (id: string) => readonly string[]): boolean =>
  write.marks.length > 0 ? isIn(text, write) : write.rows.some(({ id }) => linksOf(id).some((each) => text.includes(each)))
