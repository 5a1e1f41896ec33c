import { expect, it } from 'vitest'
import { DeltaText } from './delta-text.js'

const row = (id: string) => ({ id, text: JSON.stringify([7, id, 'title']) })

it('[V2] a row of two scopes stands once in a delta, with a claim for each; then the delta is empty', () => {
  const delta = new DeltaText()
  delta.reset(1, 'Task')
  delta.add(1, 'Task', row('a'))
  delta.add(2, 'Task', row('a'))
  delta.remove(2, 'Label', 'b', 'out')
  delta.remove(2, 'Label', 'c', 'deleted')
  expect([delta.count, delta.isEmpty]).toEqual([4, false])
  expect(JSON.parse(delta.take())).toEqual({
    rows: { Task: [[7, 'a', 'title']] },
    claims: [
      { scope: 1, model: 'Task', reset: true, add: ['a'], out: [], deleted: [] },
      { scope: 2, model: 'Task', add: ['a'], out: [], deleted: [] },
      { scope: 2, model: 'Label', add: [], out: ['b'], deleted: ['c'] },
    ],
  })
  expect([delta.count, delta.bytes, delta.isEmpty]).toEqual([0, 0, true])
  expect(JSON.parse(delta.take())).toEqual({ rows: {}, claims: [] })
})
