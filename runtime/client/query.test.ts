import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TestWorld, uuidOf } from '../../tests/client/world.js'
import type { Card, Trial } from '../../tests/client/schema.js'

const open = async (): Promise<Trial> => {
  const world = new TestWorld()
  world.reachable = false
  return world.open()
}

describe('queries', () => {
  it('[C32] order by several fields, nulls last ascending and first descending, ties by id; limit and offset', async () => {
    const db = await open()
    const notes = ['b', null, 'a', 'b', null]
    for (const [n, note] of notes.entries()) db.cards.create({ id: uuidOf(n), boardId: uuidOf(100), title: `t${n}`, note, votes: n % 2 })
    const titles = (rows: readonly Card[]): readonly string[] => rows.map(({ title }) => title)
    expect(titles(db.cards.query({ orderBy: { note: 'asc' } }).rows)).toEqual(['t2', 't0', 't3', 't1', 't4'])
    expect(titles(db.cards.query({ orderBy: { note: 'desc' } }).rows)).toEqual(['t1', 't4', 't0', 't3', 't2'])
    expect(titles(db.cards.query({ orderBy: { votes: 'desc', note: 'asc' } }).rows)).toEqual(['t3', 't1', 't2', 't0', 't4'])
    expect(titles(db.cards.query({ orderBy: { note: 'asc' }, offset: 1, limit: 2 }).rows)).toEqual(['t0', 't3'])
    expect(titles(db.cards.query({ limit: 0 }).rows)).toEqual([])
  })

  it('[C32] relations: filters through them, nested includes, what is not in the cache is not there', async () => {
    const db = await open()
    const { row: board } = db.boards.create({ id: uuidOf(1), title: 'one' })
    const { row: card } = db.cards.create({ id: uuidOf(10), boardId: board.id, title: 'in' })
    const { row: stray } = db.cards.create({ id: uuidOf(11), boardId: uuidOf(99), title: 'stray' })
    const { row: red } = db.labels.create({ id: uuidOf(20), name: 'red' })
    db.cardLabels.create({ cardId: card.id, labelId: red.id })
    db.cardLabels.create({ cardId: card.id, labelId: uuidOf(98) })

    const query = db.cards.query({ orderBy: { title: 'asc' }, include: { board: { include: { cards: true } }, labels: true } })
    expect(query.rows).toEqual([
      { ...card, board: { ...board, cards: [card] }, labels: [red] },
      { ...stray, board: undefined, labels: [] },
    ])
    expect(db.cards.query({ where: { board: { title: 'one' } } }).rows).toEqual([card])
    expect(db.cards.query({ where: { labels: { name: 'red' } } }).rows).toEqual([card])
    expect(db.cards.query({ where: { labels: { none: { name: 'red' } } } }).rows).toEqual([stray])
    expect(db.boards.query({ where: { cards: { every: { labels: { name: 'red' } } } } }).rows).toEqual([board])
    expect(db.labels.query({ where: { cards: { board: { id: board.id } } } }).rows).toEqual([red])
  })

  it('[C32] count, sum, min and max, exact for decimals, nulls left out', async () => {
    const db = await open()
    for (const [votes, size] of [[1, '0.10'], [2, '-0.35'], [4, null]] as const) {
      db.cards.create({ boardId: uuidOf(1), title: 'x', votes, size })
    }
    expect(db.cards.count()).toBe(3)
    expect(db.cards.count({ where: { votes: { gt: 1 } } })).toBe(2)
    expect(db.cards.sum('votes')).toBe(7)
    expect(db.cards.sum('size')).toBe('-0.25')
    expect(db.cards.sum('size', { where: { votes: 4 } })).toBe('0.00')
    expect([db.cards.min('size'), db.cards.max('size')]).toEqual(['-0.35', '0.10'])
    expect(db.cards.max('size', { where: { votes: 4 } })).toBeNull()
    expect(() => db.cards.sum('title')).toThrow(expect.objectContaining({ code: 'invalid-value' }))
  })

  it('[C32] groups by the value of a field, in the order of the query', async () => {
    const db = await open()
    for (const [n, note] of ['a', null, 'b', 'a'].entries()) db.cards.create({ id: uuidOf(n), boardId: uuidOf(1), title: `t${n}`, note })
    const groups = db.cards.groupBy('note', { orderBy: { title: 'desc' }, where: { title: { not: 't2' } } })
    expect([...groups].map(([note, rows]) => [note, rows.map(({ title }) => title)])).toEqual([['a', ['t3', 't0']], [null, ['t1']]])
    const times = db.cards.groupBy('createdAt')
    expect(times.size).toBe(4)
    expect(() => db.cards.groupBy('nope' as 'note')).toThrow(expect.objectContaining({ code: 'invalid-value' }))
  })

  it.for<readonly [name: string, options: object]>([
    ['a field that does not exist', { where: { nope: 1 } }],
    ['an order by something else', { orderBy: { nope: 'asc' } }],
    ['a direction', { orderBy: { title: 'up' } }],
    ['a relation that does not exist', { include: { nope: true } }],
    ['a name of Object.prototype', { include: { constructor: true } }],
    ['a limit that is none', { limit: -1 }],
  ])('[C32] refuse %s', async ([, options]) => {
    const db = await open()
    expect(() => db.cards.query(options)).toThrow(expect.objectContaining({ code: 'invalid-value' }))
  })

  it('[C33] tell a subscriber at once, then only when the result differs, and share what did not change', async () => {
    const db = await open()
    const { row: board } = db.boards.create({ title: 'b' })
    const { row: kept } = db.cards.create({ boardId: board.id, title: 'kept' })
    const query = db.cards.query({ where: { boardId: board.id, votes: { lt: 10 } }, include: { board: true, labels: true } })
    const heard: (typeof query.rows)[] = []
    const stop = query.subscribe((rows) => heard.push(rows))
    expect(heard).toHaveLength(1)
    expect(query.getSnapshot()).toBe(heard[0])

    db.cards.create({ boardId: uuidOf(77), title: 'elsewhere' })
    db.labels.create({ name: 'of no card' })
    expect(heard).toHaveLength(1)
    expect(query.rows).toBe(heard[0])

    const { row: more } = db.cards.create({ boardId: board.id, title: 'more' })
    expect(heard).toHaveLength(2)
    expect(heard[1]?.find(({ id }) => id === kept.id)).toBe(heard[0]?.[0])

    db.cards.update(more.id, { votes: { add: 50 } })
    expect(heard).toHaveLength(3)
    expect(heard[2]).toEqual(heard[0])

    db.boards.update(board.id, { title: 'renamed' })
    expect(heard[3]?.[0]?.board?.title).toBe('renamed')
    const [label] = db.labels.all()
    db.cardLabels.create({ cardId: kept.id, labelId: label?.id ?? '' })
    expect(heard[4]?.[0]?.labels).toEqual([label])
    stop()
    db.cards.delete(kept.id)
    expect(heard).toHaveLength(5)
    expect(query.rows).toEqual([])
  })

  it('[C33] a live query equals a fresh one after every batch', async () => {
    const db = await open()
    const step = fc.record({ op: fc.constantFrom('create', 'vote', 'note', 'delete'), n: fc.nat(7), board: fc.nat(2) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const options = { where: { boardId: uuidOf(1), any: [{ votes: { gte: 1 } }, { note: null }] }, orderBy: { votes: 'desc', title: 'asc' }, limit: 3 } as const
        const live = db.cards.query(options)
        const grouped = db.cards.query({ where: { boardId: uuidOf(1) } })
        let last: readonly Card[] = []
        const stop = live.subscribe((rows) => void (last = rows))
        for (const { op, n, board } of steps) {
          const id = uuidOf(0x100 + n)
          const row = db.cards.get(id)
          if (op === 'create' && row === undefined) db.cards.create({ id, boardId: uuidOf(board), title: `t${n}` })
          if (op === 'vote' && row !== undefined) db.cards.update(id, { votes: { add: board - 1 } })
          if (op === 'note' && row !== undefined) db.cards.update(id, { note: board === 0 ? null : `n${board}` })
          if (op === 'delete' && row !== undefined) db.cards.delete(id)
          expect(last).toEqual(db.cards.query(options).rows)
          expect(grouped.rows).toEqual(db.cards.all().filter(({ boardId }) => boardId === uuidOf(1)).sort((a, b) => (a.id < b.id ? -1 : 1)))
          const votes = db.cards.ofBoard(uuidOf(1)).map((card) => card.votes)
          expect(votes).toEqual([...votes].sort((a, b) => a - b))
        }
        stop()
        for (const { id } of db.cards.all()) db.cards.delete(id)
      }),
      { numRuns: 60 },
    )
  })
})
