/** Hooks that hang, come late, or fail over the network: nothing waits for them for ever, and nothing runs where it should not. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { TrackerServerOptions } from '../../generated-example/server/index.js'
import { newTask, openTracker, type Tracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

type TaskHook = NonNullable<NonNullable<NonNullable<TrackerServerOptions['hooks']>['tasks']>['beforeWrite']>
type Tx = Parameters<TaskHook>[0]['tx']

let tracker: Tracker
/** What becomes of a task called `special`; the number says how often it was asked before. */
let special: (tx: Tx, calls: number) => unknown
let calls = 0
beforeAll(async () => {
  tracker = await openTracker({
    hooks: {
      tasks: {
        beforeWrite: async ({ after, tx }) => {
          if (after?.title === 'special') await special(tx, (calls += 1) - 1)
        },
      },
    },
    limits: { doubtFor: 0, hookWithin: 300 },
  })
})
afterAll(() => tracker?.stop())
beforeEach(async () => {
  calls = 0
  await tracker.sql('delete from tasks')
})

const generous = { timeout: 60_000 }

/** Pushes three tasks, the second of them special, on as many connections as it takes. */
const pushThree = async (): Promise<{ readonly connections: number; readonly outcomes: readonly unknown[]; readonly bob: WireDevice }> => {
  const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
  const all = ['before', 'special', 'behind'].map((title) => bob.mutation([newTask(tracker.project, { title })]))
  const outcomes = new Map<number, unknown>()
  for (let connections = 1; ; connections += 1) {
    bob.send({ kind: 'push', mutations: all.filter(({ seq }) => !outcomes.has(seq)) })
    for (;;) {
      const answer = await bob.next('pushed', 'refused')
      if (answer.kind === 'refused') break
      for (const { seq, outcome } of answer.results) outcomes.set(seq, outcome)
      if (outcomes.size === all.length) return { connections, outcomes: all.map(({ seq }) => outcomes.get(seq)), bob }
    }
    await bob.cut()
    await bob.connect(tracker.url)
  }
}

/** Connections that it takes, and calls of the hook: the first failure only ends the part of the push that goes before it. */
const fiveTries = [5, 6]

const applied = { kind: 'applied' }
const titles = async () => (await tracker.sql('select title from tasks order by title')).map(({ title }) => title)

/** Transactions that wait for us; one who looks at the log is among them now and then. */
const idle = async (): Promise<readonly unknown[]> =>
  tracker.sql(`select pid from pg_stat_activity where application_name = 'syncgen' and datname = current_database() and state like 'idle in%'`)

it('[V102] one that never ends is tried five times; then its mutation is rejected, and its connection is free', generous, async () => {
  special = () => new Promise(() => undefined)
  const { connections, outcomes, bob } = await pushThree()
  expect([connections, calls]).toEqual(fiveTries)
  expect(outcomes).toMatchObject([applied, { kind: 'rejected', code: 'failed', model: 'Task', fields: [] }, applied])
  expect(await titles()).toEqual(['before', 'behind'])
  await expect.poll(idle).toEqual([])
  expect((await bob.push(newTask(tracker.project, { title: 'later' }))).outcome).toEqual(applied)
})

it('[V102] one that takes its time and comes through on a later try is applied, once', generous, async () => {
  special = (tx, before) => (before < 2 ? new Promise(() => undefined) : tx.sql('select 1'))
  const { outcomes } = await pushThree()
  expect([outcomes, calls]).toEqual([[applied, applied, applied], 3])
  expect(await titles()).toEqual(['before', 'behind', 'special'])
})

const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Two ways to a server that is not there. */
const asking = {
  fetch: async () => fetch(`http://127.0.0.1:${await closedPort()}/`),
  'a socket': async () => once(connect(await closedPort(), '127.0.0.1'), 'connect'),
}

it.each(Object.keys(asking) as (keyof typeof asking)[])('[V102] what %s cannot reach is no failure of the database: five tries, then `failed`', generous, async (how) => {
  special = () => asking[how]()
  const { connections, outcomes } = await pushThree()
  expect([connections, calls]).toEqual(fiveTries)
  expect(outcomes).toMatchObject([applied, { kind: 'rejected', code: 'failed', model: 'Task', fields: [] }, applied])
  expect(await titles()).toEqual(['before', 'behind'])
})

it('[V102] nor is it if a statement of the hook had failed before', generous, async () => {
  special = async (tx) => {
    await tx.sql('select 1/0').catch(() => undefined)
    await asking.fetch()
  }
  const { outcomes } = await pushThree()
  expect(outcomes).toMatchObject([applied, { kind: 'rejected', code: 'failed' }, applied])
})

it.each(['what the hook asks of it', 'what the hook asks elsewhere'])('[V102] where our connection died, the next try is applied, whatever failed: %s', generous, async (what) => {
  special = async (tx, before) => {
    if (before >= 6) return
    const [{ pid } = {}] = await tx.sql('select pg_backend_pid() as pid')
    await tracker.sql('select pg_terminate_backend($1, 10000)', [pid])
    await (what === 'what the hook asks of it' ? tx.sql('select 1') : asking.fetch())
  }
  const { outcomes } = await pushThree()
  expect(outcomes).toEqual([applied, applied, applied])
  expect(calls).toBe(7)
  expect(await titles()).toEqual(['before', 'behind', 'special'])
})

it('[V103] what comes late finds its transaction closed, whether its time had passed or it had ended', generous, async () => {
  let open = (): void => undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const late: Promise<unknown>[] = []
  const heard = (asked: () => Promise<unknown>): Promise<unknown> => gate.then(asked).then(() => 'it ran', (error: { code?: string }) => error.code)
  special = (tx, before) => {
    late.push(
      heard(() => tx.labels.create({ projectId: tracker.project, name: 'too late' })),
      heard(() => tx.tasks.get(tracker.project)),
      heard(() => tx.sql(`insert into labels (project_id, name) values ($1, 'too late')`, [tracker.project])),
    )
    return before < 4 ? gate : undefined
  }
  // Four that hang, one that ends.
  const { outcomes } = await pushThree()
  expect(outcomes).toEqual([applied, applied, applied])
  open()
  expect(await Promise.all(late)).toEqual(Array.from({ length: 15 }, () => 'closed'))
  expect(await tracker.sql(`select 1 from labels where name = 'too late'`)).toEqual([])
})

it('[V103] so does what sync.transaction was given', async () => {
  const kept: Tx[] = []
  await tracker.server.transaction(async (tx) => void kept.push(tx))
  await expect(kept[0]?.sql('select 1')).rejects.toMatchObject({ code: 'closed' })
})
