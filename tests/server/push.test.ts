import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Op, UpdateOp } from '../../runtime/protocol/index.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

let tracker: Tracker
let bob: WireDevice
const heard: string[] = []
beforeAll(async () => {
  tracker = await openTracker({
    hooks: {
      tasks: {
        beforeWrite: async ({ op, before, after, claims, tx, reject }) => {
          heard.push(
            [
              op,
              before?.title ?? '-',
              after?.title ?? '-',
              after?.votes,
              after?.createdAt instanceof Date,
              claims.sub.length,
            ].join(' '),
          )
          if (after?.title === '') reject('empty', ['title'])
          if (after?.title === 'broken hook') throw new TypeError('a bug of the app')
          if (after?.title === 'takes a name') await tx.users.create({ name: 'Ada', email: 'ada@example.org' })
          if (after?.title === 'leaves a label') await tx.labels.create({ projectId: after.projectId, name: `of ${after.id}` })
          return after?.title === 'shout' ? { title: 'SHOUT' } : undefined
        },
      },
    },
  })
  bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
})
afterAll(async () => {
  await tracker?.stop()
})

const update = (id: string, set: UpdateOp['set'], version = bob.version('Task', id)): UpdateOp => ({
  op: 'update',
  model: 'Task',
  id,
  version,
  set,
})
const stored = async (id: string) => (await tracker.sql('select * from tasks where id = $1', [id]))[0]
const shown = async (title: string, values = {}): Promise<string> => {
  const id = await tracker.task(title, values)
  await bob.until('the task', () => bob.held('Task').includes(id))
  return id
}
const rejected = (code: string, rest: object = {}) => ({ kind: 'rejected', code, ...rest })

