import { describe, expect, it } from 'vitest'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { dying } from '../../tests/client/failing-storage.js'
import type { Trial } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, TestWorld, uuidOf, welcome, type Wire } from '../../tests/client/world.js'
import type { PushResult } from '../protocol/messages.js'
import { dexieStorage } from './dexie-storage.js'
import type { Rejection } from './events.js'
import { memoryStorage } from './memory-storage.js'
import type { OpenStorage } from './storage.js'

const kinds: readonly (readonly [string, () => OpenStorage])[] = [
  ['memory', () => memoryStorage()],
  ['IndexedDB', () => dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })],
]

const inStep = async (storage: OpenStorage): Promise<{ readonly world: TestWorld; readonly db: Trial; readonly wire: Wire }> => {
  const world = new TestWorld()
  const db = await world.open({ storage })
  db.openScope('board', { boardId: uuidOf(1) })
  const wire = await world.wire()
  const claims = [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] })]
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)] }, claims }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire }
}

const refusal = (seq: number, id = uuidOf(10)): PushResult => ({
  seq,
  outcome: { kind: 'rejected', code: 'unique', model: 'Card', id, fields: ['boardId', 'title'] },
  rows: {},
})

const refuse = async (wire: Wire, ...results: readonly PushResult[]): Promise<void> => {
  await wire.awaits('push')
  wire.send({ kind: 'pushed', results })
}

const words = ({ code, model, id, fields, discarded }: Rejection) => ({ code, model, id, fields, discarded })

const said = {
  code: 'unique',
  model: 'Card',
  id: uuidOf(10),
  fields: ['boardId', 'title'],
  discarded: [{ op: 'update', model: 'Card', id: uuidOf(10), values: { title: 'taken', votes: { add: 2 } } }],
}

describe.each(kinds)('a refused transaction, in %s', (_, make) => {
  it('[C70] is kept with its reason and what was discarded, over restarts, until it is dismissed', async () => {
    const storage = make()
    const { db, wire } = await inStep(storage)
    const { confirmed } = db.cards.update(uuidOf(10), { title: 'taken', votes: { add: 2 } })
    await refuse(wire, refusal(1))
    await confirmed
    expect(db.rejected().map(words)).toEqual([said])
    await db.close()

    const again = await new TestWorld().open({ storage })
    expect(again.rejected().map(words)).toEqual([said])
    expect(again.pending()).toEqual([])
    await again.rejected()[0]?.dismiss()
    expect(again.rejected()).toEqual([])
    await again.close()
    expect((await new TestWorld().open({ storage })).rejected()).toEqual([])
  })

  it('[C71] is made again with other values, on the row as it is now, and dismissed once that is stored', async () => {
    const storage = make()
    const { db, wire } = await inStep(storage)
    const heard: Rejection[] = []
    db.on('rejected', (rejection) => heard.push(rejection))
    db.cards.update(uuidOf(10), { title: 'taken', votes: { add: 2 } })
    await refuse(wire, refusal(1))
    await eventually(() => expect(heard).toHaveLength(1))
    const again = heard[0]?.retry({ title: 'free' })
    await again?.durable
    expect(db.cards.get(uuidOf(10))).toMatchObject({ title: 'free', votes: 2 })
    await wire.awaits('push', 2)
    expect(wire.of('push')[1]?.mutations).toMatchObject([
      { seq: 2, ops: [{ op: 'update', set: { title: { seen: 'card 10', value: 'free' }, votes: { add: 2 } } }] },
    ])
    await eventually(() => expect(db.rejected()).toEqual([]))
    expect(() => heard[0]?.retry()).toThrow('dismissed')
    await db.close()
    expect((await new TestWorld().open({ storage })).rejected()).toEqual([])
  })

  it('[C71] a whole transaction is made again: what it created, what it changed', async () => {
    const { db, wire } = await inStep(make())
    db.transaction((tx) => {
      tx.boards.create({ id: uuidOf(7), title: 'new' })
      tx.cards.create({ id: uuidOf(70), boardId: uuidOf(7), title: 'taken' })
    })
    await refuse(wire, refusal(1, uuidOf(70)))
    await eventually(() => expect(db.rejected()).toHaveLength(1))
    expect(db.boards.get(uuidOf(7))).toBeUndefined()
    db.rejected()[0]?.retry({ title: 'free' })
    expect([db.boards.get(uuidOf(7))?.title, db.cards.get(uuidOf(70))?.title]).toEqual(['new', 'free'])
  })

  it('[C71] what cannot be made again throws, and is kept', async () => {
    const { db, wire } = await inStep(make())
    db.cards.delete(uuidOf(10))
    await refuse(wire, refusal(1))
    await eventually(() => expect(db.rejected()).toHaveLength(1))
    await db.rejected()[0]?.retry().durable
    await eventually(() => expect(db.rejected()).toHaveLength(0))
    await wire.awaits('push', 2)
    wire.send({ kind: 'pushed', results: [refusal(2)] })
    await eventually(() => expect(db.rejected()).toHaveLength(1))
    db.cards.delete(uuidOf(10))
    expect(() => db.rejected()[0]?.retry()).toThrow('not in the cache')
    expect(db.rejected()).toHaveLength(1)
  })
})

it('[C70] a crash at any transaction leaves it in the outbox or among the rejected, never in neither', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let k = 1; k <= 8; k += 1) {
      const disk = memoryStorage()
      const { storage, isDead } = dying(disk, k, when)
      let isDurable = false
      const living = inStep(storage).then(async ({ db, wire }) => {
        const { durable } = db.cards.update(uuidOf(10), { title: 'taken' })
        void durable.then(() => (isDurable = true))
        await refuse(wire, refusal(1))
      })
      living.catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (!isDead()) continue
      const opened = await disk('trial:ada')
      const { outbox, rejections } = await opened.load()
      if (isDurable) expect(outbox.length + rejections.length, `transaction ${k}, ${when}`).toBe(1)
      await opened.close()
    }
  }
})

it('[C72] what is pending and what was refused can be taken to another device', async () => {
  const { db, wire } = await inStep(memoryStorage())
  db.cards.update(uuidOf(10), { title: 'taken' })
  await refuse(wire, refusal(1))
  await eventually(() => expect(db.rejected()).toHaveLength(1))
  db.goOffline()
  db.cards.create({ id: uuidOf(30), boardId: uuidOf(1), title: 'unsent' })
  const text = db.exportPending()
  await db.close()

  const world = new TestWorld()
  const other = await world.open({ storage: memoryStorage() })
  expect(await other.importPending(text)).toBe(1)
  expect(other.cards.get(uuidOf(30))?.title).toBe('unsent')
  expect(other.rejected()).toHaveLength(1)
  const line = await world.wire(1)
  line.send(welcome())
  expect((await line.awaits('push')).mutations).toMatchObject([{ seq: 1, ops: [{ op: 'create', id: uuidOf(30) }] }])
  await expect(other.importPending('{}')).rejects.toMatchObject({ code: 'invalid-value' })
  await expect(other.importPending(text.replace('"update"', '"upset"'))).rejects.toMatchObject({ code: 'invalid-value' })
})
