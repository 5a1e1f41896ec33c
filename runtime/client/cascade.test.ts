import { describe, expect, it } from 'vitest'
import { boardDescriptor, cardDescriptor, cardLabelDescriptor, labelDescriptor, schema, type Trial } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, position, TestWorld, uuidOf, type Wire } from '../../tests/client/world.js'
import type { ModelDescriptor, RelationDescriptor, SchemaDescriptor } from '../protocol/descriptor.js'
import type { VersionedRow } from '../protocol/messages.js'

type OnDelete = Extract<RelationDescriptor, { readonly kind: 'one' }>['onDelete']

/** The trial schema, where `boardId` and `note` (the id of another card, or null) do this when what they lead to is deleted. */
const schemaWith = (ofBoard: OnDelete, ofNote: OnDelete): SchemaDescriptor => {
  const one = (model: string, field: string, onDelete: OnDelete): RelationDescriptor => ({ kind: 'one', model, field, ...(onDelete === undefined ? {} : { onDelete }) })
  const changed = <Row extends { readonly id: string }>(model: ModelDescriptor<Row>, relations: ModelDescriptor['relations']): ModelDescriptor =>
    ({ ...model, relations: { ...model.relations, ...relations } }) as unknown as ModelDescriptor
  return {
    ...schema,
    models: {
      Board: boardDescriptor as unknown as ModelDescriptor,
      Card: changed(cardDescriptor, { board: one('Board', 'boardId', ofBoard), parent: one('Card', 'note', ofNote) }),
      Label: labelDescriptor as unknown as ModelDescriptor,
      CardLabel: changed(cardLabelDescriptor, { card: one('Card', 'cardId', 'cascade'), label: one('Label', 'labelId', 'restrict') }),
    },
  }
}

const opened = async (as: SchemaDescriptor, cards: readonly VersionedRow[]): Promise<{ readonly db: Trial; readonly wire: Wire }> => {
  const world = new TestWorld()
  const db = await world.open({}, as)
  db.openScope('board', { boardId: uuidOf(1) })
  const wire = await world.wire()
  const ids = cards.map((row) => Number.parseInt(String(row[1]).slice(-12), 16))
  const claims = [claim(1, 'Board', { add: [1, 2] }), claim(1, 'Card', { add: ids })]
  await bringIntoStep(wire, 5, [{ rows: { Board: [boardRow(1, 1), boardRow(1, 2)], Card: cards }, claims }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { db, wire }
}

const numbers = (db: Trial): readonly number[] => db.cards.all().map(({ id }) => Number.parseInt(id.slice(-12), 16)).sort((left, right) => left - right)
const under = (n: number, parent: number, board = 1): VersionedRow => cardRow(2, n, { board, note: uuidOf(parent) })
const reject = async (wire: Wire, seq: number): Promise<void> => {
  await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations).some((each) => each.seq === seq)).toBe(true))
  wire.send({ kind: 'pushed', results: [{ seq, outcome: { kind: 'rejected', code: 'forbidden', model: null, id: null, fields: [] }, rows: {} }] })
}