describe('a mutation', () => {
  it('[V22] sent twice is applied once and answered twice', async () => {
    const id = await shown('votes')
    const mutation = bob.mutation([update(id, { votes: { add: 1 } })])
    const once = await bob.pushAs(mutation)
    await bob.cut()
    await bob.connect(tracker.url)
    await bob.resync()
    const again = await bob.pushAs(mutation)
    expect(again.outcome).toEqual(once.outcome)
    expect((await stored(id))?.['votes']).toBe(1)
  })

  it('[V23] that leaves a gap is refused, and everything after it', async () => {
    const ids = [randomUUID(), randomUUID()]
    const mutations = ids.map((id, at) => ({ ...bob.mutation([newTask(tracker.project, {}, id)]), seq: bob.seq + 1 + at }))
    bob.send({ kind: 'push', mutations })
    const { results, gap } = await bob.next('pushed')
    expect(results).toEqual([])
    expect(gap).toEqual({ expected: bob.seq - 1 })
    expect(await stored(ids[0] ?? '')).toBeUndefined()
    bob.seq -= 2
  })

  it('[V24] of a client that nobody knows may only begin at 1', async () => {
    const stranger = tracker.device(tracker.bob)
    expect(await stranger.connect(tracker.url)).toMatchObject({ kind: 'welcome', lastSeq: 0, forked: false })
    stranger.send({ kind: 'push', mutations: [stranger.mutation([], { seq: 7 })] })
    expect(await stranger.next('pushed')).toEqual({ kind: 'pushed', results: [], gap: { expected: 1 } })
  })

  it('[V25] that fails takes its ops with it and nothing else; the next goes on', async () => {
    const [good, bad, after] = [randomUUID(), randomUUID(), randomUUID()]
    const link = (taskId: string): Op => ({
      op: 'create',
      model: 'TaskLabel',
      id: randomUUID(),
      values: { taskId, labelId: randomUUID() },
    })
    const mutations = [
      bob.mutation([newTask(tracker.project, { title: 'good' }, good)]),
      bob.mutation([newTask(tracker.project, { title: 'bad' }, bad), link(bad)]),
      bob.mutation([newTask(tracker.project, { title: 'after' }, after)]),
    ]
    bob.send({ kind: 'push', mutations })
    const { results } = await bob.next('pushed')
    expect(results.map(({ outcome }) => outcome.kind)).toEqual(['applied', 'rejected', 'applied'])
    expect(await Promise.all([good, bad, after].map(async (id) => (await stored(id)) !== undefined))).toEqual([true, false, true])
    await bob.until('the confirmation', () => bob.done === bob.seq)
  })

  it('[V26] is confirmed by the batch that contains it, also when no scope of the device does', async () => {
    const eve = tracker.device(tracker.eve)
    await eve.connect(tracker.url)
    await eve.sync(['home'])
    const id = randomUUID()
    const result = await eve.push({ op: 'create', model: 'Project', id, values: { title: 'Own', ownerId: tracker.eve } })
    expect(result.outcome).toEqual({ kind: 'applied' })
    await eve.until('the project and its confirmation', () => eve.done === 1 && eve.held('Project').includes(id))
    const batch = eve.frames.find((frame) => frame.kind === 'changed' && frame.done === 1)
    expect(batch?.kind === 'changed' && batch.delta.rows['Project']?.length).toBe(1)
    await eve.push({ op: 'delete', model: 'Project', id: randomUUID(), version: 0 })
    await eve.until('the confirmation of nothing', () => eve.done === 2)
  })

  it.for<readonly [string, () => Op, string, object]>([
    [
      'a unique name twice',
      () => ({
        op: 'update',
        model: 'User',
        id: tracker.bob,
        version: 0,
        set: { email: { seen: 'bob@example.org', value: 'ada@example.org' } },
      }),
      'unique',
      { model: 'User', fields: ['email'] },
    ],
    [
      'a reference to nothing',
      () => ({
        op: 'create',
        model: 'Task',
        id: randomUUID(),
        values: { projectId: tracker.project, title: 't', position: 'a', assigneeId: randomUUID() },
      }),
      'reference',
      { fields: ['assigneeId'] },
    ],
    ['a value of another type', () => ({ ...newTask(tracker.project, { title: 7 }) }), 'invalid', { fields: ['title'] }],
    ['a label that the enum lacks', () => newTask(tracker.project, { state: 'gone' }), 'invalid', { fields: ['state'] }],
    ['a decimal of another scale', () => newTask(tracker.project, { estimate: '1.234' }), 'invalid', { fields: ['estimate'] }],
    ['a number that overflows', () => update(overflowing, { votes: { add: 2147483647 } }), 'invalid', {}],
    [
      'a field missing',
      () => ({ op: 'create', model: 'Task', id: randomUUID(), values: { projectId: tracker.project } }),
      'invalid',
      { fields: ['title', 'position'] },
    ],
    [
      'a field that the server sets',
      () => newTask(tracker.project, { createdAt: '2020-01-01T00:00:00.000Z' }),
      'invalid',
      { fields: ['createdAt'] },
    ],
    [
      'a field that never leaves the server',
      () => ({ op: 'update', model: 'User', id: tracker.bob, version: 0, set: { passwordHash: { seen: null, value: 'x' } } }),
      'invalid',
      { fields: [] },
    ],
    [
      'a guess at a field that never leaves it',
      () => ({ op: 'delete', model: 'User', id: tracker.bob, version: 0, seen: { passwordHash: null } }),
      'invalid',
      { fields: [] },
    ],
    [
      'a field that cannot change',
      () => update(overflowing, { projectId: { seen: null, value: randomUUID() } }),
      'invalid',
      { fields: ['projectId'] },
    ],
    ['a counter that is set', () => update(overflowing, { votes: { seen: 0, value: 5 } }), 'invalid', { fields: ['votes'] }],
    [
      'a key that is changed',
      () => update(overflowing, { id: { seen: null, value: randomUUID() } }),
      'invalid',
      { fields: ['id'] },
    ],
    [
      'a field of every object',
      () => update(overflowing, { constructor: { seen: null, value: 'x' } }),
      'invalid',
      { fields: [] },
    ],
    [
      'a model of every object',
      () => ({ op: 'delete', model: 'toString', id: randomUUID(), version: 0 }),
      'invalid',
      { model: 'toString' },
    ],
  ])('[V27] with %s is rejected by name, without a value', async ([, op, code, rest]) => {
    overflowing = await shown('counted', { votes: 5 })
    const { outcome } = await bob.push(op())
    expect(outcome).toMatchObject(rejected(code, rest))
    expect(JSON.stringify(outcome)).not.toMatch(/ada@example|1\.234|2147483647/)
  })
  let overflowing = ''

  it('[V125] with a constraint that was added while the node runs is rejected with its fields', async () => {
    await tracker.sql(`alter table tasks add constraint tasks_added check (title <> 'unwanted' and votes < 1000000)`)
    await tracker.sql(`create unique index labels_added on labels (color) where color = '#00ff01'`)
    const task = () => bob.push(newTask(tracker.project, { title: 'unwanted' }))
    expect((await task()).outcome).toMatchObject(rejected('check', { fields: ['title', 'votes'] }))
    expect((await task()).outcome).toMatchObject(rejected('check', { fields: ['title', 'votes'] }))
    const label = () => bob.push({ op: 'create', model: 'Label', id: randomUUID(), values: { projectId: tracker.project, name: randomUUID(), color: '#00ff01' } })
    expect((await label()).outcome).toMatchObject({ kind: 'applied' })
    expect((await label()).outcome).toMatchObject(rejected('unique', { fields: ['color'] }))
    await tracker.sql('drop index labels_added; alter table tasks drop constraint tasks_added')
    // A name that nothing in the catalog has: a trigger's own.
    await tracker.sql(`create function made_up() returns trigger language plpgsql as $$ begin
        raise 'no' using errcode = '23514', table = 'tasks', constraint = 'made_up';
      end $$; create trigger made_up before insert on tasks for each row execute function made_up()`)
    for (let n = 0; n < 2; n += 1) expect((await task()).outcome).toMatchObject(rejected('check', { fields: [] }))
    await tracker.sql('drop trigger made_up on tasks; drop function made_up()')
  })

  it('[V125] with a foreign key that was added while the node runs is rejected with its fields, and keeps a deleted row deleted', async () => {
    const id = await shown('to come back')
    expect((await bob.push({ op: 'delete', model: 'Task', id, version: 0 })).outcome).toEqual({ kind: 'applied' })
    await tracker.sql('create table vetted (id uuid primary key)')
    const added = (name: string, when: string) => tracker.sql(`alter table tasks add constraint ${name} foreign key (project_id) references vetted (id) ${when} not valid`)
    for (const when of ['', 'deferrable', 'deferrable initially deferred']) {
      // Each time under a name that is not known: what is brought back is asked before anything else, and after it.
      for (const isFirst of [true, false]) {
        const name = `tasks_vetted_${randomUUID().slice(0, 8)}`
        await added(name, when)
        const task = async () => expect((await bob.push(newTask(tracker.project))).outcome, when).toMatchObject(rejected('reference', { model: 'Task', fields: ['projectId'] }))
        if (!isFirst) await task()
        const { outcome } = await bob.push({ ...newTask(tracker.project, {}, id), restore: true } as Op)
        if (when === '') expect(outcome).toMatchObject(rejected('reference', { id, fields: ['projectId'] }))
        else expect(outcome, when).toMatchObject(rejected('deleted', { id, fields: ['projectId'] }))
        if (isFirst) await task()
        await tracker.sql(`alter table tasks drop constraint ${name}`)
      }
    }
    expect(await stored(id)).toBeUndefined()
    await tracker.sql('drop table vetted')
    expect((await bob.push({ ...newTask(tracker.project, {}, id), restore: true } as Op)).outcome).toEqual({ kind: 'applied' })
  })

  it('[V28] of another schema is rejected as such', async () => {
    const result = await bob.pushAs(bob.mutation([newTask(tracker.project)], { schema: 'f'.repeat(64) }))
    expect(result.outcome).toMatchObject(rejected('unknown-schema'))
  })
})

