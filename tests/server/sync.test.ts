import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tracker, newTask, openTracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

const board = () => ['board', { projectId: tracker.project }] as const

const kinds = (device: WireDevice): readonly string[] => device.frames.map(({ kind }) => kind)

const tasksOnBoard = async (): Promise<readonly string[]> =>
  (await tracker.sql('select id from tasks where project_id = $1 order by id', [tracker.project])).map(({ id }) => String(id))

describe('a connected device', () => {
  it('[V1] gets its scopes in one snapshot, then what others commit, by SQL or by push', async () => {
    const first = await tracker.task('one')
    const bob = await tracker.online(tracker.bob, board())
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

  it('[V2] sees a transaction whole: both scopes, one batch', async () => {
    const bob = await tracker.online(tracker.bob, board(), ['home'])
    const id = randomUUID()
    await tracker.server.transaction(async (tx) => {
      await tx.tasks.create({ id, projectId: tracker.project, title: 'both', position: 'a', assigneeId: tracker.bob })
      await tx.projects.update(tracker.project, { title: 'Rocket II' })
    })
    await bob.until('the task', () => bob.held('Task').includes(id))
    const batch = bob.frames.find((frame) => frame.kind === 'changed' && frame.delta.rows['Task'] !== undefined)
    if (batch?.kind !== 'changed') throw new Error('no batch')
    expect(batch.delta.rows['Task']).toHaveLength(1)
    expect(batch.delta.rows['Project']).toHaveLength(1)
    expect(batch.delta.claims.filter(({ model }) => model === 'Task').map(({ scope, add }) => [scope, add])).toEqual([
      [1, [id]],
      [2, [id]],
    ])
  })

  it('[V3] loses what leaves its scopes, and is told why: out or deleted', async () => {
    const [moved, deleted] = [
      await tracker.task('moved', { assignee_id: tracker.bob }),
      await tracker.task('deleted', { assignee_id: tracker.bob }),
    ]
    const bob = await tracker.online(tracker.bob, ['home'])
    expect(bob.held('Task')).toEqual(expect.arrayContaining([moved, deleted]))
    await tracker.sql('update tasks set assignee_id = null where id = $1', [moved])
    await tracker.sql('delete from tasks where id = $1', [deleted])
    await bob.until('both are gone', () => !bob.held('Task').includes(moved) && !bob.held('Task').includes(deleted))
    const changes = bob.frames.flatMap((frame) => (frame.kind === 'changed' ? frame.delta.claims : []))
    expect(changes.flatMap(({ out }) => out)).toEqual([moved])
    expect(changes.flatMap((change) => change.deleted)).toEqual([deleted])
  })

  it('[V4] gains and loses whole boards when only a membership changes', async () => {
    const task = await tracker.task('behind the gate')
    const eve = await tracker.online(tracker.eve, board())
    expect(eve.held('Task')).toEqual([])
    await tracker.sql(`insert into members (project_id, user_id, role) values ($1, $2, 'viewer')`, [tracker.project, tracker.eve])
    await eve.until('the board', () => eve.held('Task').includes(task))
    expect(eve.held('Task')).toEqual(await tasksOnBoard())
    await tracker.sql('delete from members where project_id = $1 and user_id = $2', [tracker.project, tracker.eve])
    await eve.until('the end of the board', () => eve.held('Task').length === 0 && eve.held('Project').length === 0)
    const sent = eve.frames.length
    await tracker.sql('update tasks set title = $2 where id = $1', [task, 'secret now'])
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(eve.frames.slice(sent).filter((frame) => frame.kind === 'changed' && frame.delta.claims.length > 0)).toEqual([])
  })

  it('[V5] opens a scope later in the same step as everything it has, and closes one', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const task = await tracker.task('mine', { assignee_id: tracker.bob })
    const synced = await bob.sync(board())
    expect(synced.from).not.toBeNull()
    expect(bob.held('Task')).toContain(task)
    bob.send({ kind: 'close', scope: 2 })
    bob.scopes.delete(2)
    const other = await tracker.task('not mine')
    await tracker.sql('update tasks set title = $2 where id = $1', [task, 'still mine'])
    await bob.until('the update', () => bob.row('Task', task)?.['title'] === 'still mine')
    expect(bob.rows.get('Task')?.has(other)).toBe(false)
  })

  it('[V6] is told of a large change in pages that flip with one batch', async () => {
    const bob = await tracker.online(tracker.bob, board())
    const before = bob.held('Task').length
    await tracker.sql(
      `insert into tasks (project_id, title, position) select $1, 'bulk ' || n, 'a' from generate_series(1, 5000) n`,
      [tracker.project],
    )
    await bob.until('all of them', () => bob.held('Task').length === before + 5000)
    const pages = bob.frames.filter((frame) => frame.kind === 'page' && frame.attempt >= 2 ** 40)
    expect(pages.length).toBeGreaterThanOrEqual(5)
    expect(bob.frames.filter((frame) => frame.kind === 'changed' && frame.attempt !== undefined)).toHaveLength(1)
    await tracker.sql(`delete from tasks where title like 'bulk %'`)
    await bob.until('none of them', () => bob.held('Task').length === before)
  })

  it('[V7] begins a line anew after a TRUNCATE', async () => {
    const labels = `insert into labels (project_id, name) values ($1, $2) returning id`
    await tracker.sql(labels, [tracker.project, 'old'])
    const bob = await tracker.online(tracker.bob, board())
    expect(bob.held('Label')).toHaveLength(1)
    await tracker.sql('truncate labels cascade')
    await bob.until('no labels', () => bob.held('Label').length === 0)
    const [row] = await tracker.sql(labels, [tracker.project, 'new'])
    await bob.until('the new label', () => bob.held('Label').includes(String(row?.['id'])))
  })
})

describe('a device that comes back', () => {
  it('[V8] with nothing changed is in step after a few hundred bytes', async () => {
    const bob = await tracker.online(tracker.bob, board(), ['home'])
    await bob.cut()
    await bob.connect(tracker.url)
    const synced = await bob.resync()
    expect(synced.from).toBeNull()
    expect(kinds(bob)).toEqual(['welcome', 'synced'])
    expect(bob.bytes).toBeLessThan(1000)
  })

  it('[V9] gets exactly what changed since its position', async () => {
    const [kept, edited, deleted] = [await tracker.task('kept'), await tracker.task('before'), await tracker.task('deleted')]
    const bob = await tracker.online(tracker.bob, board())
    await bob.cut()
    await tracker.sql('update tasks set title = $2 where id = $1', [edited, 'after'])
    await tracker.sql('delete from tasks where id = $1', [deleted])
    const created = await tracker.task('created')
    await bob.connect(tracker.url)
    await bob.resync()
    expect(kinds(bob)).not.toContain('wanted')
    const sent = bob.frames.flatMap((frame) => (frame.kind === 'page' ? (frame.delta.rows['Task'] ?? []) : []))
    expect(sent.map((row) => row[1]).sort()).toEqual([edited, created].sort())
    expect(bob.row('Task', edited)?.['title']).toBe('after')
    expect(bob.held('Task')).toEqual(await tasksOnBoard())
    expect(bob.held('Task')).toContain(kept)
  })

  it('[V10] misses nothing of a transaction that was open when it left', async () => {
    const late = randomUUID()
    const { default: pg } = await import('pg')
    const writer = new pg.Client({ connectionString: tracker.database })
    await writer.connect()
    await writer.query('begin')
    await writer.query(`insert into tasks (id, project_id, title, position) values ($1, $2, 'late', 'a')`, [
      late,
      tracker.project,
    ])
    const bob = await tracker.online(tracker.bob, board())
    const early = await tracker.task('early')
    await bob.until('the early one', () => bob.held('Task').includes(early))
    expect(bob.held('Task')).not.toContain(late)
    await bob.cut()
    await writer.query('commit')
    await writer.end()
    await bob.connect(tracker.url)
    await bob.resync()
    expect(bob.held('Task')).toContain(late)
  })

  it.for([
    ['garbage', () => 'garbage'],
    ['SQL', () => `'; drop table tasks; --`],
    ['another epoch', (own: string) => `${'0'.repeat(32)}${own.slice(32)}`],
    ['the future', (own: string) => `${own.slice(0, 33)}900000000:900000001:`],
    [
      'something longer than any',
      (own: string) => `${own.slice(0, 33)}5:9000:${Array.from({ length: 3000 }, (_, at) => at + 5).join()}`,
    ],
  ] as const)('[V11] with %s for a position is asked what it holds, and ends in the same state', async ([, forge]) => {
    const bob = await tracker.online(tracker.bob, board())
    const [edited, deleted] = [await tracker.task('v1'), await tracker.task('to go')]
    await bob.until('both', () => bob.held('Task').includes(deleted))
    await bob.cut()
    await tracker.sql('update tasks set title = $2 where id = $1', [edited, 'v2'])
    await tracker.sql('delete from tasks where id = $1', [deleted])
    for (const scope of bob.scopes.values()) scope.position = forge(scope.position ?? '')
    await bob.connect(tracker.url)
    await bob.resync()
    expect(kinds(bob)).toContain('wanted')
    expect(bob.row('Task', edited)?.['title']).toBe('v2')
    expect(bob.held('Task')).toEqual(await tasksOnBoard())
    expect(bob.frames.flatMap((frame) => (frame.kind === 'page' ? (frame.delta.rows['Task'] ?? []) : []))).toHaveLength(1)
  })

  it('[V12] with an older form of the scope is asked, and told what left it and what was deleted', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const [out, deleted] = [
      await tracker.task('out', { assignee_id: tracker.bob }),
      await tracker.task('deleted', { assignee_id: tracker.bob }),
    ]
    await bob.until('both', () => bob.held('Task').includes(deleted) && bob.held('Task').includes(out))
    await bob.cut()
    await tracker.sql(`update tasks set state = 'done' where id = $1`, [out])
    await tracker.sql('delete from tasks where id = $1', [deleted])
    for (const scope of bob.scopes.values()) scope.hash = 'of yesterday'
    await bob.connect(tracker.url)
    await bob.resync()
    expect(kinds(bob)).toContain('wanted')
    const changes = bob.frames.flatMap((frame) => (frame.kind === 'page' ? frame.delta.claims : []))
    expect(changes.flatMap((change) => change.out)).toEqual([out])
    expect(changes.flatMap((change) => change.deleted)).toEqual([deleted])
  })

  it('[V13] after the log was purged beyond its position is asked, and misses nothing', async () => {
    const bob = await tracker.online(tracker.bob, board())
    const deleted = await tracker.task('purged')
    await bob.until('it', () => bob.held('Task').includes(deleted))
    await bob.cut()
    await tracker.sql('delete from tasks where id = $1', [deleted])
    // A purge stops short of transactions that are still running, in whichever database of the cluster.
    const left = async () => {
      await tracker.server.purge({ horizon: 0 })
      return tracker.sql('select 1 from syncgen.changes where key = $1', [deleted])
    }
    await expect.poll(left, { timeout: 25_000 }).toEqual([])
    await bob.connect(tracker.url)
    await bob.resync()
    expect(kinds(bob)).toContain('wanted')
    expect(bob.held('Task')).toEqual(await tasksOnBoard())
  })

  it('[V14] beyond a log row of another shape is asked', async () => {
    const bob = await tracker.online(tracker.bob, board())
    await bob.cut()
    const id = await tracker.task('strange')
    await tracker.sql(`update syncgen.changes set shape = 'older' where key = $1`, [id])
    await bob.connect(tracker.url)
    await bob.resync()
    expect(kinds(bob)).toContain('wanted')
    expect(bob.held('Task')).toEqual(await tasksOnBoard())
  })

  it('[V15] is never told of the end of a row that it was not sent', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    await bob.cut()
    const foreign = await tracker.task('not his')
    await tracker.sql('delete from tasks where id = $1', [foreign])
    const passing = await tracker.task('passing', { assignee_id: tracker.bob })
    await tracker.sql('delete from tasks where id = $1', [passing])
    await bob.connect(tracker.url)
    await bob.resync()
    const removed = bob.frames.flatMap((frame) =>
      frame.kind === 'page' ? frame.delta.claims.flatMap(({ out, deleted }) => [...out, ...deleted]) : [],
    )
    expect(removed).toEqual([])
  })
})

