import { describe, expect, it } from 'vitest'
import { eventually, TestWorld, uuidOf } from '../../tests/client/world.js'
import type { Trial } from '../../tests/client/schema.js'
import type { CacheEvent } from './events.js'
import { memoryStorage } from './memory-storage.js'
import type { CardModel } from '../../tests/client/schema.js'

const offline = async (world = new TestWorld()): Promise<{ readonly world: TestWorld; readonly db: Trial }> => {
  world.reachable = false
  return { world, db: await world.open() }
}

describe('a local write', () => {
  it('[C1] is visible in the same tick: row, index, unique index, query, event', async () => {
    const { db } = await offline()
    const events: CacheEvent<CardModel>[] = []
    db.cards.on((event) => events.push(event))
    const query = db.cards.query({ where: { boardId: uuidOf(1) } })
    expect(query.rows).toEqual([])

    const { row } = db.cards.create({ boardId: uuidOf(1), title: 'first' })

    expect(db.cards.get(row.id)).toBe(row)
    expect(db.cards.ofBoard(uuidOf(1))).toEqual([row])
    expect(db.cards.byBoardAndTitle(uuidOf(1), 'first')).toBe(row)
    expect(query.rows).toEqual([row])
    expect(events).toEqual([{ kind: 'added', model: 'Card', id: row.id, after: row, origin: 'local' }])
    expect(row).toMatchObject({ note: null, votes: 0, tags: [], createdAt: new Date(1_000_000), updatedAt: new Date(1_000_000) })
    expect(Object.isFrozen(row)).toBe(true)
  })

  it('[C1] an update and a delete say what was and what is', async () => {
    const { db } = await offline()
    const { row: before } = db.cards.create({ boardId: uuidOf(1), title: 'first' })
    const events: CacheEvent<CardModel>[] = []
    db.cards.on((event) => events.push(event))

    const { row: after } = db.cards.update(before.id, { title: 'second', votes: { add: 2 } })
    expect(after).toMatchObject({ title: 'second', votes: 2 })
    expect(events).toEqual([
      { kind: 'changed', model: 'Card', id: before.id, before, after, fields: ['updatedAt', 'title', 'votes'], origin: 'local' },
    ])
    expect(db.cards.delete(before.id).row).toBe(after)
    expect(events.at(-1)).toEqual({ kind: 'deleted', model: 'Card', id: before.id, before: after, origin: 'local' })
    expect(db.cards.size).toBe(0)
    expect(db.cards.ofBoard(uuidOf(1))).toEqual([])
  })

  it.for<readonly [name: string, field: string, write: (db: Trial, id: string) => unknown]>([
    ['a value of another type', 'title', (db) => db.cards.create({ boardId: uuidOf(1), title: 7 as unknown as string })],
    ['text that is too long', 'title', (db) => db.cards.create({ boardId: uuidOf(1), title: 'x'.repeat(21) })],
    ['a missing field', 'title', (db) => db.cards.create({ boardId: uuidOf(1) } as unknown as CardModel['create'])],
    ['a field that does not exist', '__proto__', (db) => db.cards.create(JSON.parse(`{"boardId":"${uuidOf(1)}","title":"x","__proto__":1}`))],
    ['a field of the server', 'createdAt', (db) => db.cards.create({ boardId: uuidOf(1), title: 'x', createdAt: new Date(0) } as CardModel['create'])],
    ['an id that is none', 'id', (db) => db.cards.create({ id: 'x', boardId: uuidOf(1), title: 'x' })],
    ['an id that is taken', 'id', (db, id) => db.cards.create({ id, boardId: uuidOf(1), title: 'x' })],
    ['an immutable field', 'boardId', (db, id) => db.cards.update(id, { boardId: uuidOf(2) } as CardModel['patch'])],
    ['a plain value for a counter', 'votes', (db, id) => db.cards.update(id, { votes: 3 } as unknown as CardModel['patch'])],
    ['half an amount for a counter', 'votes', (db, id) => db.cards.update(id, { votes: { add: 0.5 } })],
    ['null for what is not nullable', 'title', (db, id) => db.cards.update(id, { title: null as unknown as string })],
  ])('[C4] refuses %s, names the field and leaves no trace', async ([, field, write]) => {
    const { db } = await offline()
    const { row } = db.cards.create({ boardId: uuidOf(1), title: 'there' })
    expect(() => write(db, row.id)).toThrow(expect.objectContaining({ code: 'invalid-value', details: expect.objectContaining({ field }) }))
    expect(db.cards.all()).toEqual([row])
    expect(db.pending()).toHaveLength(1)
  })

  it('[C4] refuses to change or delete a row that is not here', async () => {
    const { db } = await offline()
    expect(() => db.cards.update(uuidOf(9), { title: 'x' })).toThrow(expect.objectContaining({ code: 'row-unknown' }))
    expect(() => db.cards.delete(uuidOf(9))).toThrow(expect.objectContaining({ code: 'row-unknown' }))
    expect(db.pending()).toEqual([])
  })

  it('[C5] an update carries what was seen, leaves out what stays the same, and gives counters an amount', async () => {
    const { db } = await offline()
    const { row } = db.cards.create({ boardId: uuidOf(1), title: 'a', note: 'n', size: '1.5' })
    db.cards.update(row.id, { title: 'b', note: 'n', size: '1.50', votes: { add: -1 } })
    const same = db.cards.update(row.id, { title: 'b', votes: { add: 0 } })
    expect(await same.confirmed).toEqual({ kind: 'applied' })
    expect(db.pending().map(({ ops }) => ops)).toEqual([
      [{ op: 'create', model: 'Card', id: row.id, values: { boardId: uuidOf(1), title: 'a', note: 'n', size: '1.50', votes: 0, tags: [] } }],
      [{ op: 'update', model: 'Card', id: row.id, version: 0, set: { title: { seen: 'a', value: 'b' }, votes: { add: -1 } } }],
    ])
  })

  it('[C5] a delete under edit-wins says what its author saw', async () => {
    const { db } = await offline()
    const { row } = db.labels.create({ name: 'red' })
    db.labels.delete(row.id)
    expect(db.pending().at(-1)?.ops).toEqual([{ op: 'delete', model: 'Label', id: row.id, version: 0, seen: { name: 'red' } }])
  })

  it('[C6] times increase strictly, whatever the clock of the device does, and over a restart', async () => {
    const world = new TestWorld()
    world.reachable = false
    const storage = memoryStorage()
    const first = await world.open({ storage })
    for (const step of [0, 0, -5_000, 3]) {
      world.now += step
      first.labels.delete(first.labels.create({ name: 'x' }).row.id)
    }
    await first.close()
    world.now -= 60_000
    const second = await world.open({ storage })
    second.labels.create({ name: 'y' })
    const times = second.pending().map(({ at }) => at)
    expect(times).toHaveLength(9)
    expect(times).toEqual([...new Set(times)].sort((left, right) => left - right))
  })

  it('[C7] a transaction is visible as a whole, sees its own writes, and goes out as one mutation', async () => {
    const { db } = await offline()
    const { row: card } = db.cards.create({ boardId: uuidOf(1), title: 'a' })
    const batches: number[] = []
    db.cardLabels.query().subscribe((rows) => batches.push(rows.length))
    db.transaction((tx) => {
      const red = tx.labels.create({ name: 'red' })
      const blue = tx.labels.create({ name: 'blue' })
      tx.cardLabels.create({ cardId: card.id, labelId: red.id })
      tx.cardLabels.create({ cardId: card.id, labelId: blue.id })
      tx.labels.update(red.id, { name: 'crimson' })
      expect(tx.labels.get(red.id)?.name).toBe('crimson')
      expect(db.labels.size).toBe(0)
    })
    expect(batches).toEqual([0, 2])
    expect(db.cards.query({ include: { labels: { orderBy: { name: 'asc' } } } }).rows[0]?.labels.map(({ name }) => name)).toEqual(['blue', 'crimson'])
    expect(db.pending().at(-1)?.ops.map(({ op, model }) => `${op} ${model}`)).toEqual([
      'create Label', 'create Label', 'create CardLabel', 'create CardLabel', 'update Label',
    ])
  })

  it('[C7] a transaction that throws has not happened', async () => {
    const { db } = await offline()
    const fail = (): unknown =>
      db.transaction((tx) => {
        tx.labels.create({ name: 'red' })
        tx.labels.update(uuidOf(9), { name: 'x' })
      })
    expect(fail).toThrow(expect.objectContaining({ code: 'row-unknown' }))
    expect(db.labels.all()).toEqual([])
    expect(db.pending()).toEqual([])
  })

  it('[C7] a transaction that awaits is refused, and its late writes are', async () => {
    const { db } = await offline()
    let late: unknown
    const run = async (tx: Parameters<Parameters<Trial['transaction']>[0]>[0]): Promise<void> => {
      tx.labels.create({ name: 'early' })
      await Promise.resolve()
      try {
        tx.labels.create({ name: 'late' })
      } catch (error) {
        late = error
      }
    }
    expect(() => db.transaction((tx) => run(tx) as unknown as void)).toThrow(expect.objectContaining({ code: 'invalid-value' }))
    await eventually(() => expect(late).toMatchObject({ code: 'closed' }))
    expect(db.labels.all()).toEqual([])
  })

  it('[C8] a local transaction that no server would take is refused at once', async () => {
    const { db } = await offline()
    const many = (): unknown =>
      db.transaction((tx) => {
        for (let n = 0; n < 1_001; n += 1) tx.labels.create({ name: 'x' })
      })
    expect(many).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
    const note = 'x'.repeat(950_000)
    expect(() => db.cards.create({ boardId: uuidOf(1), title: 'a', note })).toThrow(expect.objectContaining({ code: 'limit-exceeded' }))
    expect(db.pending()).toEqual([])
    expect(db.labels.size + db.cards.size).toBe(0)
  })

  it('[C1] a write made by a listener is visible at once and told after what is being told', async () => {
    const { db } = await offline()
    const told: string[] = []
    db.on('change', (event) => {
      told.push(`${event.kind} ${event.model}`)
      if (event.model === 'Board' && event.kind === 'added') {
        const { row } = db.labels.create({ name: 'made by a listener' })
        expect(db.labels.get(row.id)).toBe(row)
      }
    })
    db.on('boards', () => told.push('boards'))
    db.boards.query().subscribe((rows) => told.push(`query ${rows.length}`))
    db.boards.create({ title: 'b' })
    expect(told).toEqual(['query 0', 'boards', 'added Board', 'query 1', 'added Label'])
  })

  it('[C1] a listener that throws keeps nobody else from hearing', async () => {
    const world = new TestWorld()
    world.reachable = false
    const logged: string[] = []
    const db = await world.open({ log: (_level, event) => logged.push(event) })
    const heard: string[] = []
    db.on('boards', () => {
      throw new Error('mine')
    })
    db.on('boards', (event) => heard.push(event.kind))
    db.boards.create({ title: 'b' })
    expect(heard).toEqual(['added'])
    expect(logged).toContain('listener-failed')
  })
})