describe('a local delete', () => {
  it('[C62] takes along what refers to it, over several levels and in circles, in one flush, and brings it back', async () => {
    const { db, wire } = await opened(schemaWith('cascade', 'cascade'), [under(10, 12), under(11, 10), under(12, 11), under(13, 12), cardRow(2, 20)])
    const flushes: (readonly number[])[] = []
    db.cards.query().subscribe(() => flushes.push(numbers(db)))
    db.cards.delete(uuidOf(11))
    expect(numbers(db)).toEqual([20])
    await reject(wire, 1)
    await eventually(() => expect(numbers(db)).toEqual([10, 11, 12, 13, 20]))
    expect(flushes.slice(-2)).toEqual([[20], [10, 11, 12, 13, 20]])
    expect(db.cards.get(uuidOf(11))?.note).toBe(uuidOf(10))
  })

  it('[C62] of the root of two levels and of one in a circle: the second stays away when the first is undone', async () => {
    const { db, wire } = await opened(schemaWith('cascade', 'cascade'), [under(10, 12), under(11, 10), under(12, 11)])
    db.boards.delete(uuidOf(1))
    expect(numbers(db)).toEqual([])
    await reject(wire, 1)
    await eventually(() => expect(numbers(db)).toEqual([10, 11, 12]))
  })

  it('[C64] nulls the references that say so, and gives them back', async () => {
    const { db, wire } = await opened(schemaWith(undefined, 'setNull'), [cardRow(2, 10), under(11, 10), under(12, 11)])
    db.cards.delete(uuidOf(10))
    expect([db.cards.get(uuidOf(11))?.note, db.cards.get(uuidOf(12))?.note]).toEqual([null, uuidOf(11)])
    // Written meanwhile, what is nulled is what the author saw.
    db.cards.update(uuidOf(11), { title: 'changed' })
    await reject(wire, 1)
    await eventually(() => expect(db.cards.get(uuidOf(11))).toMatchObject({ note: uuidOf(10), title: 'changed' }))
  })

  it('[C65] is refused by name where a row in the cache says that it stays, and not where that row goes along', async () => {
    const { db } = await opened(schemaWith('cascade', 'restrict'), [cardRow(2, 10), under(11, 10), under(12, 11, 2)])
    expect(() => db.cards.delete(uuidOf(10))).toThrow(expect.objectContaining({ code: 'still-referenced', details: { model: 'Card', field: 'note', id: uuidOf(11) } }))
    // Board 1 takes 10 and 11 along; 12, on board 2, holds 11.
    expect(() => db.boards.delete(uuidOf(1))).toThrow(expect.objectContaining({ code: 'still-referenced' }))
    expect([numbers(db), db.pending()]).toEqual([[10, 11, 12], []])
    db.cards.delete(uuidOf(12))
    db.boards.delete(uuidOf(1))
    expect(numbers(db)).toEqual([])
  })

  it('[C65] where references may wait for the end of the transaction, its end counts', async () => {
    const { db } = await opened(schemaWith('noAction', undefined), [cardRow(2, 10)])
    expect(() => db.boards.delete(uuidOf(1))).toThrow(expect.objectContaining({ code: 'still-referenced' }))
    db.transaction((tx) => {
      tx.boards.delete(uuidOf(1))
      tx.cards.delete(uuidOf(10))
    })
    expect([db.boards.size, db.cards.size]).toEqual([1, 0])
  })

  it('[C66] takes along what arrives under it, what was made under it before, and nothing that is made under its successor', async () => {
    const { db, wire } = await opened(schemaWith('cascade', undefined), [cardRow(2, 10)])
    db.cards.create({ id: uuidOf(30), boardId: uuidOf(1), title: 'before' })
    db.boards.delete(uuidOf(1))
    wire.send({ kind: 'changed', from: position(5), to: position(6), done: 0, delta: { rows: { Card: [cardRow(3, 11)] }, claims: [claim(1, 'Card', { add: [11] })] } })
    await eventually(() => expect(db.position).toBe(position(6)))
    expect(numbers(db)).toEqual([])
    db.boards.create({ id: uuidOf(1), title: 'again' })
    db.cards.create({ id: uuidOf(31), boardId: uuidOf(1), title: 'after' })
    expect(numbers(db)).toEqual([31])
    await reject(wire, 2)
    await eventually(() => expect(numbers(db)).toEqual([10, 11, 30, 31]))
  })

  it('[C66] is seen by its own transaction as a whole, which throws as a whole', async () => {
    const { db } = await opened(schemaWith('cascade', undefined), [cardRow(2, 10)])
    expect(() =>
      db.transaction((tx) => {
        tx.boards.delete(uuidOf(1))
        tx.cards.update(uuidOf(10), { title: 'gone already' })
      }),
    ).toThrow('not in the cache')
    expect(numbers(db)).toEqual([10])
  })
})
