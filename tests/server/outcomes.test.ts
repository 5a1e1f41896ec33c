/** What was decided under an earlier version of the schema, told by a server of the current one. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Transition } from '../../runtime/protocol/transition.js'
import { recorded } from '../../runtime/server/outcomes.js'
import { Connection } from '../../runtime/server/transaction.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

const id = '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e'
const held = { id: { type: 'uuid' }, projectId: { type: 'uuid' }, title: { type: 'text' }, position: { type: 'text' } } as const
const after = { id: held.id, projectId: held.projectId, name: held.title, place: held.position } as const

describe('what was decided', () => {
  it('[E91] by a node of the version before is told again in the names of today', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const mutation = bob.mutation([{ ...newTask(tracker.project), values: { title: 'of no project' } }])
    const { outcome } = await bob.pushAs(mutation)
    expect(outcome).toMatchObject({ kind: 'rejected', model: 'Task' })
    const [row] = await tracker.sql(`select outcome ->> 'schema' as schema from syncgen.outcomes where client = $1`, [bob.client])
    const next: Transition = {
      from: String(row?.['schema']),
      to: 'next',
      models: { Task: { name: 'Job', before: held, after, fields: { name: { was: 'title' }, place: { was: 'position' } }, isExact: true } },
      newModels: [],
      scopes: {},
      newScopes: [],
    }
    const told = async (seq: number): Promise<unknown> => {
      const client = new pg.Client({ connectionString: tracker.database })
      await client.connect()
      return recorded(new Connection(client), { hash: 'next', transitions: [next] }, bob.client, { ...mutation, seq }, []).finally(() => client.end())
    }
    expect(await told(1)).toEqual({ ...outcome, model: 'Job', fields: ['projectId', 'place'] })
    const before = { kind: 'merged', lost: [{ model: 'Task', id, field: 'title' }], links: [{ model: 'Task', id, into: id }], run: mutation.run, schema: next.from }
    await tracker.sql(`insert into syncgen.outcomes (client, seq, outcome) values ($1, 2, $2)`, [bob.client, JSON.stringify(before)])
    expect(await told(2)).toEqual({ kind: 'merged', lost: [{ model: 'Job', id, field: 'name' }], links: [{ model: 'Job', id, into: id }] })
  })

  it('[E91] by a node that did not say under which version is told as it was recorded', async () => {
    const ada = await tracker.online(tracker.ada, ['home'])
    const mutation = ada.mutation([newTask(tracker.project)])
    await ada.pushAs(mutation)
    await tracker.sql(`update syncgen.outcomes set outcome = $2 where client = $1`, [ada.client, JSON.stringify({ kind: 'merged', lost: [], run: mutation.run })])
    expect((await ada.pushAs(mutation)).outcome).toEqual({ kind: 'merged', lost: [] })
  })
})