describe('access', () => {
  it('[V29] is judged on the old row and on the new one', async () => {
    const eve = await tracker.online(tracker.eve, ['home'])
    const theirs = await shown('theirs')
    // Not readable: as if it were not there, whatever is asked of it.
    expect(
      (await eve.push({ op: 'update', model: 'Task', id: theirs, version: 1, set: { title: { seen: 'theirs', value: 'mine' } } }))
        .outcome,
    ).toMatchObject(rejected('deleted'))
    expect(
      (await eve.push({ op: 'update', model: 'Task', id: randomUUID(), version: 1, set: { title: { seen: 'a', value: 'b' } } }))
        .outcome,
    ).toMatchObject(rejected('deleted'))
    expect((await eve.push({ op: 'delete', model: 'Task', id: theirs, version: 1 })).outcome).toEqual({ kind: 'applied' })
    expect((await eve.push({ op: 'delete', model: 'Task', id: randomUUID(), version: 1 })).outcome).toEqual({ kind: 'applied' })
    expect((await stored(theirs))?.['title']).toBe('theirs')
    // A create in a project that she cannot write, on a free key and on a taken one: the same answer.
    const free = await eve.push(newTask(tracker.project))
    const taken = await eve.push(newTask(tracker.project, {}, theirs))
    expect(free.outcome).toMatchObject(rejected('forbidden'))
    expect(taken.outcome).toMatchObject(rejected('forbidden'))
    expect(Object.keys(taken.rows)).toEqual([])
  })

  it('[V29] is judged by what holds when its mutation is done, too: nobody writes and leaves in one', async () => {
    const ada = await tracker.online(tracker.ada, ['board', { projectId: tracker.project }])
    const [member] = await tracker.sql('select id from members where user_id = $1 and project_id = $2', [tracker.ada, tracker.project])
    const [project] = await tracker.sql('select title from projects where id = $1', [tracker.project])
    const leave: Op = { op: 'delete', model: 'Member', id: String(member?.['id']), version: 1 }
    const seen = String(project?.['title'])
    const rename: Op = { op: 'update', model: 'Project', id: tracker.project, version: 1, set: { title: { seen, value: 'last words' } } }
    for (const ops of [[rename, leave], [leave, rename]]) {
      expect((await ada.push(...ops)).outcome).toMatchObject(rejected('forbidden', { model: 'Project', id: tracker.project }))
    }
    expect(await tracker.sql('select title from projects where id = $1', [tracker.project])).toEqual([project])
    expect(await tracker.sql('select id from members where user_id = $1 and project_id = $2', [tracker.ada, tracker.project])).toEqual([member])
  })

  it('[V97] is judged of the very rows that an answer tells: what ceases to be readable meanwhile is not told', async () => {
    const id = await shown('plain')
    const [theirs] = await tracker.sql(`insert into projects (title, owner_id) values ('Theirs', $1) returning id`, [tracker.eve])
    const hide = (): Promise<unknown> => tracker.sql(`update tasks set project_id = $1, title = 'secret' where id = $2`, [theirs?.['id'], id])
    // Rejected by a hook: its lock is let go, and the next statement that reads tasks is for the answer.
    const { query } = pg.Client.prototype
    let isDecided = false
    const spied = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(async function (this: pg.Client, ...given: unknown[]) {
      const [config] = given
      const text = typeof config === 'string' ? config : String((config as { readonly text?: string }).text)
      const result: unknown = await Reflect.apply(query, this, given)
      if (isDecided && text.includes('from "tasks"')) {
        isDecided = false
        await hide()
      }
      isDecided ||= text.includes('insert into syncgen.outcomes')
      return result as never
    })
    try {
      const { outcome, rows } = await bob.push(update(id, { title: { seen: 'plain', value: '' } }))
      expect(outcome).toMatchObject(rejected('empty'))
      expect(await stored(id)).toMatchObject({ title: 'secret' })
      expect(JSON.stringify(rows)).not.toContain('secret')
    } finally {
      spied.mockRestore()
    }
  })

  it('[V30] of a reader who may not write is forbidden', async () => {
    await tracker.sql(`insert into members (project_id, user_id, role) values ($1, $2, 'viewer')`, [tracker.project, tracker.eve])
    const eve = await tracker.online(tracker.eve, ['board', { projectId: tracker.project }])
    const id = await shown('read only')
    expect(
      (await eve.push({ op: 'update', model: 'Task', id, version: 1, set: { title: { seen: 'read only', value: 'x' } } }))
        .outcome,
    ).toMatchObject(rejected('forbidden', { id }))
    expect((await eve.push({ op: 'delete', model: 'Task', id, version: 1 })).outcome).toMatchObject(rejected('forbidden'))
    expect((await eve.push(newTask(tracker.project, {}, id))).outcome).toMatchObject(rejected('exists'))
    await tracker.sql('delete from members where user_id = $1', [tracker.eve])
  })

  it('[V31] cannot be granted to oneself, nor to the mutation by itself', async () => {
    const eve = await tracker.online(tracker.eve, ['home'])
    const membership: Op = {
      op: 'create',
      model: 'Member',
      id: randomUUID(),
      values: { projectId: tracker.project, userId: tracker.eve, role: 'owner' },
    }
    expect((await eve.push(membership)).outcome).toMatchObject(rejected('forbidden'))
    expect((await eve.push(membership, newTask(tracker.project))).outcome).toMatchObject(rejected('forbidden'))
    expect(await tracker.sql('select 1 from members where user_id = $1', [tracker.eve])).toEqual([])
  })

  it('[V32] of a new row is judged at the end: a project, its member and a task in one mutation', async () => {
    const eve = await tracker.online(tracker.eve, ['home'])
    const project = randomUUID()
    const { outcome } = await eve.push(
      newTask(project, { assigneeId: tracker.eve }),
      { op: 'create', model: 'Member', id: randomUUID(), values: { projectId: project, userId: tracker.eve, role: 'owner' } },
      { op: 'create', model: 'Project', id: project, values: { title: 'New', ownerId: tracker.eve } },
    )
    // The order is the client's: a child before its parent breaks a constraint that is not deferred, whole.
    expect(['applied', 'rejected']).toContain(outcome.kind)
    const again = await eve.push(
      { op: 'create', model: 'Project', id: project, values: { title: 'New', ownerId: tracker.eve } },
      { op: 'create', model: 'Member', id: randomUUID(), values: { projectId: project, userId: tracker.eve, role: 'owner' } },
      newTask(project, { assigneeId: tracker.eve }),
    )
    expect(outcome.kind === 'applied' ? rejected('exists') : again.outcome).toMatchObject(
      outcome.kind === 'applied' ? { code: 'exists' } : { kind: 'applied' },
    )
    await eve.until('the new project', () => eve.held('Project').includes(project) && eve.held('Task').length > 0)
  })
})

