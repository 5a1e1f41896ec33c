import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Op } from '../../runtime/protocol/index.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

/** Names that are text but not NUL, half a surrogate pair or a prototype: those do not get past the reader of frames. */
const asName = (text: string): string => text.replaceAll(/[\0\ud800]|__proto__/g, '') || 'name'

const pieces = [
  `'`,
  `''`,
  `"`,
  '\\',
  '$1',
  '$$',
  ';',
  '--',
  '/*',
  '*/',
  '%',
  '_',
  '\u0000',
  '\ud800',
  '\u2028',
  '😀',
  '{',
  '}',
  '{}',
  ',',
  'null',
  'NULL',
  '__proto__',
  'constructor',
  ') or true',
  '\n',
  '::text',
  `E'\\x41'`,
  '..',
  '\t',
]

/** A seeded generator (xorshift). */
const random = (seed: number) => (below: number) => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}

it('[V78] text is data wherever it stands: stored as it is, or refused; nothing of it is run (seed 4711)', async () => {
  const next = random(4711)
  const text = (): string => Array.from({ length: 1 + next(5) }, () => pieces[next(pieces.length)] ?? '').join('')
  const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
  const before = await tracker.sql('select count(*)::int as n from users')
  let kept = 0
  for (let round = 0; round < 150; round += 1) {
    const [title, id] = [text(), randomUUID()]
    const ops: readonly Op[] = [
      newTask(tracker.project, { title, position: text() }, id),
      {
        op: 'update',
        model: 'Task',
        id,
        version: 0,
        set: { [next(2) === 0 ? 'title' : asName(text())]: { seen: title, value: text() } },
      },
      { op: 'delete', model: next(9) === 0 ? asName(text()) : 'Task', id: randomUUID(), version: 0 },
    ]
    const { outcome } = await bob.push(ops[0] as Op)
    const [row] = await tracker.sql('select title from tasks where id = $1', [id])
    expect(outcome).toMatchObject(
      /[\0\ud800]/.test(title + String(row)) || row === undefined ? { kind: 'rejected', code: 'invalid' } : { kind: 'applied' },
    )
    if (row !== undefined) {
      expect(row['title']).toBe(title)
      kept += 1
    }
    const rest = await bob.push(...ops.slice(1))
    expect(['applied', 'merged', 'invalid', 'deleted']).toContain(
      rest.outcome.kind === 'rejected' ? rest.outcome.code : rest.outcome.kind,
    )
  }
  expect(kept).toBeGreaterThan(50)
  expect(await tracker.sql('select count(*)::int as n from users')).toEqual(before)
  expect(tracker.log.filter((line) => line.startsWith('error'))).toEqual([])
})