describe('a scope', () => {
  it.for([
    ['an unknown name', { name: 'nowhere', params: {} }],
    ['a name of every object', { name: '__proto__', params: {} }],
    ['no parameters', { name: 'board', params: {} }],
    ['a parameter of another type', { name: 'board', params: { projectId: ['x'] } }],
    ['a parameter too many', { name: 'home', params: { sub: 'x' } }],
  ] as const)('[V16] with %s is refused, always in the same way', async ([, call]) => {
    const eve = tracker.device(tracker.eve)
    await eve.connect(tracker.url)
    eve.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, hash: null, position: null, ...call }] })
    expect(await eve.next('refused', 'synced')).toEqual({ kind: 'refused', code: 'malformed-frame' })
    expect((await eve.whenClosed()).code).toBe(1008)
  })

  it('[V17] beyond the 64th is refused', async () => {
    const eve = tracker.device(tracker.eve)
    await eve.connect(tracker.url)
    const scopes = Array.from({ length: 65 }, (_, id) => ({
      id,
      name: 'board',
      params: { projectId: randomUUID() },
      hash: null,
      position: null,
    }))
    eve.send({ kind: 'sync', attempt: 1, scopes })
    expect(await eve.next('refused', 'synced')).toMatchObject({
      kind: 'refused',
      code: 'limit-exceeded',
      retryAfter: expect.any(Number) as number,
    })
  })
})