describe('a conflict', () => {
  it('[V33] merges different fields, and gives the same field to the later edit', async () => {
    const id = await shown('seen')
    const version = bob.version('Task', id)
    await tracker.sql(`update tasks set position = 'z' where id = $1`, [id])
    expect((await bob.push(update(id, { title: { seen: 'seen', value: 'bob' } }, version))).outcome).toEqual({ kind: 'applied' })
    expect(await stored(id)).toMatchObject({ title: 'bob', position: 'z' })
    await tracker.sql(`update tasks set title = 'sql' where id = $1`, [id])
    const early = bob.mutation(
      [update(id, { title: { seen: 'seen', value: 'earlier' }, state: { seen: 'todo', value: 'doing' } }, version)],
      { at: Date.now() - 60_000 },
    )
    expect((await bob.pushAs(early)).outcome).toEqual({ kind: 'merged', lost: [{ model: 'Task', id, field: 'title' }] })
    expect(await stored(id)).toMatchObject({ title: 'sql', state: 'doing' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await bob.push(update(id, { title: { seen: 'seen', value: 'later' } }, version))).outcome).toEqual({
      kind: 'applied',
    })
    expect((await stored(id))?.['title']).toBe('later')
  })

  it('[V34] is not won by a clock that is ahead, nor lost for one that is behind', async () => {
    const id = await shown('seen')
    const version = bob.version('Task', id)
    const tomorrow = bob.mutation([update(id, { title: { seen: 'seen', value: 'tomorrow' } }, version)], {
      at: Date.now() + 86_400_000,
    })
    expect((await bob.pushAs(tomorrow)).outcome).toEqual({ kind: 'applied' })
    const [logged] = await tracker.sql(
      `select edited_at <= clock_timestamp() as past from syncgen.changes where key = $1 and op = 'U'`,
      [id],
    )
    expect(logged?.['past']).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await bob.push(update(id, { title: { seen: 'seen', value: 'now' } }, version))).outcome).toEqual({ kind: 'applied' })
    await bob.until('the present', () => bob.row('Task', id)?.['title'] === 'now')
    // A clock of 1970 cannot have edited a row before the version that it saw.
    const past = bob.mutation([update(id, { state: { seen: 'todo', value: 'done' } })], { at: 0 })
    expect((await bob.pushAs(past)).outcome).toEqual({ kind: 'applied' })
    const [stamp] = await tracker.sql(
      `select extract(year from edited_at)::int as year from syncgen.changes where key = $1 and 'state' = any (fields)`,
      [id],
    )
    expect(stamp?.['year']).toBeGreaterThan(2020)
  })

  it('[V35] in a strict mutation rejects it whole', async () => {
    const id = await shown('seen')
    const version = bob.version('Task', id)
    await tracker.sql(`update tasks set title = 'sql' where id = $1`, [id])
    const mutation = bob.mutation(
      [update(id, { title: { seen: 'seen', value: 'x' }, position: { seen: 'a', value: 'q' } }, version)],
      { at: Date.now() - 60_000, strict: true },
    )
    expect((await bob.pushAs(mutation)).outcome).toMatchObject(rejected('conflict', { fields: ['title'] }))
    expect((await stored(id))?.['position']).toBe('a')
  })

  it('[V36] of counters is none: additions of everybody add up', async () => {
    const id = await shown('counted')
    const ada = await tracker.online(tracker.ada, ['board', { projectId: tracker.project }])
    const version = bob.version('Task', id)
    const add = (device: WireDevice) => device.push({ op: 'update', model: 'Task', id, version, set: { votes: { add: 1 } } })
    await Promise.all(
      [bob, ada].map(async (device) => {
        for (let turn = 0; turn < 10; turn += 1) expect((await add(device)).outcome).toEqual({ kind: 'applied' })
      }),
    )
    expect((await stored(id))?.['votes']).toBe(20)
  })

  it('[V37] of an update with a delete: the delete wins, and an update never inserts', async () => {
    const id = await shown('going')
    const version = bob.version('Task', id)
    await tracker.sql('delete from tasks where id = $1', [id])
    expect((await bob.push(update(id, { title: { seen: 'going', value: 'staying' } }, version))).outcome).toMatchObject(
      rejected('deleted'),
    )
    expect(await stored(id)).toBeUndefined()
    expect((await bob.push({ op: 'delete', model: 'Task', id, version })).outcome).toEqual({ kind: 'applied' })
  })
})

