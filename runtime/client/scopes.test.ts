import { describe, expect, it } from 'vitest'
import { schema, type Trial } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, nothing, position, TestWorld, uuidOf, welcome, type Wire } from '../../tests/client/world.js'
import { readKeys } from '../protocol/held-keys.js'
import type { Delta, ServerMessage } from '../protocol/messages.js'
import { memoryStorage } from './memory-storage.js'
import type { ScopeHandle } from './scopes.js'
import type { OpenStorage } from './storage.js'

interface Scene {
  readonly world: TestWorld
  readonly db: Trial
  readonly wire: Wire
  readonly storage: OpenStorage
  readonly one: ScopeHandle
  readonly two: ScopeHandle
}

const board = (n: number): { readonly boardId: string } => ({ boardId: uuidOf(n) })

/** Boards 1 and 2 open, card 10 in both, 11 in the first, 12 in the second; at position 5. */
const inStep = async (options: Parameters<TestWorld['open']>[0] = {}): Promise<Scene> => {
  const world = new TestWorld()
  const storage = memoryStorage()
  const db = await world.open({ storage, ...options })
  const one = db.openScope('board', board(1))
  const two = db.openScope('board', board(2))
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [
    { rows: { Card: [cardRow(1, 10), cardRow(2, 11), cardRow(3, 12)] }, claims: [claim(1, 'Card', { add: [10, 11] }), claim(2, 'Card', { add: [10, 12] })] },
  ])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire, storage, one, two }
}

const change = (from: number, to: number, delta: Delta): ServerMessage => ({ kind: 'changed', from: position(from), to: position(to), done: 0, delta })

const ids = (db: Trial): readonly string[] => db.cards.all().map(({ id }) => id).sort()
const at = (...ns: readonly number[]): readonly string[] => ns.map(uuidOf)

