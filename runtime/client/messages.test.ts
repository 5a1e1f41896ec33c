import { describe, expect, it } from 'vitest'
import { type Wire, TestWorld, boardRow, bringIntoStep, claim, eventually, nothing, position, uuidOf, welcome } from '../../tests/client/world.js'
import { type Cell, covers, faultsOf, product, tableOf } from '../../tests/laws/table.js'
import type { Delta, Outcome, ServerMessage } from '../protocol/index.js'
import type { Trial } from '../../tests/client/schema.js'

/** Every kind of frame that a server sends, as the table has it: what it may say of a row is told apart. */
const frames = {
  page: ['page', 'paged'],
  changed: ['changed', 'elsewhere', 'out', 'deleted'],
  pushed: ['applied', 'done', 'rejected', 'second rejected'],
  synced: ['synced'],
  wanted: ['wanted'],
  welcome: ['welcome'],
  refused: ['refused'],
  closing: ['closing'],
  authenticated: ['authenticated'],
  pong: ['pong'],
} as const satisfies Record<ServerMessage['kind'], readonly string[]>

const columns = {
  base: ['absent', 'closed scope', 'one scope', 'two scopes'],
  staged: ['no', 'yes'],
  pending: ['none', 'create', 'edit', 'delete', 'create+edit', 'edit+edit', 'edit+delete'],
  message: [...Object.values(frames).flat(), 'cut'],
} as const
type State = Cell<typeof columns>

const table = tableOf(columns)
const cells: readonly State[] = product(columns)
const id = uuidOf(1)

/** Frames that do not belong there, or say goodbye. */
const ending: readonly State['message'][] = ['synced', 'wanted', 'welcome', 'refused', 'closing', 'cut']

const isPossible = ({ base, pending, message }: State): boolean => {
  if (pending.startsWith('create') ? base !== 'absent' : pending !== 'none' && base === 'absent') return false
  if (pending === 'none' && ['applied', 'done', 'rejected'].includes(message)) return false
  return message !== 'second rejected' || pending.includes('+')
}

/** What is seen of a board after a message, by its title. */
const seenAfter = async (state: State): Promise<string> => {
  if (!isPossible(state)) return 'impossible'
  const { base, staged, pending, message } = state
  const world = new TestWorld()
  const db = await world.open({ open: ['home'] })
  const board = db.openScope('board', { boardId: id })
  const wire = await world.wire()
  await wire.awaits('hello')
  const scopes = { absent: [], 'closed scope': [2], 'one scope': [1], 'two scopes': [1, 2] }[base]
  const held: Delta = {
    rows: base === 'absent' ? {} : { Board: [boardRow(5, 1, 'base')] },
    claims: scopes.map((scope) => claim(scope, 'Board', { add: [1] })),
  }
  await bringIntoStep(wire, 10, [held])
  await eventually(() => expect(db.position).toBe(position(10)))
  const count = write(db, pending)
  await eventually(() => expect(wire.of('push').flatMap(({ mutations }) => mutations)).toHaveLength(count))
  if (base === 'closed scope') {
    board.close()
    await wire.awaits('close')
  }
  if (staged === 'yes') wire.send({ kind: 'page', attempt: 2 ** 40 + 1, delta: rowOf('staged') })
  tell(wire, pending, message)
  if (ending.includes(message)) await eventually(() => expect(db.status.get().connection).not.toBe('online'))
  else await eventually(() => expect([db.position, db.status.get().connection]).toEqual([position(12), 'online']))
  const seen = db.boards.get(id)?.title ?? 'nothing'
  await db.close()
  return seen
}

/** The device's own transactions on the row; returns how many. */
const write = (db: Trial, pending: State['pending']): number => {
  const ops = pending === 'none' ? [] : pending.split('+')
  for (const [at, op] of ops.entries()) {
    const title = at === ops.length - 1 ? 'mine' : 'mine before'
    if (op === 'create') db.boards.create({ id, title })
    if (op === 'edit') db.boards.update(id, { title })
    if (op === 'delete') db.boards.delete(id)
  }
  return ops.length
}

const rowOf = (title: string, scope = 1): Delta => ({
  rows: { Board: [boardRow(6, 1, title)] },
  claims: [claim(scope, 'Board', { add: [1] })],
})

/** The message; and then, where the connection stands, what brings the device to position 12. */
const tell = (wire: Wire, pending: State['pending'], message: State['message']): void => {
  const rejected: Outcome = { kind: 'rejected', code: 'forbidden', model: 'Board', id, fields: [] }
  const pushed = (...outcomes: readonly Outcome[]): void =>
    wire.send({ kind: 'pushed', results: outcomes.map((outcome, at) => ({ seq: at + 1, outcome, rows: {} })) })
  const changed = (delta: Delta = nothing, done = 0, attempt?: number): void => {
    wire.send({ kind: 'changed', from: position(10), to: position(11), done, delta, ...(attempt === undefined ? {} : { attempt }) })
    wire.send({ kind: 'changed', from: position(11), to: position(12), done, delta: nothing })
  }
  switch (message) {
    case 'cut':
      return wire.cut()
    case 'page':
      wire.send({ kind: 'page', attempt: 2 ** 40, delta: rowOf('theirs') })
      return changed()
    case 'paged':
      wire.send({ kind: 'page', attempt: 2 ** 40, delta: rowOf('theirs') })
      return changed(nothing, 0, 2 ** 40)
    case 'changed':
      return changed(rowOf('theirs'))
    case 'elsewhere':
      return changed(rowOf('theirs', 2))
    case 'out':
    case 'deleted':
      return changed({ rows: {}, claims: [claim(1, 'Board', { [message]: [1] })] })
    case 'applied':
      pushed({ kind: 'applied' })
      return changed()
    case 'done':
      pushed({ kind: 'applied' })
      return changed(pending === 'delete' ? { rows: {}, claims: [claim(1, 'Board', { deleted: [1] })] } : rowOf('merged'), 1)
    case 'rejected':
      pushed(rejected)
      return changed(nothing, 1)
    case 'second rejected':
      pushed({ kind: 'applied' }, rejected)
      return changed()
    case 'synced':
      return wire.send({ kind: 'synced', attempt: 7, from: position(10), position: position(11), done: 0, scopes: [] })
    case 'wanted':
      return wire.send({ kind: 'wanted', attempt: 7, lines: [{ scope: 1, model: 'Board', want: 'summary' }] })
    case 'welcome':
      return wire.send(welcome(0))
    case 'refused':
      return wire.send({ kind: 'refused', code: 'internal' })
    case 'closing':
      return wire.send({ kind: 'closing', retryAfter: 1_000 })
    case 'authenticated':
      wire.send({ kind: 'authenticated' })
      return changed()
    case 'pong':
      wire.send({ kind: 'pong', at: 0, now: 2_000_000 })
      return changed()
  }
}

describe('what a device shows of a row after a message', () => {
  it('[C101] stands in the table for every state and message', () => {
    expect(cells).toHaveLength(1_008)
    expect(faultsOf(table, columns, cells)).toEqual([])
  })

  it.each(table.map((line) => [line.law, line.outcome, line] as const))('[%s] shows: %s', async (_, outcome, line) => {
    for (const cell of cells.filter((each) => covers(line, each))) expect(await seenAfter(cell), JSON.stringify(cell)).toBe(outcome)
  })
})
