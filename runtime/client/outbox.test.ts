import { describe, expect, it } from 'vitest'
import { failing, watched } from '../../tests/client/failing-storage.js'
import type { Trial } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, nothing, position, TestWorld, uuidOf, welcome, type Wire } from '../../tests/client/world.js'
import type { Outcome, PushResult, ServerMessage } from '../protocol/messages.js'
import { memoryStorage } from './memory-storage.js'
import type { OpenStorage } from './storage.js'

interface Scene {
  readonly world: TestWorld
  readonly db: Trial
  readonly wire: Wire
  readonly storage: OpenStorage
}

/** A client with board 1, card 10 in it, in step at position 5. */
const inStep = async (storage: OpenStorage = memoryStorage()): Promise<Scene> => {
  const world = new TestWorld()
  const db = await world.open({ storage })
  db.openScope('board', { boardId: uuidOf(1) })
  const wire = await world.wire()
  const claims = [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] })]
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)] }, claims }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire, storage }
}

const again = async ({ world, storage }: Pick<Scene, 'world' | 'storage'>): Promise<Trial> => {
  const db = await world.open({ storage })
  db.openScope('board', { boardId: uuidOf(1) })
  return db
}

const card = (db: Trial): ReturnType<Trial['cards']['get']> => db.cards.get(uuidOf(10))

const pushed = (...results: readonly (readonly [seq: number, outcome?: Outcome])[]): ServerMessage => ({
  kind: 'pushed',
  results: results.map(([seq, outcome = { kind: 'applied' }]): PushResult => ({ seq, outcome, rows: {} })),
})

const rejected = (fields: readonly string[] = []): Outcome => ({ kind: 'rejected', code: 'forbidden', model: 'Card', id: uuidOf(10), fields })

const batch = (from: number, to: number, done: number, rows: Extract<ServerMessage, { kind: 'changed' }>['delta'] = nothing): ServerMessage => ({
  kind: 'changed',
  from: position(from),
  to: position(to),
  done,
  delta: rows,
})

const stored = async (storage: OpenStorage): Promise<readonly number[]> => {
  const opened = await storage('trial:ada')
  const { outbox } = await opened.load()
  await opened.close()
  return outbox.map(({ seq }) => seq)
}

