import { beforeAll, expect, it } from 'vitest'
import { cardLabelDescriptor } from '../../tests/client/schema.js'
import { boardRow, bringIntoStep, cardRow, claim, eventually, TestWorld, uuidOf } from '../../tests/client/world.js'
import type { PushResult } from '../protocol/messages.js'

beforeAll(() => {
  Object.assign(cardLabelDescriptor, { pair: ['cardId', 'labelId'] })
})

const [mine, stored] = [uuidOf(50), uuidOf(40)]
const pair = { cardId: uuidOf(10), labelId: uuidOf(20) }

it('[C160] a link gives way to none that is out of sight: the pair stays linked, and can be linked again', async () => {
  const world = new TestWorld()
  const db = await world.open()
  db.openScope('board', { boardId: uuidOf(1) })
  const other = db.openScope('board', { boardId: uuidOf(2) })
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [
    {
      rows: { Board: [boardRow(1, 1)], Card: [cardRow(2, 10)], CardLabel: [[3, stored, pair.cardId, pair.labelId]] },
      claims: [claim(1, 'Board', { add: [1] }), claim(1, 'Card', { add: [10] }), claim(2, 'CardLabel', { add: [40] })],
    },
  ])
  await eventually(() => expect(db.cardLabels.get(stored)).toBeDefined())
  other.close()
  expect(db.cardLabels.all()).toEqual([])
  const made = db.cardLabels.create({ id: mine, ...pair })
  await wire.awaits('push')
  const links = [{ model: 'CardLabel', id: mine, into: stored }]
  wire.send({ kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'merged', lost: [], links }, rows: {} } satisfies PushResult] })
  expect(await made.confirmed).toMatchObject({ kind: 'merged' })
  expect(db.cardLabels.all().map(({ id }) => id)).toEqual([mine])
  // As long as the stored link has not come, this one stands for the pair.
  expect(db.cardLabels.create({ id: uuidOf(51), ...pair }).row).toMatchObject({ id: mine })
  expect(db.cardLabels.all().map(({ id }) => id)).toEqual([mine])
})
