/** What a client keeps when things come late: an outcome, an id, room in storage. */
import { expect, it } from 'vitest'
import { memoryStorage } from '../../runtime/client/memory-storage.js'
import type { ServerMessage } from '../../runtime/protocol/index.js'
import { failing } from './failing-storage.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, position, TestWorld, uuidOf, welcome, type Wire } from './world.js'

const start = async (storage = memoryStorage()) => {
  const world = new TestWorld()
  const db = await world.open({ storage })
  db.openScope('board', { boardId: uuidOf(1) })
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)] }, claims: [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] })] }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire, storage }
}
const only = <Item>([item]: readonly Item[]): Item => item ?? expect.fail('there is none')
const applied = (seq: number): ServerMessage => ({ kind: 'pushed', results: [{ seq, outcome: { kind: 'applied' }, rows: {} }] })
const change = (from: number, to: number, done: number, rows = {}): ServerMessage => ({ kind: 'changed', from: position(from), to: position(to), done, delta: { rows, claims: [] } }) as ServerMessage
const pushes = async (wire: Wire, n = 1) => wire.awaits('push', n)

it('[C70] [E30] what a server has no place for stays with the app over restarts', async () => {
  const { db, wire, storage } = await start()
  db.cards.update(uuidOf(10), { title: 'kept', note: 'no place' })
  await pushes(wire)
  const lost = [{ model: 'Card', id: uuidOf(10), field: 'note' }]
  wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'merged', lost, unconverted: lost }, rows: {} }] })
  await eventually(() => expect(db.rejected()).toHaveLength(1))
  wire.send(change(5, 6, 1, { Card: [cardRow(3, 10, { title: 'kept' })] }))
  await eventually(() => expect(db.position).toBe(position(6)))
  await db.close()
  const again = await new TestWorld().open({ storage })
  expect(again.pending()).toEqual([])
  expect(again.rejected().map(({ code, fields }) => [code, fields])).toEqual([['unknown-schema', ['note']]])
})

it('[C157] what was decided under an earlier client id is kept of a closed scope, too', async () => {
  const world = new TestWorld()
  const db = await world.open({ storage: memoryStorage() })
  const one = db.openScope('board', { boardId: uuidOf(1) })
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)] }, claims: [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] })] }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  db.cards.update(uuidOf(10), { title: 'mine' })
  await pushes(wire)
  one.close()
  await wire.awaits('close')
  wire.send(applied(1))
  await eventually(() => expect(db.pending()).toEqual([]))
  wire.cut()
  world.pass(1000)
  const second = await world.wire(2)
  second.send(welcome(1, { forked: true }))
  await eventually(() => expect(second.isOpen).toBe(false))
  world.pass(1000)
  const third = await world.wire(3)
  third.send(welcome(0))
  const { attempt } = await third.awaits('sync')
  third.send({ kind: 'synced', attempt, from: null, position: position(9), done: 0, scopes: [] })
  await eventually(() => expect(db.position).toBe(position(9)))
  world.setOnline(false)
  third.cut()
  db.openScope('board', { boardId: uuidOf(1) })
  expect(db.cards.get(uuidOf(10))?.title).toBe('mine')
})

it('[C71] a retry that is stored late dismisses what it tries again', async () => {
  const disk = failing(memoryStorage())
  const { world, db, wire } = await start(disk.storage)
  db.cards.update(uuidOf(10), { title: 'taken' })
  await pushes(wire)
  wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'rejected', code: 'unique', model: 'Card', id: uuidOf(10), fields: ['title'] }, rows: {} }] })
  await eventually(() => expect(db.rejected()).toHaveLength(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  disk.fail()
  const { durable } = only(db.rejected()).retry({ title: 'free' })
  await expect(durable).rejects.toMatchObject({ code: 'storage-failed' })
  disk.heal()
  world.pass(1000)
  await pushes(wire, 2)
  wire.send(applied(2))
  await eventually(() => expect(db.pending()).toEqual([]))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(db.rejected()).toEqual([])
})

it('[C132] what could not leave storage leaves it once storage works', async () => {
  const disk = failing(memoryStorage())
  const { db, wire, storage } = await start(disk.storage)
  db.cards.update(uuidOf(10), { title: 'taken' })
  await pushes(wire)
  disk.fail()
  wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'rejected', code: 'unique', model: 'Card', id: uuidOf(10), fields: ['title'] }, rows: {} }] })
  await eventually(() => expect(db.rejected()).toHaveLength(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  disk.heal()
  wire.send(change(5, 6, 1, { Card: [cardRow(3, 10)] }))
  await eventually(() => expect(db.position).toBe(position(6)))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await db.close()
  const again = await new TestWorld().open({ storage })
  expect([again.pending().length, again.rejected().length]).toEqual([0, 1])
})
