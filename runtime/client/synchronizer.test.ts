import { describe, expect, it } from 'vitest'
import { bringIntoStep, boardRow, cardRow, claim, epoch, eventually, nothing, position, TestWorld, uuidOf, welcome } from '../../tests/client/world.js'
import { failing } from '../../tests/client/failing-storage.js'
import type { Trial } from '../../tests/client/schema.js'
import { writeKeys } from '../protocol/held-keys.js'
import type { ServerMessage } from '../protocol/messages.js'
import { memoryStorage } from './memory-storage.js'
import type { OpenStorage } from './storage.js'
import type { Wire } from '../../tests/client/world.js'

const boardOne = { boardId: uuidOf(1) }
const firstPage = {
  rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10), cardRow(3, 11)] },
  claims: [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10, 11] })],
}

/** A client with board 1 open and in step at position 5. */
const inStep = async (storage: OpenStorage = memoryStorage()): Promise<{ readonly world: TestWorld; readonly db: Trial; readonly wire: Wire; readonly storage: OpenStorage }> => {
  const world = new TestWorld()
  const db = await world.open({ storage })
  db.openScope('board', boardOne)
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [firstPage])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire, storage }
}

const changed = (from: number, to: number, more: Partial<Extract<ServerMessage, { kind: 'changed' }>> = {}): ServerMessage => ({
  kind: 'changed',
  from: position(from),
  to: position(to),
  done: 0,
  delta: nothing,
  ...more,
})

const titles = (db: Trial): readonly string[] => db.cards.all().map(({ title }) => title).sort()

describe('an attempt', () => {
  it('[C17] shows nothing of its pages before it has ended, then all of them at once', async () => {
    const world = new TestWorld()
    const db = await world.open()
    const board = db.openScope('board', boardOne)
    const batches: number[] = []
    db.cards.query().subscribe((rows) => batches.push(rows.length))
    const wire = await world.wire()
    wire.send(welcome())
    const sync = await wire.awaits('sync')
    expect(sync.scopes).toEqual([{ id: 1, name: 'board', params: boardOne, hash: null, position: null }])
    expect(board.status.get()).toEqual({ state: 'waiting', rows: 0 })
    wire.send({ kind: 'page', attempt: sync.attempt, delta: { ...firstPage, rows: { Card: [cardRow(2, 10)] }, claims: [claim(1, 'Card', { add: [10] })] } })
    wire.send({ kind: 'page', attempt: sync.attempt, delta: firstPage })
    await eventually(() => expect(board.status.get()).toEqual({ state: 'partial', rows: 4 }))
    expect(db.cards.size).toBe(0)
    expect(db.status.get().connection).toBe('syncing')

    wire.send({ kind: 'synced', attempt: sync.attempt, from: null, position: position(5), done: 0, scopes: [{ id: 1, hash: 'h' }] })
    await board.ready
    expect(batches).toEqual([0, 2])
    expect(db.position).toBe(position(5))
    expect(board.status.get()).toEqual({ state: 'synced', rows: 3 })
    await eventually(() => expect(db.status.get()).toEqual({ connection: 'online', pending: 0, error: null }))
  })

  it('[C17] of a connection that died leaves nothing, in memory or in storage', async () => {
    const world = new TestWorld()
    const storage = memoryStorage()
    const db = await world.open({ storage })
    db.openScope('board', boardOne)
    const wire = await world.wire()
    wire.send(welcome())
    const { attempt } = await wire.awaits('sync')
    wire.send({ kind: 'page', attempt, delta: firstPage })
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    await bringIntoStep(second, 6, [{ rows: { Card: [cardRow(2, 10)] }, claims: [claim(1, 'Card', { add: [10] })] }])
    await eventually(() => expect(titles(db)).toEqual(['card 10']))
    await db.close()
    const again = await world.open({ storage })
    again.openScope('board', boardOne)
    expect(titles(again)).toEqual(['card 10'])
    await again.close()
  })

  it('[C27] of a scope opened later starts from the device\'s position; one runs at a time', async () => {
    const { db, wire } = await inStep()
    const second = db.openScope('board', { boardId: uuidOf(2) })
    const third = db.openScope('board', { boardId: uuidOf(3) })
    const one = await wire.awaits('sync', 2)
    expect(one.scopes.map(({ id, position: at }) => [id, at])).toEqual([[2, null]])
    expect(db.status.get().connection).toBe('syncing')
    wire.send({ kind: 'page', attempt: one.attempt, delta: {
      rows: { Board: [boardRow(9, 2)], Card: [cardRow(8, 10, { title: 'changed too' })] },
      claims: [claim(2, 'Board', { add: [2] })],
    } })
    wire.send({ kind: 'synced', attempt: one.attempt, from: position(5), position: position(7), done: 0, scopes: [{ id: 2, hash: 'h2' }] })
    await second.ready
    expect(titles(db)).toEqual(['card 11', 'changed too'])
    const two = await wire.awaits('sync', 3)
    expect(two.scopes.map(({ id }) => id)).toEqual([3])
    wire.send({ kind: 'synced', attempt: two.attempt, from: position(7), position: position(7), done: 0, scopes: [{ id: 3, hash: 'h3' }] })
    await third.ready
    await eventually(() => expect(db.status.get().connection).toBe('online'))
  })

  it('[C27] claims after a reconnection say the device\'s position and the hash last heard', async () => {
    const { world, wire, db } = await inStep()
    wire.send(changed(5, 6))
    await eventually(() => expect(db.position).toBe(position(6)))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    expect((await second.awaits('sync')).scopes).toEqual([{ id: 1, name: 'board', params: boardOne, hash: 'hash 1', position: position(6) }])
  })

  const boardLines = [{ scope: 1, model: 'Board', want: 'summary' }, { scope: 1, model: 'Card', want: 'summary' }] as const

  it('[C26] answers what the server wants to know with the keys and versions that each scope claims', async () => {
    const { world, wire } = await inStep()
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    const { attempt } = await second.awaits('sync')
    second.send({ kind: 'wanted', attempt, lines: boardLines })
    await second.awaits('hold', 2)
    expect(second.of('hold')).toEqual([
      { kind: 'hold', attempt, scope: 1, model: 'Board', form: 'keys', bytes: writeKeys([[uuidOf(1), 1]]), last: false },
      { kind: 'hold', attempt, scope: 1, model: 'Card', form: 'keys', bytes: writeKeys([[uuidOf(10), 2], [uuidOf(11), 3]]), last: true },
    ])
  })

  it('[C26] says so when it holds nothing', async () => {
    const world = new TestWorld()
    const db = await world.open()
    db.openScope('board', boardOne)
    const wire = await world.wire()
    wire.send(welcome())
    const { attempt } = await wire.awaits('sync')
    wire.send({ kind: 'wanted', attempt, lines: boardLines })
    expect(await wire.awaits('hold')).toEqual({ kind: 'hold', attempt, scope: 1, model: 'Board', form: 'keys', bytes: '', last: true })
  })
})