describe('a hook', () => {
  it('[V38] sees the row as it would be, and may reject, change and write beside it, all in the transaction', async () => {
    heard.length = 0
    const id = randomUUID()
    expect((await bob.push(newTask(tracker.project, { title: 'leaves a label' }, id))).outcome).toEqual({ kind: 'applied' })
    expect(await tracker.sql('select 1 from labels where name = $1', [`of ${id}`])).toHaveLength(1)
    await bob.until('it', () => bob.held('Task').includes(id))
    expect((await bob.push(update(id, { votes: { add: 3 }, title: { seen: 'leaves a label', value: 'x' } }))).outcome).toEqual({
      kind: 'applied',
    })
    expect((await bob.push({ op: 'delete', model: 'Task', id, version: bob.version('Task', id) })).outcome).toEqual({
      kind: 'applied',
    })
    expect(heard).toEqual(['create - leaves a label 0 true 36', 'update leaves a label x 3 true 36', 'delete x -  false 36'])
    expect((await bob.push(newTask(tracker.project, { title: '' }))).outcome).toMatchObject(
      rejected('empty', { model: 'Task', fields: ['title'] }),
    )
    const shout = newTask(tracker.project, { title: 'shout' })
    await bob.push(shout)
    expect((await stored(shout.id))?.['title']).toBe('SHOUT')
    expect((await bob.push(newTask(tracker.project, { title: 'takes a name' }))).outcome).toMatchObject(
      rejected('unique', { model: 'User', fields: ['email'] }),
    )
    expect((await bob.push(newTask(tracker.project, { title: 'broken hook' }))).outcome).toMatchObject(rejected('failed'))
    expect(tracker.log.some((line) => line.includes('hook-failed'))).toBe(true)
  })
})

describe('many clients', () => {
  it('[V39] that write the same rows in any order neither deadlock nor lose a write', async () => {
    const ids = await Promise.all(['p', 'q', 'r'].map((title) => shown(title)))
    const devices = await Promise.all(
      [tracker.ada, tracker.bob, tracker.ada, tracker.bob].map((user) => tracker.online(user, ['home'])),
    )
    await Promise.all(
      devices.map(async (device, at) => {
        for (let turn = 0; turn < 15; turn += 1) {
          const order = at % 2 === 0 ? ids : [...ids].reverse()
          const { outcome } = await device.push(
            ...order.map((id): Op => ({ op: 'update', model: 'Task', id, version: 0, set: { votes: { add: 1 } } })),
          )
          expect(outcome).toEqual({ kind: 'applied' })
        }
      }),
    )
    expect((await tracker.sql('select votes from tasks where id = any ($1)', [ids])).map(({ votes }) => votes)).toEqual([
      60, 60, 60,
    ])
  })
})