describe('the outbox', () => {
  it('[C8] sends nothing before it is stored, and everything in the order in which it was written', async () => {
    const disk = failing(memoryStorage())
    const { db, wire } = await inStep(disk.storage)
    const release = disk.hold()
    const first = db.cards.update(uuidOf(10), { title: 'one' })
    const second = db.cards.update(uuidOf(10), { title: 'two' })
    let isDurable = false
    void first.durable.then(() => (isDurable = true))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([isDurable, wire.of('push'), db.pending().map(({ seq }) => seq)]).toEqual([false, [], [null, null]])
    release()
    await second.durable
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations.map(({ seq }) => seq))).toEqual([1, 2]))
  })

  it('[C8] cuts pushes at 50 mutations and keeps at most four on their way', async () => {
    const { db, world, wire } = await inStep()
    wire.cut()
    const writes = Array.from({ length: 260 }, (_, n) => db.labels.create({ name: `label ${n}` }))
    await writes.at(-1)?.durable
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    await second.awaits('push', 4)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(second.of('push').map(({ mutations }) => mutations.length)).toEqual([50, 50, 50, 50])
    second.send(pushed(...Array.from({ length: 50 }, (_, n) => [n + 1] as const)))
    await second.awaits('push', 5)
    expect(second.of('push')[4]?.mutations.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, n) => n + 201))
  })

  it('[C9] a storage that fails: the promise rejects, the status says so, the write stays and is stored and sent later, in order', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    disk.fail()
    const first = db.cards.update(uuidOf(10), { title: 'one' })
    await expect(first.durable).rejects.toMatchObject({ code: 'storage-failed' })
    const second = db.cards.update(uuidOf(10), { title: 'two' })
    await expect(second.durable).rejects.toMatchObject({ code: 'storage-failed' })
    expect(card(db)?.title).toBe('two')
    expect(db.status.get().error).toMatchObject({ code: 'storage-failed' })
    expect(wire.of('push')).toEqual([])
    disk.heal()
    world.pass(4_000)
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations.map(({ seq }) => seq))).toEqual([1, 2]))
    expect(db.status.get().error).toBeNull()
  })

  it('[C9] a status says what storage could not do until it has done all of it: a write that is stored again is not the rows', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    disk.fail()
    for (let at = 5; at < 9; at += 1) wire.send(batch(at, at + 1, 0))
    const { durable } = db.cards.update(uuidOf(10), { title: 'one' })
    await expect(durable).rejects.toMatchObject({ code: 'storage-failed' })
    await eventually(() => expect(db.position).toBe(position(9)))
    disk.heal()
    world.pass(4_000)
    await wire.awaits('push')
    expect(db.status.get().error).toMatchObject({ code: 'storage-failed' })
    for (let n = 0; n < 8; n += 1) wire.send(batch(9, 9, 0))
    await eventually(() => expect(db.status.get().error).toBeNull())
  })

  it('[C10] an acknowledgement does not write the base; the overlay goes with the batch that contains it, in the same transaction', async () => {
    const appended: unknown[] = []
    const scene = await inStep(watched(memoryStorage(), (method, given) => method === 'append' && appended.push(given[2])))
    const { db, wire } = scene
    const events: string[] = []
    db.cards.on((event) => events.push(event.kind === 'changed' ? `${event.origin}: ${event.fields.join()}` : event.kind))
    const { confirmed } = db.cards.update(uuidOf(10), { title: 'mine' })
    await wire.awaits('push')
    wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'applied' }, rows: { Card: [cardRow(7, 10, { title: 'as stored' })] } }] })
    expect(await confirmed).toEqual({ kind: 'applied' })
    expect(card(db)?.title).toBe('mine')
    expect(db.status.get().pending).toBe(0)

    wire.send(batch(5, 6, 0, { rows: { Card: [cardRow(6, 10, { note: 'of somebody else' })] }, claims: [] }))
    await eventually(() => expect(card(db)).toMatchObject({ title: 'mine', note: 'of somebody else' }))
    wire.send(batch(6, 7, 1, { rows: { Card: [cardRow(7, 10, { title: 'mine', note: 'of somebody else' })] }, claims: [] }))
    await eventually(() => expect(db.position).toBe(position(7)))
    expect(card(db)).toMatchObject({ title: 'mine', updatedAt: new Date('2026-01-01') })
    expect(events).toEqual(['local: updatedAt,title', 'server: note', 'server: updatedAt'])
    expect(appended).toEqual([[], [], [1]])
    await db.close()
    expect(await stored(scene.storage)).toEqual([])
  })

  it('[C11] the acknowledgement of an edit leaves a newer one alone, and so does its rejection', async () => {
    const { db, wire } = await inStep()
    const first = db.cards.update(uuidOf(10), { title: 'one', note: 'first' })
    const second = db.cards.update(uuidOf(10), { title: 'two' })
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    wire.send(pushed([1, rejected()]))
    expect(await first.confirmed).toMatchObject({ kind: 'rejected' })
    expect(card(db)).toMatchObject({ title: 'two', note: null })
    wire.send(pushed([2]))
    await second.confirmed
    expect(card(db)?.title).toBe('two')
  })

  it('[C11] a rejected edit does not bring back what a newer delete took', async () => {
    const { db, wire } = await inStep()
    db.cards.update(uuidOf(10), { title: 'one' })
    db.cards.delete(uuidOf(10))
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(db.pending()).toHaveLength(1))
    expect(card(db)).toBeUndefined()
    wire.send(pushed([2, rejected()]))
    await eventually(() => expect(card(db)?.title).toBe('card 10'))
  })

  it('[C10] a rejected write goes at once, with one event and what was discarded', async () => {
    const scene = await inStep()
    const { db, wire } = scene
    const heard: unknown[] = []
    db.on('rejected', ({ code, fields, discarded }) => heard.push({ code, fields, discarded }))
    const events: unknown[] = []
    db.cards.on(({ kind, ...event }) => events.push([kind, 'origin' in event ? event.origin : null]))
    const { confirmed } = db.cards.update(uuidOf(10), { note: 'x', votes: { add: 3 } })
    await wire.awaits('push')
    wire.send(pushed([1, rejected(['note'])]))
    expect(await confirmed).toEqual(rejected(['note']))
    expect(card(db)).toMatchObject({ note: null, votes: 0 })
    expect(heard).toEqual([
      { code: 'forbidden', fields: ['note'], discarded: [{ op: 'update', model: 'Card', id: uuidOf(10), values: { note: 'x', votes: { add: 3 } } }] },
    ])
    expect(events).toEqual([['changed', 'local'], ['changed', 'rejected']])
    await db.close()
    expect(await stored(scene.storage)).toEqual([])
  })

  it('[C21] a rejected edit of a row that left every scope meanwhile: it leaves, and is not deleted', async () => {
    const { db, wire } = await inStep()
    db.cards.update(uuidOf(10), { title: 'mine' })
    await wire.awaits('push')
    wire.send(batch(5, 6, 0, { rows: {}, claims: [claim(1, 'Card', { out: [10] })] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    const events: unknown[] = []
    db.cards.on((event) => events.push([event.kind, 'reason' in event ? event.reason : null]))
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(events).toEqual([['left-scope', 'out']]))
  })

  it('[C10] a rejected create is gone with the event of a deletion', async () => {
    const { db, wire } = await inStep()
    const { row } = db.labels.create({ name: 'x' })
    const events: unknown[] = []
    db.labels.on((event) => events.push(event))
    await wire.awaits('push')
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(events).toEqual([{ kind: 'deleted', model: 'Label', id: row.id, before: row, origin: 'rejected' }]))
  })

  it('[C3] an edit of a row that another deleted does nothing here, stays, and is judged by the server', async () => {
    const { db, wire, world } = await inStep()
    wire.cut()
    const { confirmed } = db.cards.update(uuidOf(10), { title: 'mine' })
    world.pass(1_000)
    const second = await world.wire(2)
    await bringIntoStep(second, 6, [{ rows: {}, claims: [claim(1, 'Card', { deleted: [10] })] }])
    await eventually(() => expect(card(db)).toBeUndefined())
    expect((await second.awaits('push')).mutations).toHaveLength(1)
    second.send(pushed([1, { kind: 'rejected', code: 'deleted', model: 'Card', id: uuidOf(10), fields: [] }]))
    expect(await confirmed).toMatchObject({ code: 'deleted' })
  })

  it('[C3] a create of a row that is there does nothing here', async () => {
    const { db, wire } = await inStep()
    const { row } = db.boards.create({ title: 'mine' })
    await wire.awaits('push')
    wire.send(batch(5, 6, 0, { rows: { Board: [[9, row.id, 'of somebody else']] }, claims: [{ scope: 1, model: 'Board', add: [row.id], out: [], deleted: [] }] }))
    await eventually(() => expect(db.boards.get(row.id)?.title).toBe('of somebody else'))
  })

  it('[C21] a row that left every scope stays while an edit of it is pending', async () => {
    const { db, wire } = await inStep()
    db.cards.update(uuidOf(10), { title: 'mine' })
    const left: unknown[] = []
    db.on('left-scope', ({ id, reason }) => left.push([id, reason]))
    await wire.awaits('push')
    wire.send(batch(5, 6, 0, { rows: {}, claims: [claim(1, 'Card', { out: [10] })] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    expect(card(db)?.title).toBe('mine')
    wire.send(pushed([1]))
    wire.send(batch(6, 7, 1))
    await eventually(() => expect(left).toEqual([[uuidOf(10), 'unclaimed']]))
    expect(card(db)).toBeUndefined()
  })

  it('[C21] a confirmed row that no open scope claims leaves, and not as a deletion', async () => {
    const { db, wire } = await inStep()
    const { row } = db.boards.create({ title: 'elsewhere' })
    const events: unknown[] = []
    db.boards.on((event) => events.push(event))
    await wire.awaits('push')
    wire.send(pushed([1]))
    wire.send(batch(5, 6, 1))
    await eventually(() => expect(events).toEqual([{ kind: 'left-scope', model: 'Board', id: row.id, before: row, reason: 'unclaimed' }]))
  })

  it('[C12] outcomes survive a restart as events; what was never answered is pushed again', async () => {
    const scene = await inStep()
    const { db, wire, world } = scene
    db.cards.update(uuidOf(10), { title: 'mine' })
    const gone = db.labels.create({ name: 'gone' })
    await gone.durable
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    await db.close()
    const next = await again(scene)
    const heard: unknown[] = []
    next.on('confirmed', ({ outcome }) => heard.push(outcome.kind))
    next.on('rejected', ({ code, discarded }) => heard.push([code, discarded]))
    expect(card(next)?.title).toBe('mine')
    expect(next.status.get().pending).toBe(2)
    const second = await world.wire(2)
    second.send(welcome(2))
    expect((await second.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1, 2])
    second.send(pushed([1], [2, { ...rejected(), model: 'Label' } as Outcome]))
    await eventually(() => expect(heard).toEqual([
      'applied',
      ['forbidden', [{ op: 'create', model: 'Label', id: gone.row.id, values: { name: 'gone' } }]],
    ]))
  })

  it('[C13] contained but not heard of: replayed no more, also after a restart, and kept until it is heard', async () => {
    const scene = await inStep()
    const { db, wire, world } = scene
    db.cards.update(uuidOf(10), { votes: { add: 1 } })
    await wire.awaits('push')
    wire.send(batch(5, 6, 1, { rows: { Card: [cardRow(7, 10, { votes: 1 })] }, claims: [] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    expect(card(db)?.votes).toBe(1)
    expect(db.status.get().pending).toBe(1)
    await db.close()
    const next = await again(scene)
    expect(card(next)?.votes).toBe(1)
    const second = await world.wire(2)
    second.send(welcome(1))
    await second.awaits('push')
    second.send(pushed([1]))
    await eventually(() => expect(next.status.get().pending).toBe(0))
    await next.close()
    expect(await stored(scene.storage)).toEqual([])
  })

  it('[C14] what was answered is not pushed again, though no batch contained it yet', async () => {
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { votes: { add: 1 } })
    await wire.awaits('push')
    wire.send(pushed([1]))
    await eventually(() => expect(db.status.get().pending).toBe(0))
    wire.cut()
    world.pass(1_000)
    const { row } = db.labels.create({ name: 'next' })
    const second = await world.wire(2)
    second.send(welcome(1))
    const push = await second.awaits('push')
    expect(push.mutations.map(({ seq, ops }) => [seq, ops[0]?.id])).toEqual([[2, row.id]])
    expect(card(db)?.votes).toBe(1)
  })

  it('[C15] a gap: what the server has is dropped, the rest goes out from 1 under a new client id', async () => {
    const scene = await inStep()
    const { db, wire, world } = scene
    const first = wire.of('hello')[0]
    db.cards.update(uuidOf(10), { title: 'one' })
    await wire.awaits('push')
    wire.send({ kind: 'pushed', results: [], gap: { expected: 4 } })
    await eventually(() => expect(wire.isOpen).toBe(false))
    const { row } = db.labels.create({ name: 'meanwhile' })
    world.pass(1_000)
    const second = await world.wire(2)
    expect(second.of('hello')[0]?.client).not.toBe(first?.client)
    second.send(welcome(0))
    await eventually(() => expect(second.of('push').flatMap(({ mutations }) => mutations.map(({ seq, ops }) => [seq, ops[0]?.id]))).toEqual([[1, row.id]]))
    await db.close()
    expect(await stored(scene.storage)).toEqual([1])
  })

  it('[C15] an answer that comes while numbers change is about the old ones, and is not heard', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    const confirmed: unknown[] = []
    db.on('confirmed', ({ mutation }) => confirmed.push(mutation.seq))
    const { row } = db.labels.create({ name: 'one' })
    await wire.awaits('push')
    const release = disk.hold()
    wire.send({ kind: 'pushed', results: [], gap: { expected: 1 } })
    await new Promise((resolve) => setTimeout(resolve, 2))
    wire.isOpen = true
    wire.send(pushed([1]))
    wire.isOpen = false
    release()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(0))
    expect((await second.awaits('push')).mutations.map(({ seq, ops }) => [seq, ops[0]?.id])).toEqual([[1, row.id]])
    expect(confirmed).toEqual([])
  })

  it('[C132] what is over and could not leave storage leaves it with the numbers of before, and its rejection stays', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    const [first, second, third] = ['one', 'two', 'three'].map((name) => db.labels.create({ name }))
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(3))
    disk.fail()
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(db.labels.get(first?.row.id ?? '')).toBeUndefined())
    await eventually(() => expect(db.status.get().error?.code).toBe('storage-failed'))
    disk.heal()
    wire.send({ kind: 'pushed', results: [], gap: { expected: 2 } })
    await eventually(() => expect(wire.isOpen).toBe(false))
    world.pass(1_000)
    const next = await world.wire(2)
    next.send(welcome(0))
    await eventually(() => expect(next.of('push').flatMap(({ mutations }) => mutations.map(({ ops }) => ops[0]?.id))).toEqual([second?.row.id, third?.row.id]))
    await db.close()
    const opened = await disk.storage('trial:ada')
    const { outbox, rejections } = await opened.load()
    expect(outbox.map(({ seq, ops }) => [seq, ops[0]?.id])).toEqual([[1, second?.row.id], [2, third?.row.id]])
    expect(rejections.map(({ mutation }) => mutation.ops[0]?.id)).toEqual([first?.row.id])
  })

  it('[C143] a rejection that was not stored is decided anew in another history of the database; one that was stored stays', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    const [first, second] = ['one', 'two'].map((name) => db.labels.create({ name }))
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(db.rejected()).toHaveLength(1))
    await db.labels.create({ name: 'three' }).durable // After what was asked of storage before.
    disk.fail()
    wire.send(pushed([2, rejected()]))
    await eventually(() => expect(db.rejected()).toHaveLength(2))
    await eventually(() => expect(db.status.get().error?.code).toBe('storage-failed'))
    disk.heal()
    await db.close()
    const next = await again({ world, storage: disk.storage })
    const heard: unknown[] = []
    next.on('confirmed', ({ mutation, outcome }) => heard.push([mutation.ops[0]?.id, outcome.kind]))
    const refused = (): unknown => next.rejected().map(({ mutation }) => mutation.ops[0]?.id)
    expect([refused(), next.pending()[0]?.ops[0]?.id]).toEqual([[first?.row.id], second?.row.id])
    const restored = { epoch: 'f'.repeat(32) }
    const third = await world.wire(2)
    third.send(welcome(0, restored))
    await eventually(() => expect(third.isOpen).toBe(false))
    world.pass(1_000)
    const fourth = await world.wire(3)
    fourth.send(welcome(0, restored))
    expect((await fourth.awaits('push')).mutations[0]).toMatchObject({ seq: 1, ops: [{ id: second?.row.id }] })
    fourth.send(pushed([1]))
    await eventually(() => expect(heard).toEqual([[second?.row.id, 'applied']]))
    expect(refused()).toEqual([first?.row.id])
    await next.close()
  })

  it('[C144] a rejection that found no room is heard again at the next start, though the device is a fork by then, and stays', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    const gone = db.labels.create({ name: 'gone' })
    await gone.durable
    await wire.awaits('push')
    disk.fail()
    wire.send(pushed([1, rejected()]))
    await eventually(() => expect(db.status.get().error?.code).toBe('storage-failed'))
    disk.heal()
    await db.close()
    const next = await again({ world, storage: disk.storage })
    const second = await world.wire(2)
    second.send(welcome(1, { forked: true }))
    expect((await second.awaits('push')).mutations.map(({ ops }) => ops[0]?.id)).toEqual([gone.row.id])
    second.send(pushed([1, rejected()]))
    await eventually(() => expect(second.isOpen).toBe(false))
    await next.close()
    const opened = await disk.storage('trial:ada')
    const { outbox, rejections } = await opened.load()
    expect([outbox.length, rejections.map(({ mutation }) => mutation.ops[0]?.id)]).toEqual([0, [gone.row.id]])
  })

  it('[C15] what another database contained, and this one does not, is shown and sent again', async () => {
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { votes: { add: 1 } })
    await wire.awaits('push')
    wire.send(batch(5, 6, 1, { rows: { Card: [cardRow(7, 10, { votes: 1 })] }, claims: [] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(0, { epoch: 'f'.repeat(32) }))
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    const third = await world.wire(3)
    third.send(welcome(0, { epoch: 'f'.repeat(32) }))
    const { attempt, scopes } = await third.awaits('sync')
    third.send({ kind: 'page', attempt, delta: { rows: { Card: [cardRow(2, 10)] }, claims: [] } })
    third.send({ kind: 'synced', attempt, from: null, position: `${'f'.repeat(32)}/1:1:`, done: 0, scopes: scopes.map(({ id }) => ({ id, hash: 'h' })) })
    await eventually(() => expect(db.status.get().connection).toBe('online'))
    expect(card(db)?.votes).toBe(1)
    expect((await third.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1])
  })

  it('[C15] a server of the same epoch that knows less than it had confirmed: everything that waits goes out under a new id', async () => {
    const { db, wire, world } = await inStep()
    for (const seq of [1, 2]) {
      db.cards.update(uuidOf(10), { title: `t${seq}` })
      await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(seq))
      wire.send(pushed([seq]))
    }
    wire.send(batch(5, 6, 2))
    await eventually(() => expect(db.position).toBe(position(6)))
    wire.cut()
    const { row } = db.labels.create({ name: 'third' })
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(0))
    await eventually(() => expect(second.isOpen).toBe(false))
    expect(second.of('push')).toEqual([])
    world.pass(1_000)
    const third = await world.wire(3)
    third.send(welcome(0))
    expect((await third.awaits('push')).mutations.map(({ seq, ops }) => [seq, ops[0]?.id])).toEqual([[1, row.id]])
  })

  it.for<readonly [name: string, answer: Parameters<typeof welcome>]>([
    ['a fork', [1, { forked: true }]],
    ['a server that knows more than was ever sent', [9]],
  ])('[C15] %s is told what was decided of ours before the rest goes out under a new id', async ([, answer]) => {
    const { db, wire, world } = await inStep()
    const written = [db.cards.update(uuidOf(10), { title: 'one' }), db.cards.update(uuidOf(10), { note: 'two' })]
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(...answer))
    const asked = (await second.awaits('push')).mutations.map(({ seq }) => seq)
    expect(asked).toEqual(answer[0] === 1 ? [1] : [1, 2])
    second.send(answer[0] === 1 ? pushed([1]) : ({ ...pushed([1]), gap: { expected: 2 } } as ServerMessage))
    expect(await written[0]?.confirmed).toEqual({ kind: 'applied' })
    await eventually(() => expect(second.isOpen).toBe(false))
    expect(second.of('sync')).toEqual([])
    world.pass(1_000)
    const third = await world.wire(3)
    expect(third.of('hello')[0]).toMatchObject({ session: { last: null } })
    third.send(welcome(0))
    expect((await third.awaits('push')).mutations.map(({ seq, ops }) => [seq, ops])).toMatchObject([[1, [{ set: { note: {} } }]]])
    expect(card(db)).toMatchObject({ title: 'one', note: 'two' })
  })

  it('[C142] of numbers that were drawn a second time, what the server decided in the same run is ours, and nothing from there on', async () => {
    const storage = memoryStorage()
    const before = new TestWorld()
    const first = await before.open({ storage })
    for (const name of ['one', 'two']) await first.labels.create({ name }).durable
    await first.close()
    const world = new TestWorld()
    for (let n = 0; n < 100; n += 1) world.uuid() // Not those of the run before.
    const db = await world.open({ storage })
    await db.labels.create({ name: 'three' }).durable
    const wire = await world.wire(1)
    // Before its storage lost the end of itself, the device had made and sent two more in the first run.
    wire.send(welcome(3, { lastRun: 'lost' }))
    expect((await wire.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1, 2, 3])
    wire.send({ ...pushed([1]), gap: { expected: 2 } } as ServerMessage)
    await eventually(() => expect(wire.isOpen).toBe(false))
    expect(wire.of('sync')).toEqual([])
    world.pass(1_000)
    const second = await world.wire(2)
    expect(second.of('hello')[0]?.client).not.toBe(wire.of('hello')[0]?.client)
    second.send(welcome(0))
    expect((await second.awaits('push')).mutations.map(({ seq, ops }) => [seq, ops[0]])).toMatchObject([
      [1, { values: { name: 'two' } }],
      [2, { values: { name: 'three' } }],
    ])
    expect(db.labels.all().map(({ name }) => name).toSorted()).toEqual(['one', 'three', 'two'])
  })

  it('[C154] a new client id that a loss of power took back is taken again: what was sent under it is not decided twice', async () => {
    const next = async (skipped: number): Promise<unknown> => {
      const storage = memoryStorage()
      const first = await new TestWorld().open({ storage }) // With the same ids each time.
      for (const name of ['one', 'two']) await first.labels.create({ name }).durable
      await first.close()
      const world = new TestWorld()
      for (let n = 0; n < skipped; n += 1) world.uuid()
      const db = await world.open({ storage })
      const wire = await world.wire(1)
      wire.send(welcome(0, { forked: true }))
      await eventually(() => expect(wire.isOpen).toBe(false))
      world.pass(1_000)
      const second = await world.wire(2)
      await db.close()
      expect(second.of('hello')[0]?.client).not.toBe(wire.of('hello')[0]?.client)
      return [wire.of('hello')[0]?.client, second.of('hello')[0]?.client]
    }
    expect(await next(100)).toEqual(await next(200))
  })

  it('[C155] a new client id does not wait for a storage that works again', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    disk.fail()
    for (let at = 5; at < 25; at += 1) {
      wire.send(batch(at, at + 1, 0))
      await eventually(() => expect(db.position).toBe(position(at + 1)))
    }
    disk.heal()
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(0, { forked: true }))
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    const third = await world.wire(3)
    expect(third.of('hello')[0]?.client).not.toBe(second.of('hello')[0]?.client)
  })

  it('[C156] what was over while storage failed is not there under the new client id', async () => {
    const memory = memoryStorage()
    const disk = failing(memory)
    const { db, wire, world } = await inStep(disk.storage)
    db.cards.update(uuidOf(10), { title: 'over' })
    await wire.awaits('push')
    disk.fail()
    wire.send(pushed([1]))
    wire.send(batch(5, 6, 1, { rows: { Card: [cardRow(3, 10, { title: 'over' })] }, claims: [] }))
    await eventually(() => expect(db.position).toBe(position(6)))
    disk.heal()
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(1, { forked: true }))
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    await world.wire(3)
    await db.close()
    expect(await stored(memory)).toEqual([])
  })

  it('[C158] storage that works again is tried when the server says that nothing has changed', async () => {
    const memory = memoryStorage()
    const disk = failing(memory)
    const { db, wire } = await inStep(disk.storage)
    disk.fail()
    for (let at = 5; at < 8; at += 1) wire.send(batch(at, at + 1, 0))
    await eventually(() => expect(db.position).toBe(position(8)))
    expect(db.status.get().error).toMatchObject({ code: 'storage-failed' })
    disk.heal()
    for (let n = 0; n < 8; n += 1) wire.send(batch(8, 8, 0))
    await eventually(() => expect(db.status.get().error).toBeNull())
    await db.close()
    const { device } = await (await memory('trial:ada')).load()
    expect(device?.position).toBe(position(8))
  })

  it('[C159] what is written while the last outcomes are heard under an old client id goes out under the new one', async () => {
    const memory = memoryStorage()
    const first = await new TestWorld().open({ storage: memory })
    await first.labels.create({ name: 'one' }).durable
    await first.close()
    const disk = failing(memory)
    const world = new TestWorld()
    for (let n = 0; n < 100; n += 1) world.uuid()
    const db = await world.open({ storage: disk.storage })
    const wire = await world.wire(1)
    wire.send(welcome(2, { lastRun: 'f'.repeat(12) })) // Of the second, nothing is stored here: the power failed.
    expect((await wire.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1])
    const release = disk.hold()
    const { durable } = db.labels.create({ name: 'two' })
    wire.send(pushed([1]))
    await eventually(() => expect(db.pending()).toHaveLength(1))
    release()
    await durable
    const again = await wire.awaits('push', 2)
    expect(again.mutations.map(({ seq }) => seq)).toEqual([2])
    wire.send({ kind: 'pushed', results: [], gap: { expected: 2 } })
    await eventually(() => expect(wire.isOpen).toBe(false))
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(0))
    expect((await second.awaits('push')).mutations.map(({ seq, ops: [op] }) => [seq, op?.op === 'create' && op.values['name']])).toEqual([[1, 'two']])
  })

  it('[C142] each start is a run of its own, and what it makes says so', async () => {
    const storage = memoryStorage()
    const run = async (skipped: number): Promise<string | undefined> => {
      const world = new TestWorld()
      for (let n = 0; n < skipped; n += 1) world.uuid()
      const db = await world.open({ storage })
      await db.labels.create({ name: `after ${skipped}` }).durable
      const wire = await world.wire(1)
      wire.send(welcome(0))
      const { mutations } = await wire.awaits('push')
      await db.close()
      return mutations.at(-1)?.run
    }
    const [one, two] = [await run(0), await run(100)]
    expect(one).toMatch(/^[0-9a-f]{12}$/u)
    expect(two).toMatch(/^[0-9a-f]{12}$/u)
    expect(two).not.toBe(one)
  })

  it('[C142] a number of the same run is the same mutation', async () => {
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { title: 'one' })
    const [made] = (await wire.awaits('push')).mutations
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(1, { lastRun: made?.run ?? '' }))
    expect((await second.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1])
    expect(second.of('hello')[0]?.client).toBe(wire.of('hello')[0]?.client)
  })

  it('[C140] what was applied is shown until the base has it, though the client id changes in between', async () => {
    const epoch = 'f'.repeat(32)
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { title: 'mine' })
    await wire.awaits('push')
    wire.send(pushed([1]))
    await eventually(() => expect(db.pending()).toEqual([]))
    const titles: (string | undefined)[] = []
    db.cards.on((event) => void titles.push(event.kind === 'changed' ? event.after.title : undefined))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(1, { epoch }))
    // Whether this history has it, too, is asked.
    expect((await second.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1])
    second.send(pushed([1]))
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    const third = await world.wire(3)
    third.send(welcome(0, { epoch }))
    const { attempt } = await third.awaits('sync')
    expect([card(db)?.title, third.of('push')]).toEqual(['mine', []])
    third.send({ kind: 'page', attempt, delta: { rows: { Card: [cardRow(7, 10, { title: 'theirs' })] }, claims: [claim(1, 'Card', { add: [10] })] } })
    third.send({ kind: 'synced', attempt, from: null, position: position(9), done: 0, scopes: [{ id: 1, hash: 'hash 1' }] })
    await eventually(() => expect(card(db)?.title).toBe('theirs'))
    expect(titles).toEqual(['theirs'])
  })

  it('[C141] what was heard to be applied before a copy of the device came is not sent again under the new client id', async () => {
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { votes: { add: 1 } })
    db.cards.update(uuidOf(10), { note: 'two' })
    await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(2))
    wire.send(pushed([1]))
    await eventually(() => expect(db.pending()).toHaveLength(1))
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome(2, { forked: true }))
    expect((await second.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([2])
    second.send({ ...pushed(), gap: { expected: 2 } } as ServerMessage)
    await eventually(() => expect(second.isOpen).toBe(false))
    world.pass(1_000)
    const third = await world.wire(3)
    third.send(welcome(0))
    expect((await third.awaits('push')).mutations.map(({ seq, ops }) => [seq, ops])).toMatchObject([[1, [{ set: { note: { value: 'two' } } }]]])
    expect(card(db)).toMatchObject({ votes: 1, note: 'two' })
  })

  it('[C15] under a client id that has to change nothing is asked for, though a scope opens in that moment', async () => {
    const disk = failing(memoryStorage())
    const { db, wire, world } = await inStep(disk.storage)
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    const release = disk.hold()
    db.openScope('board', { boardId: uuidOf(2) })
    second.send(welcome(0, { forked: true }))
    release()
    await eventually(() => expect(second.isOpen).toBe(false))
    expect([second.of('sync'), second.of('push')]).toEqual([[], []])
    world.pass(1_000)
    const third = await world.wire(3)
    expect(third.of('hello')[0]?.client).not.toBe(second.of('hello')[0]?.client)
  })

  it('[C15] a device that lost the end of its storage, and has drawn the lost numbers again, does not take the decisions on those for its own', async () => {
    const storage = memoryStorage()
    const before = new TestWorld()
    const first = await before.open({ storage })
    await first.labels.create({ name: 'one' }).durable
    await first.close()
    const world = new TestWorld()
    for (let n = 0; n < 100; n += 1) world.uuid() // Not those of the life before.
    const db = await world.open({ storage })
    await db.labels.create({ name: 'three' }).durable
    const wire = await world.wire(1)
    wire.send(welcome(2)) // What was sent as the second is lost here.
    expect((await wire.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1, 2])
    wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'applied' }, rows: {} }], gap: { expected: 2 } })
    await eventually(() => expect(wire.isOpen).toBe(false))
    await eventually(() => {
      world.pass(100)
      expect(world.wires).toHaveLength(2)
    })
    const second = await world.wire(2)
    second.send(welcome(0))
    const { mutations } = await second.awaits('push')
    expect(mutations.map(({ seq, ops }) => [seq, ops[0]])).toMatchObject([[1, { op: 'create', values: { name: 'three' } }]])
    expect(second.of('hello')[0]?.client).not.toBe(wire.of('hello')[0]?.client)
    await db.close()
  })

  it('[C15] a client id that is taken is given up, nothing of the work is', async () => {
    const { db, wire, world } = await inStep()
    wire.cut()
    db.cards.update(uuidOf(10), { title: 'one' })
    world.pass(1_000)
    const second = await world.wire(2)
    second.send({ kind: 'refused', code: 'client-taken' })
    await eventually(() => expect(second.isOpen).toBe(false))
    await eventually(() => expect(world.nextTimer).toBeLessThan(1_000))
    world.pass(1_000)
    const third = await world.wire(3)
    expect(third.of('hello')[0]?.client).not.toBe(second.of('hello')[0]?.client)
    third.send(welcome(0))
    expect((await third.awaits('push')).mutations.map(({ seq }) => seq)).toEqual([1])
  })

  it('[C15] a lost welcome is no fork: the same nonce is said again until one is heard', async () => {
    const world = new TestWorld()
    const db = await world.open()
    const first = await world.wire()
    first.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    expect(second.of('hello')[0]?.session).toEqual(first.of('hello')[0]?.session)
    await bringIntoStep(second, 1)
    await eventually(() => expect(db.status.get().connection).toBe('online'))
    second.cut()
    world.pass(1_000)
    const third = await world.wire(3)
    expect(third.of('hello')[0]?.session.last).toBe(second.of('hello')[0]?.session.next)
    expect(third.of('hello')[0]?.session.next).not.toBe(second.of('hello')[0]?.session.next)
  })

  it('[C31] a push that is never answered, though pings are, ends the connection', async () => {
    const { db, wire, world } = await inStep()
    db.cards.update(uuidOf(10), { title: 'one' })
    await wire.awaits('push')
    for (let n = 0; n < 40 && wire.isOpen; n += 1) {
      world.pass(5_000)
      for (const { at } of wire.of('ping').slice(-1)) wire.send({ kind: 'pong', at, now: world.now })
    }
    expect(wire.isOpen).toBe(false)
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    expect((await second.awaits('push')).mutations).toHaveLength(1)
  })
})