describe('a batch', () => {
  it('[C1] of two scopes is one flush', async () => {
    const { db, wire } = await inStep()
    const seen: string[] = []
    db.cards.query().subscribe((rows) => seen.push(`${rows.length} cards, ${db.boards.size} boards`))
    wire.send(changed(5, 6, { delta: { rows: { Card: [cardRow(4, 12)], Board: [boardRow(5, 2)] }, claims: [claim(1, 'Card', { add: [12] }), claim(1, 'Board', { add: [2] })] } }))
    await eventually(() => expect(seen).toEqual(['2 cards, 1 boards', '3 cards, 2 boards']))
  })

  it('[C16] applied twice is applied once', async () => {
    const { db, wire, world } = await inStep()
    const delta = { rows: { Card: [cardRow(4, 10, { title: 'new' })] }, claims: [claim(1, 'Card', { add: [10], deleted: [11] })] }
    wire.send(changed(5, 6, { delta }))
    await eventually(() => expect(titles(db)).toEqual(['new']))
    const [before] = db.cards.all()
    const events: unknown[] = []
    db.on('change', (event) => events.push(event))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    await bringIntoStep(second, 6, [delta])
    await eventually(() => expect(db.status.get().connection).toBe('online'))
    expect(db.cards.all()).toEqual([before])
    expect(db.cards.all()[0]).toBe(before)
    expect(events).toEqual([])
  })

  it('[C18] from another position changes nothing and starts the connection again', async () => {
    const { db, wire, world } = await inStep()
    wire.send(changed(4, 6, { delta: { rows: { Card: [cardRow(9, 10, { title: 'from elsewhere' })] }, claims: [] } }))
    await eventually(() => expect(wire.isOpen).toBe(false))
    expect(titles(db)).toEqual(['card 10', 'card 11'])
    expect(db.position).toBe(position(5))
    world.pass(1_000)
    await bringIntoStep(await world.wire(2), 6)
  })

  it('[C18] before the device is in step is refused: it would move the position past what scopes lack', async () => {
    const { world, wire, db } = await inStep()
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    await second.awaits('sync')
    second.send(changed(5, 6))
    await eventually(() => expect(second.closedWith).toBe(1008))
    expect(db.position).toBe(position(5))
  })

  it('[C19] of a connection that has ended changes nothing, even if it arrives', async () => {
    const { db, wire, world } = await inStep()
    db.goOffline()
    wire.isOpen = true
    wire.send(changed(5, 6, { delta: { rows: { Card: [cardRow(9, 10, { title: 'late' })] }, claims: [] } }))
    wire.isOpen = false
    db.goOnline()
    await bringIntoStep(await world.wire(2), 7)
    await eventually(() => expect(db.position).toBe(position(7)))
    expect(titles(db)).toEqual(['card 10', 'card 11'])
  })

  it('[C19] that waited for storage when its connection ended changes nothing', async () => {
    const disk = failing(memoryStorage())
    const { db, wire } = await inStep(disk.storage)
    const release = disk.hold()
    const { durable } = db.labels.create({ name: 'first in line' })
    wire.send(changed(5, 6, { delta: { rows: { Card: [cardRow(9, 10, { title: 'late' })] }, claims: [] } }))
    wire.cut()
    release()
    await durable
    await db.labels.create({ name: 'after it' }).durable
    expect(titles(db)).toEqual(['card 10', 'card 11'])
    expect(db.position).toBe(position(5))
  })

  it('[C16] may bring its rows in pages of an attempt of the server', async () => {
    const { db, wire } = await inStep()
    wire.send({ kind: 'page', attempt: 2 ** 40 + 1, delta: { rows: { Card: [cardRow(4, 12)] }, claims: [claim(1, 'Card', { add: [12] })] } })
    wire.send(changed(5, 6, { attempt: 2 ** 40 + 1, delta: { rows: { Card: [cardRow(5, 13)] }, claims: [claim(1, 'Card', { add: [13] })] } }))
    await eventually(() => expect(titles(db)).toEqual(['card 10', 'card 11', 'card 12', 'card 13']))
  })

  it('[C19] has no pages of an ended connection, though servers number theirs alike', async () => {
    const { db, wire, world } = await inStep()
    wire.send({ kind: 'page', attempt: 2 ** 40, delta: { rows: { Card: [cardRow(4, 12)] }, claims: [claim(1, 'Card', { add: [12] })] } })
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    await bringIntoStep(second, 6)
    second.send(changed(6, 7, { attempt: 2 ** 40, delta: { rows: { Card: [cardRow(5, 13)] }, claims: [claim(1, 'Card', { add: [13] })] } }))
    await eventually(() => expect(db.position).toBe(position(7)))
    expect(titles(db)).toEqual(['card 10', 'card 11', 'card 13'])
  })

  it.for<readonly [name: string, frame: string]>([
    ['no JSON', '{'],
    ['no known kind', '{"kind":"surprise"}'],
    ['a second welcome', JSON.stringify(welcome())],
    ['an end of an attempt that is not running', JSON.stringify({ kind: 'synced', attempt: 99, from: null, position: position(9), done: 0, scopes: [] })],
    ['a question about an attempt that is not running', JSON.stringify({ kind: 'wanted', attempt: 99, lines: [] })],
    ['a row with too few fields', JSON.stringify(changed(5, 6, { delta: { rows: { Card: [[9, uuidOf(10)]] }, claims: [] } }))],
    ['a time that is none', JSON.stringify(changed(5, 6, { delta: { rows: { Card: [[9, uuidOf(10), 'x', 'y', uuidOf(1), 't', null, 0, null, []]] }, claims: [] } }))],
    ['binary', ''],
  ])('[C20] a frame with %s ends the connection with 1008, leaves no trace, and the next one is awaited with patience', async ([, frame]) => {
    const { db, wire, world, storage } = await inStep()
    wire.sendText(frame)
    await eventually(() => expect(wire.closedWith).toBe(1008))
    expect(titles(db)).toEqual(['card 10', 'card 11'])
    expect(world.nextTimer).toBeGreaterThan(0)
    expect(db.status.get()).toMatchObject({ connection: 'offline', error: { code: 'malformed-frame' } })
    world.pass(1_000)
    const second = await world.wire(2)
    await bringIntoStep(second, 6)
    await eventually(() => expect(db.status.get()).toMatchObject({ connection: 'online', error: null }))
    await db.close()
    const again = await world.open({ storage })
    again.openScope('board', boardOne)
    expect(titles(again)).toEqual(['card 10', 'card 11'])
  })

  it('[C20] unknown models and fields of frames are left behind', async () => {
    const { db, wire } = await inStep()
    wire.send(changed(5, 6, { delta: { rows: { Future: [[1, uuidOf(1)]], Card: [cardRow(4, 12)] }, claims: [claim(1, 'Future', { add: [1] }), claim(1, 'Card', { add: [12] })] } }))
    await eventually(() => expect(titles(db)).toContain('card 12'))
  })
})