describe('claims', () => {
  it('[C21] out ends one scope\'s claim; the row leaves with the last one, and that is no deletion', async () => {
    const { db, wire } = await inStep()
    const events: unknown[] = []
    db.on('change', (event) => events.push([event.kind, event.id, 'reason' in event ? event.reason : event.origin]))
    wire.send(change(5, 6, { rows: {}, claims: [claim(1, 'Card', { out: [10] })] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    expect(ids(db)).toEqual(at(10, 11, 12))
    wire.send(change(6, 7, { rows: {}, claims: [claim(2, 'Card', { out: [10] })] }))
    await eventually(() => expect(events).toEqual([['left-scope', uuidOf(10), 'out']]))
    expect(ids(db)).toEqual(at(11, 12))
  })

  it('[C21] deleted ends all claims', async () => {
    const { db, wire } = await inStep()
    const events: unknown[] = []
    db.on('change', (event) => events.push([event.kind, event.id]))
    wire.send(change(5, 6, { rows: {}, claims: [claim(2, 'Card', { deleted: [10] })] }))
    await eventually(() => expect(events).toEqual([['deleted', uuidOf(10)]]))
    expect(ids(db)).toEqual(at(11, 12))
  })

  it('[C21] a reset ends the scope\'s claims on the model first; what it adds stays without a flicker', async () => {
    const { db, wire } = await inStep()
    const events: unknown[] = []
    db.on('change', (event) => events.push([event.kind, event.id]))
    wire.send(change(5, 6, { rows: { Card: [cardRow(9, 13)] }, claims: [claim(1, 'Card', { reset: true, add: [10, 13] })] }))
    await eventually(() => expect(ids(db)).toEqual(at(10, 12, 13)))
    expect(events).toEqual([['left-scope', uuidOf(11)], ['added', uuidOf(13)]])
  })

  it('[C21] a deletion wins over a row in the same step', async () => {
    const { db, wire } = await inStep()
    wire.send(change(5, 6, { rows: { Card: [cardRow(9, 10)] }, claims: [claim(1, 'Card', { add: [10] }), claim(2, 'Card', { deleted: [10] })] }))
    await eventually(() => expect(ids(db)).toEqual(at(11, 12)))
  })
})

describe('a closed scope', () => {
  it('[C22] stays of one moment: rows that only it claims are not changed by what still arrives for it, in however many pages', async () => {
    const { db, wire, one } = await inStep()
    one.close()
    await wire.awaits('close')
    const page = (version: number): Delta => ({ rows: { Card: [cardRow(version, 10), cardRow(version, 11), cardRow(version, 16)] }, claims: [claim(1, 'Card', { add: [16], deleted: [11] })] })
    wire.send({ kind: 'page', attempt: 2 ** 40, delta: page(50) })
    wire.send({ kind: 'changed', from: position(5), to: position(6), done: 0, attempt: 2 ** 40, delta: page(51) })
    await eventually(() => expect(db.position).toBe(position(6)))
    const back = db.openScope('board', board(1))
    await back.ready
    const { attempt } = await wire.awaits('sync', 2)
    wire.send({ kind: 'wanted', attempt, lines: [{ scope: 1, model: 'Card', want: 'keys', parts: null }] })
    // Card 10 is also the open scope's: it moved on.
    expect(readKeys((await wire.awaits('hold')).bytes)).toEqual([[uuidOf(10), 51], [uuidOf(11), 2]])
  })
})

describe('a scope', () => {
  it('[C23] with equal parameters is one, and closes with its last handle', async () => {
    const { db, wire, one } = await inStep()
    const same = db.openScope('board', { boardId: uuidOf(1).toUpperCase() })
    await same.ready
    one.close()
    one.close()
    await db.boards.create({ title: 'a moment later' }).durable
    expect([ids(db), wire.of('close'), wire.of('sync').length]).toEqual([at(10, 11, 12), [], 1])
    same.close()
    expect(ids(db)).toEqual(at(10, 12))
    expect(await wire.awaits('close')).toEqual({ kind: 'close', scope: 1 })
  })

  it.for<readonly [name: string, scope: string, params: object]>([
    ['a name that does not exist', 'nope', {}],
    ['a name of Object.prototype', 'constructor', {}],
    ['a missing parameter', 'board', {}],
    ['a parameter too many', 'board', { ...board(1), more: 1 }],
    ['a parameter that does not fit', 'board', { boardId: 'x' }],
  ])('[C23] refuses %s', async ([, scope, params]) => {
    const world = new TestWorld()
    const db = await world.open()
    expect(() => db.openScope(scope, { ...params })).toThrow(expect.objectContaining({ code: 'scope-unknown' }))
  })

  it('[C22] that is closed leaves at once, keeps its rows out of sight, and comes back from where it closed', async () => {
    const { db, wire, one } = await inStep()
    const events: unknown[] = []
    db.on('left-scope', ({ id, reason }) => events.push([id, reason]))
    one.close()
    expect(ids(db)).toEqual(at(10, 12))
    expect(events).toEqual([[uuidOf(11), 'closed']])
    await wire.awaits('close')
    wire.send(change(5, 6, { rows: {}, claims: [claim(2, 'Card', { out: [12] })] }))
    await eventually(() => expect(db.position).toBe(position(6)))

    const back = db.openScope('board', board(1))
    expect(ids(db)).toEqual(at(10, 11))
    await back.ready
    expect(back.status.get()).toEqual({ state: 'cached', rows: 2 })
    const sync = await wire.awaits('sync', 2)
    expect(sync.scopes).toEqual([{ id: 1, name: 'board', params: board(1), hash: 'hash 1', position: position(5) }])
  })

  it('[C22] what was received before it closed still counts for it, what comes after does not', async () => {
    const { db, wire, one } = await inStep()
    wire.send(change(5, 6, { rows: {}, claims: [claim(1, 'Card', { out: [11] })] }))
    one.close()
    wire.send(change(6, 7, { rows: {}, claims: [claim(1, 'Card', { out: [10] })] }))
    await eventually(() => expect(db.position).toBe(position(7)))
    db.openScope('board', board(1))
    expect((await wire.awaits('sync', 2)).scopes[0]?.position).toBe(position(6))
    wire.send({ kind: 'wanted', attempt: (await wire.awaits('sync', 2)).attempt, lines: [{ scope: 1, model: 'Card', want: 'keys', parts: null }] })
    expect(readKeys((await wire.awaits('hold')).bytes)).toEqual([[uuidOf(10), 1]])
  })

  it('[C22] closed and opened again while its attempt runs: the answer to the first is not for the second', async () => {
    const world = new TestWorld()
    const db = await world.open()
    const first = db.openScope('board', board(1))
    const wire = await world.wire()
    wire.send(welcome())
    const one = await wire.awaits('sync')
    first.close()
    await expect(first.ready).rejects.toMatchObject({ code: 'closed' })
    await wire.awaits('close')
    const second = db.openScope('board', board(1))
    wire.send({ kind: 'page', attempt: one.attempt, delta: { rows: { Card: [cardRow(1, 10)] }, claims: [claim(1, 'Card', { add: [10] })] } })
    wire.send({ kind: 'synced', attempt: one.attempt, from: null, position: position(5), done: 0, scopes: [{ id: 1, hash: 'h' }] })
    const two = await wire.awaits('sync', 2)
    expect(two.scopes).toEqual([{ id: 1, name: 'board', params: board(1), hash: null, position: null }])
    expect(ids(db)).toEqual([])
    wire.send({ kind: 'page', attempt: two.attempt, delta: { rows: { Card: [cardRow(2, 11)] }, claims: [claim(1, 'Card', { add: [11] })] } })
    wire.send({ kind: 'synced', attempt: two.attempt, from: position(5), position: position(6), done: 0, scopes: [{ id: 1, hash: 'h' }] })
    await second.ready
    expect(ids(db)).toEqual(at(11))
  })

  it.for(['edit', 'delete'] as const)('[C157] what was written to its rows, and is in the database, is there when it opens again, also offline (%s)', async (what) => {
    const { world, db, wire, storage, one } = await inStep()
    db.cards.update(uuidOf(10), { title: 'in both' })
    if (what === 'edit') db.cards.update(uuidOf(11), { title: 'mine' })
    else db.cards.delete(uuidOf(11))
    await wire.awaits('push')
    one.close()
    await wire.awaits('close')
    wire.send({ kind: 'pushed', results: [1, 2].map((seq) => ({ seq, outcome: { kind: 'applied' }, rows: {} })) })
    wire.send({ ...change(5, 6, { rows: { Card: [cardRow(7, 10, { title: 'in both' })] }, claims: [claim(2, 'Card', { add: [10] })] }), done: 2 } as ServerMessage)
    await eventually(() => expect(db.position).toBe(position(6)))
    expect(ids(db)).toEqual(at(10, 12))
    const isThere = (client: Trial): void => {
      expect(ids(client)).toEqual(what === 'edit' ? at(10, 11, 12) : at(10, 12))
      expect(client.cards.get(uuidOf(11))?.title).toBe(what === 'edit' ? 'mine' : undefined)
      expect(client.cards.get(uuidOf(10))?.title).toBe('in both')
    }
    world.setOnline(false)
    wire.cut()
    const again = db.openScope('board', board(1))
    isThere(db)
    again.close()
    await db.close()
    const later = await world.open({ storage })
    later.openScope('board', board(1))
    later.openScope('board', board(2))
    isThere(later)
    world.setOnline(true)
    const next = await world.wire(2)
    next.send(welcome(2))
    const { scopes } = await next.awaits('sync')
    expect(scopes.map(({ id, hash, position: held }) => [id, hash === null, held])).toEqual([[1, true, position(5)], [2, false, position(6)]])
  })

  it('[C24] that was synced once is there at the next start, offline, and ready at once', async () => {
    const { db, storage, world } = await inStep()
    await db.close()
    world.reachable = false
    const next = await world.open({ storage })
    expect(ids(next)).toEqual([])
    const one = next.openScope('board', board(1))
    await one.ready
    expect(one.status.get()).toEqual({ state: 'cached', rows: 2 })
    expect(ids(next)).toEqual(at(10, 11))
    const never = next.openScope('board', board(3))
    let isReady = false
    void never.ready.then(() => (isReady = true))
    await next.boards.create({ title: 'a moment later' }).durable
    expect([isReady, never.status.get()]).toEqual([false, { state: 'waiting', rows: 0 }])
  })

  it('[C24] one without parameters opens at start, unless the app says which', async () => {
    const world = new TestWorld()
    const db = await world.openAll()
    const wire = await world.wire()
    wire.send(welcome())
    expect((await wire.awaits('sync')).scopes.map(({ name }) => name)).toEqual(['home'])
    await db.close()
  })

  it('[C25] closed for longer than its time loses its rows; a shorter time, nothing; rows of others stay', async () => {
    const { db, storage, world } = await inStep({ keepClosed: 10 * 3_600_000 })
    await db.close()
    world.reachable = false
    const days = async (hours: number): Promise<readonly string[]> => {
      world.now += hours * 3_600_000
      const next = await world.open({ storage, keepClosed: 10 * 3_600_000 })
      await next.boards.create({ title: 'a moment later' }).durable
      const one = next.openScope('board', board(1))
      const seen = ids(next)
      one.close()
      await next.close()
      return seen
    }
    expect(await days(0)).toEqual(at(10, 11))
    expect(await days(9)).toEqual(at(10, 11))
    expect(await days(9)).toEqual(at(10, 11))
    expect(await days(11)).toEqual([])
  })

  it('[C25] opened in the moment in which its time is over keeps its rows', async () => {
    const { db, world, one } = await inStep({ keepClosed: 1_000_000 })
    one.close()
    await db.boards.create({ title: 'a moment later' }).durable
    world.pass(3_600_000)
    const back = db.openScope('board', board(1))
    await db.boards.create({ title: 'a moment later' }).durable
    expect(ids(db)).toEqual(at(10, 11, 12))
    back.close()
    await db.boards.create({ title: 'a moment later' }).durable
    world.pass(3_600_000)
    await db.boards.create({ title: 'a moment later' }).durable
    db.openScope('board', board(1))
    expect(ids(db)).toEqual(at(10, 12))
  })

  it('[C35] of another schema is fetched anew; pending work stays', async () => {
    const { db, storage, world } = await inStep()
    await db.labels.create({ name: 'kept' }).durable
    await db.close()
    const next = await world.open({ storage }, { ...schema, hash: 'b'.repeat(64) })
    expect(next.labels.all().map(({ name }) => name)).toEqual(['kept'])
    const one = next.openScope('board', board(1))
    expect(ids(next)).toEqual([])
    const wire = await world.wire(2)
    expect(wire.of('hello')[0]?.schema).toBe('b'.repeat(64))
    wire.send(welcome())
    const sync = await wire.awaits('sync')
    expect(sync.scopes).toEqual([{ id: 1, name: 'board', params: board(1), hash: null, position: null }])
    expect((await wire.awaits('push')).mutations[0]?.schema).toBe(schema.hash)
    expect(one.status.get().state).toBe('waiting')
  })

  it('[C35] pending work that this schema has no form for is not shown, and is judged by the server all the same', async () => {
    const { db, storage, world } = await inStep()
    await db.cards.update(uuidOf(10), { title: 'before' }).durable
    await db.labels.create({ name: 'red' }).durable
    await db.close()
    const label = schema.models['Label']
    const card = schema.models['Card']
    if (label === undefined || card === undefined) throw new Error('no such model')
    const { title: _gone, ...fields } = card.fields
    const name = { type: 'timestamp' } as const
    const models = { ...schema.models, Card: { ...card, fields }, Label: { ...label, fields: { ...label.fields, name } } }
    const next = await world.open({ storage }, { ...schema, hash: 'c'.repeat(64), models })
    expect(next.labels.all()).toEqual([])
    expect(next.pending()).toHaveLength(2)
    const heard: unknown[] = []
    next.on('rejected', ({ discarded }) => heard.push(discarded.map(({ values }) => values)))
    const wire = await world.wire(2)
    wire.send(welcome())
    await wire.awaits('push')
    const outcome = { kind: 'rejected', code: 'unknown-schema', model: null, id: null, fields: [] } as const
    wire.send({ kind: 'pushed', results: [1, 2].map((seq) => ({ seq, outcome, rows: {} })) })
    await eventually(() => expect(heard).toEqual([[{ title: 'before' }], [{ name: 'red' }]]))
  })

  it('[C38] a long log is replaced by a snapshot, and memory can be rebuilt from it', async () => {
    const { db, storage, wire, world, one } = await inStep()
    one.close()
    for (let n = 5; n < 230; n += 1) {
      wire.send(change(n, n + 1, { rows: { Card: [cardRow(n + 100, 100 + (n % 7), { votes: n })], Board: [boardRow(n, 2)] }, claims: [claim(2, 'Card', { add: [100 + (n % 7)] })] }))
    }
    await eventually(() => expect(db.position).toBe(position(230)))
    const before = db.cards.query().rows
    await db.close()
    const raw = await storage('trial:ada')
    expect((await raw.load()).batches.length).toBeLessThan(100)
    await raw.close()
    world.reachable = false
    const next = await world.open({ storage })
    next.openScope('board', board(2))
    expect(next.cards.query().rows).toEqual(before)
    next.openScope('board', board(1))
    expect(ids(next)).toContain(uuidOf(11))
  })

  it('[C9] a storage that fails for a while: what is seen goes on, and what is stored is whole again after', async () => {
    const { failing } = await import('../../tests/client/failing-storage.js')
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep({ storage: disk.storage })
    disk.fail()
    wire.send(change(5, 6, { rows: { Card: [cardRow(9, 13)] }, claims: [claim(1, 'Card', { add: [13] })] }))
    await eventually(() => expect(ids(db)).toEqual(at(10, 11, 12, 13)))
    expect(db.status.get().error).toMatchObject({ code: 'storage-failed' })
    disk.heal()
    wire.send(change(6, 7, { rows: {}, claims: [claim(1, 'Card', { out: [11] })] }))
    await eventually(() => expect(db.status.get().error).toBeNull())
    await db.close()
    const next = await world.open({ storage: disk.storage })
    next.openScope('board', board(1))
    expect(ids(next)).toEqual(at(10, 13))
    next.openScope('board', board(2))
    expect(next.position).toBe(position(7))
  })

  it('[C9] pages that could not be stored come with the snapshot', async () => {
    const { failing } = await import('../../tests/client/failing-storage.js')
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep({ storage: disk.storage })
    const three = db.openScope('board', board(3))
    const { attempt } = await wire.awaits('sync', 2)
    disk.fail()
    wire.send({ kind: 'page', attempt, delta: { rows: { Card: [cardRow(9, 13)] }, claims: [claim(3, 'Card', { add: [13] })] } })
    await eventually(() => expect(db.status.get().error).not.toBeNull())
    disk.heal()
    wire.send({ kind: 'page', attempt, delta: { rows: { Card: [cardRow(9, 14)] }, claims: [claim(3, 'Card', { add: [14] })] } })
    wire.send(change(5, 6, { rows: { Card: [cardRow(9, 15)] }, claims: [claim(1, 'Card', { add: [15] })] }))
    await eventually(() => expect(db.status.get().error).toBeNull())
    wire.send({ kind: 'synced', attempt, from: position(6), position: position(7), done: 0, scopes: [{ id: 3, hash: 'h' }] })
    await three.ready
    await db.close()
    const next = await world.open({ storage: disk.storage })
    next.openScope('board', board(3))
    expect(ids(next)).toEqual(at(13, 14))
  })

  it('[C24] two of them never mix up what a stored batch said of one that was closed meanwhile', async () => {
    const { db, wire, storage, world, one } = await inStep()
    wire.send({ kind: 'page', attempt: 2 ** 40, delta: { rows: { Card: [cardRow(9, 13)] }, claims: [claim(1, 'Card', { add: [13] })] } })
    one.close()
    await wire.awaits('close')
    wire.send({ kind: 'changed', from: position(5), to: position(6), done: 0, attempt: 2 ** 40, delta: nothing })
    await eventually(() => expect(db.position).toBe(position(6)))
    await db.close()
    const next = await world.open({ storage })
    next.openScope('board', board(1))
    expect(ids(next)).toEqual(at(10, 11))
  })
})
