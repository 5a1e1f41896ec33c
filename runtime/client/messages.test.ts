import { describe, expect, it } from 'vitest'
import { type Wire, TestWorld, boardRow, bringIntoStep, claim, eventually, nothing, position, uuidOf } from '../../tests/client/world.js'
import { type Cell, covers, faultsOf, product, tableOf } from '../../tests/laws/table.js'
import type { Delta, Outcome } from '../protocol/index.js'

const columns = {
  base: ['absent', 'one scope', 'two scopes'],
  pending: ['none', 'create', 'edit', 'delete'],
  message: ['page', 'changed', 'out', 'deleted', 'applied', 'done', 'rejected', 'cut'],
} as const
type State = Cell<typeof columns>

const table = tableOf(columns)
const cells: readonly State[] = product(columns)
const id = uuidOf(1)

/** What is seen of a board after a message, by its title. */
const seenAfter = async ({ base, pending, message }: State): Promise<string> => {
  const isThere = base !== 'absent'
  if ((pending === 'create' && isThere) || (['edit', 'delete'].includes(pending) && !isThere)) return 'impossible'
  if (pending === 'none' && ['applied', 'done', 'rejected'].includes(message)) return 'impossible'
  const world = new TestWorld()
  const db = await world.open({ open: ['home'] })
  db.openScope('board', { boardId: id })
  const wire = await world.wire()
  await wire.awaits('hello')
  const scopes = base === 'two scopes' ? [1, 2] : base === 'one scope' ? [1] : []
  const held: Delta = { rows: isThere ? { Board: [boardRow(5, 1, 'base')] } : {}, claims: scopes.map((scope) => claim(scope, 'Board', { add: [1] })) }
  await bringIntoStep(wire, 10, [held])
  await eventually(() => expect(db.position).toBe(position(10)))
  if (pending === 'create') db.boards.create({ id, title: 'mine' })
  if (pending === 'edit') db.boards.update(id, { title: 'mine' })
  if (pending === 'delete') db.boards.delete(id)
  if (pending !== 'none') await wire.awaits('push')
  tell(wire, pending, message)
  if (message === 'cut') await eventually(() => expect(db.status.get().connection).not.toBe('online'))
  else await eventually(() => expect(db.position).toBe(position(12)))
  const seen = db.boards.get(id)?.title ?? 'nothing'
  await db.close()
  return seen
}

const tell = (wire: Wire, pending: State['pending'], message: State['message']): void => {
  const theirs: Delta = { rows: { Board: [boardRow(6, 1, 'theirs')] }, claims: [claim(1, 'Board', { add: [1] })] }
  const pushed = (outcome: Outcome): void => wire.send({ kind: 'pushed', results: [{ seq: 1, outcome, rows: {} }] })
  const changed = (from: number, delta: Delta, done = 0): void =>
    wire.send({ kind: 'changed', from: position(from), to: position(from + 1), done, delta })
  switch (message) {
    case 'cut':
      return wire.cut()
    case 'page':
      wire.send({ kind: 'page', attempt: 2 ** 40, delta: theirs })
      changed(10, nothing)
      return changed(11, nothing)
    case 'changed':
      changed(10, theirs)
      return changed(11, nothing)
    case 'out':
    case 'deleted':
      changed(10, { rows: {}, claims: [claim(1, 'Board', { [message]: [1] })] })
      return changed(11, nothing)
    case 'applied':
      pushed({ kind: 'applied' })
      changed(10, nothing)
      return changed(11, nothing)
    case 'done':
      pushed({ kind: 'applied' })
      changed(10, pending === 'delete'
        ? { rows: {}, claims: [claim(1, 'Board', { deleted: [1] })] }
        : { rows: { Board: [boardRow(6, 1, 'merged')] }, claims: [claim(1, 'Board', { add: [1] })] }, 1)
      return changed(11, nothing, 1)
    case 'rejected':
      pushed({ kind: 'rejected', code: 'forbidden', model: 'Board', id, fields: [] })
      changed(10, nothing, 1)
      return changed(11, nothing, 1)
  }
}

describe('what a device shows of a row after a message', () => {
  it('[C101] stands in the table for every state and message', () => {
    expect(faultsOf(table, columns, cells)).toEqual([])
  })

  it.each(table.map((line) => [line.law, line.outcome, line] as const))('[%s] shows: %s', async (_, outcome, line) => {
    for (const cell of cells.filter((each) => covers(line, each))) expect(await seenAfter(cell), JSON.stringify(cell)).toBe(outcome)
  })
})