describe('the epoch', () => {
  it('[C15] another database: what it decided is dropped, the rest goes out again under a new client id', async () => {
    const { db, wire, world } = await inStep()
    const hellos = [wire.of('hello')[0]]
    const made = ['one', 'two', 'three'].map((name) => db.labels.create({ name }))
    await wire.awaits('push')
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(1, { epoch: 'f'.repeat(32) }))
    const asked = await second.awaits('push')
    expect(asked.mutations.map(({ seq }) => seq)).toEqual([1])
    expect(second.of('sync')).toEqual([])
    second.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'applied' }, rows: {} }] })
    expect(await made[0]?.confirmed).toEqual({ kind: 'applied' })
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    const third = await world.wire(3)
    hellos.push(third.of('hello')[0])
    expect(hellos[1]?.client).not.toBe(hellos[0]?.client)
    expect(hellos[1]?.session.last).toBeNull()
    third.send(welcome(0, { epoch: 'f'.repeat(32) }))
    const pushed = await third.awaits('push')
    expect(pushed.mutations.map(({ seq, ops }) => [seq, ops[0]?.id])).toEqual([[1, made[1]?.row.id], [2, made[2]?.row.id]])
    expect((await third.awaits('sync')).scopes[0]?.position).toBe(`${epoch}/5:5:`)
  })
})
