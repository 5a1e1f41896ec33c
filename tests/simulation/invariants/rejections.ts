import { cachedText } from '../schema/row-text.js'
import { type SimClient, cacheOf } from '../schema/sim-schema.js'
import { type Invariant, Violation } from './invariant.js'

/** A refusal leaves nothing: no row in the database, no text on the screen; and the app is told of it once in a life. */
export const rejections: Invariant = {
  id: 'I11',
  says: 'a rejected mutation leaves no trace and gives one event',
  watch: (world) => {
    let judged = 0
    const heard = new WeakMap<SimClient, Map<string, number>>()
    return {
      opened: (device, client) => {
        const counts = new Map<string, number>()
        heard.set(client, counts)
        client.on('rejected', ({ mutation }) => {
          const key = `${mutation.seq} ${JSON.stringify(mutation.ops)}`
          const times = (counts.get(key) ?? 0) + 1
          counts.set(key, times)
          if (times > 1) world.complaints.push(`${device.name} was told ${times} times that mutation ${mutation.seq} is rejected`)
        })
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
          if (write?.fate !== 'rejected' || client == null) continue
          for (const { model: name, id } of write.rows) {
            const model = world.schema.ir.models.find((each) => each.name === name)
            const row = model === undefined ? undefined : cacheOf(client, model.plural).get(id)
            if (model === undefined || row === undefined) continue
            const text = cachedText(model, row)
            const left = write.marks.filter((mark) => new RegExp(`${mark}(?!\\d)`).test(text) && !world.history.marks.has(mark))
            if (left.length > 0) throw new Violation('I11', `${write.device} still shows ${left.join(' ')} of a write that was rejected (${write.what})`, [text])
          }
        }
      },
      atRest: () => {
        for (const { fate, marks, device, what } of world.ledger.writes) {
          const stored = fate === 'rejected' ? marks.filter((mark) => world.history.marks.has(mark) && !world.pushes.tookPerhaps(mark)) : []
          if (stored.length > 0) throw new Violation('I11', `${what} of ${device} was rejected, but ${stored.join(' ')} was stored`)
        }
      },
    }
  },
}
