import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tracker, newTask, openTracker } from './tracker-node.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

describe('a connected device', () => {
  it('[V1] gets its scopes in one snapshot, then what others commit, by SQL or by push', async () => {
    const first = await tracker.task('one')
    const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
    expect(bob.row('Task', first)).toMatchObject({ title: 'one', votes: 0, state: 'todo' })
    expect(bob.held('Project')).toEqual([tracker.project])
    const second = await tracker.task('two')
    await bob.until('the second task', () => bob.held('Task').includes(second))
    const ada = await tracker.online(tracker.ada, ['home'])
    const op = newTask(tracker.project, { title: 'three' })
    const result = await ada.push(op)
    expect(result.outcome).toEqual({ kind: 'applied' })
    expect(result.rows['Task']?.[0]?.[1]).toBe(op.id)
    await bob.until('the third task', () => bob.row('Task', op.id)?.['title'] === 'three')
    await ada.until('its confirmation', () => ada.done === 1)
  })
})
