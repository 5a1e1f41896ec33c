import { beforeAll, describe, expect, it } from 'vitest'
import { dying } from '../../tests/client/failing-storage.js'
import { cardLabelDescriptor, type Trial } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, position, TestWorld, uuidOf, welcome, type Wire } from '../../tests/client/world.js'
import type { PushResult, ServerMessage } from '../protocol/messages.js'
import { memoryStorage } from './memory-storage.js'
import type { OpenStorage } from './storage.js'

beforeAll(() => {
  Object.assign(cardLabelDescriptor, { pair: ['cardId', 'labelId'] })
})

const board = { boardId: uuidOf(1) }
const [mine, stored] = [uuidOf(50), uuidOf(40)]
const pair = { cardId: uuidOf(10), labelId: uuidOf(20) }
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const inStep = async (world: TestWorld, db: Trial): Promise<Wire> => {
  db.openScope('board', board)
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)] }, claims: [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] })] }])
  return wire
}

/** The answer to the create, and the batch that contains it: another's link stands for this one. */
const given: readonly ServerMessage[] = [
  { kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'merged', lost: [], links: [{ model: 'CardLabel', id: mine, into: stored }] }, rows: {} } satisfies PushResult] },
  {
    kind: 'changed',
    from: position(5),
    to: position(6),
    done: 1,
    delta: { rows: { CardLabel: [[9, stored, pair.cardId, pair.labelId]] }, claims: [claim(1, 'CardLabel', { add: [40] })] },
  },
]

/** Links a pair that another linked, takes the link away, and hears the answer to the first. */
const linkedAndUnlinked = async (world: TestWorld, db: Trial): Promise<Wire> => {
  const wire = await inStep(world, db)
  db.cardLabels.create({ id: mine, ...pair })
  await db.cardLabels.delete(mine).durable
  for (const frame of given) wire.send(frame)
  return wire
}

const reopened = async (disk: OpenStorage): Promise<{ readonly world: TestWorld; readonly db: Trial }> => {
  const world = new TestWorld()
  const db = await world.open({ storage: disk })
  db.openScope('board', board)
  return { world, db }
}

describe('a link that gave way', () => {
  it('[C73] is remembered over restarts, wherever the client dies: what is pending on it is pending on the row that stands', async () => {
    const calm = dying(memoryStorage(), Number.POSITIVE_INFINITY, 'before')
    const world = new TestWorld()
    const db = await world.open({ storage: calm.storage })
    await linkedAndUnlinked(world, db)
    await eventually(() => expect(db.position).toBe(position(6)))
    for (let n = 0; n < 10; n += 1) await rest()
    expect(db.cardLabels.all()).toEqual([])
    let contained = 0
    for (const when of ['before', 'after'] as const) {
      for (let k = 1; k <= calm.count(); k += 1) {
        const disk = memoryStorage()
        const storage = dying(disk, k, when)
        const dead = new TestWorld()
        let isWritten = false
        void dead.open({ storage: storage.storage }).then(async (client) => {
          const wire = await inStep(dead, client)
          client.cardLabels.create({ id: mine, ...pair })
          await client.cardLabels.delete(mine).durable
          isWritten = true
          for (const frame of given) wire.send(frame)
        })
        while (!storage.isDead()) await rest()
        await rest()
        for (const wire of dead.wires) wire.cut()
        dead.clearTimers()
        const { db: again } = await reopened(disk)
        const seqs = again.pending().map(({ seq }) => seq)
        if (isWritten) expect([again.cardLabels.all(), seqs.at(-1)], `transaction ${k}, ${when}`).toEqual([[], 2])
        if (again.position === position(6)) contained += 1
        await again.close()
      }
    }
    expect(contained).toBeGreaterThan(0)
  })

  it('[C73] is followed under a new client id: what waits is sent, and stored, for the row that stands', async () => {
    const disk = memoryStorage()
    const world = new TestWorld()
    const db = await world.open({ storage: disk })
    const wire = await linkedAndUnlinked(world, db)
    await eventually(() => expect(db.position).toBe(position(6)))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(1, { forked: true }))
    await eventually(() => expect(second.isOpen).toBe(false))
    expect(db.cardLabels.all()).toEqual([])
    world.pass(1_000)
    const third = await world.wire(3)
    third.send(welcome(0))
    const { mutations } = await third.awaits('push')
    expect(mutations.map(({ seq, ops }) => [seq, ...ops.map(({ op, id }) => `${op} ${id}`)])).toContainEqual([1, `delete ${stored}`])
    await db.close()
    const { db: again } = await reopened(disk)
    expect(again.cardLabels.all()).toEqual([])
    expect(again.pending()[0]?.ops).toMatchObject([{ op: 'delete', id: stored }])
  })
})

it('[C74] what comes back after a renewal is replayed in its place, below what was written later', async () => {
  const world = new TestWorld()
  const db = await world.open({ storage: memoryStorage() })
  const wire = await inStep(world, db)
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  db.cards.update(uuidOf(10), { title: 'first' })
  await wire.awaits('push')
  // Contained, but not heard: when the history that contained it is gone, it is shown and sent again.
  wire.send({ kind: 'changed', from: position(5), to: position(6), done: 1, delta: { rows: { Card: [cardRow(7, 10, { title: 'first' })] }, claims: [] } })
  await eventually(() => expect(db.position).toBe(position(6)))
  wire.cut()
  await db.cards.update(uuidOf(10), { title: 'second' }).durable
  world.pass(1_000)
  const second = await world.wire(2)
  second.send(welcome(0, { epoch: 'f'.repeat(32) }))
  await eventually(() => expect(second.isOpen).toBe(false))
  expect(db.cards.get(uuidOf(10))?.title).toBe('second')
  world.pass(1_000)
  const third = await world.wire(3)
  third.send(welcome(0, { epoch: 'f'.repeat(32) }))
  await third.awaits('push')
  expect(db.cards.get(uuidOf(10))?.title).toBe('second')
})
