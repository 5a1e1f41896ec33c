/** Writes that fail as they are committed, or of which nobody can say whether they were: real devices, a real PostgreSQL. */
import pg from 'pg'
import { until } from 'syncgen/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Tracker } from '../../generated-example/client/index.js'
import { openWorld, type World } from './world.js'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

const generous = { timeout: 120_000 }

const online = async (user: string): Promise<Tracker> => {
  const device = await world.device(user)
  await device.scopes.board({ projectId: world.project }).ready
  return device
}

const votesOf = async (task: string): Promise<unknown> => (await world.lab.sql('select votes from tasks where id = $1', [task]))[0]?.['votes']

const endBackend = (pid: number): Promise<unknown> => world.lab.sql('select pg_terminate_backend($1, 10000)', [pid])

// One push tries its transaction five times: the sixth failure is of a connection of its own.
it.each([['before it is done', 1], ['before it is done', 7], ['before its answer', 1], ['before its answer', 7]] as const)(
  '[V98] a backend that dies at a commit, %s, %i in a row: the write is there once, and its author hears one outcome',
  generous,
  async (moment, times) => {
    const task = await world.task('counted')
    const [phone, laptop] = [await online(world.ada), await online(world.bob)]
    const told: unknown[] = []
    const deaths = atCommits(moment, times)
    try {
      const counted = phone.tasks.update(task, { votes: { add: 1 } })
      void counted.confirmed.then((outcome) => told.push(outcome))
      const made = phone.tasks.create({ projectId: world.project, title: 'made as it died', position: 'a' })
      expect(await made.confirmed).toEqual({ kind: 'applied' })
      await counted.confirmed
    } finally {
      deaths.end()
    }
    expect(deaths.count()).toBe(times)
    await world.equal(phone, world.ada, [world.project])
    await world.equal(laptop, world.bob, [world.project])
    expect(await votesOf(task)).toBe(1)
    expect(await world.lab.sql(`select title from tasks where title = 'made as it died'`)).toHaveLength(1)
    expect([told, phone.rejected(), laptop.tasks.get(task)?.votes]).toEqual([[{ kind: 'applied' }], [], 1])
  },
)

it('[V98] so is a refusal whose commit was not answered: it is heard once, and kept once', generous, async () => {
  const phone = await online(world.ada)
  await world.lab.sql('insert into labels (project_id, name) values ($1, $2)', [world.project, 'taken'])
  const events: string[] = []
  phone.on('rejected', ({ code }: { code: string }) => events.push(code))
  phone.goOffline()
  const refused = phone.transaction((tx) => void tx.labels.create({ projectId: world.project, name: 'taken' }))
  const deaths = atCommits('before its answer', 2)
  try {
    phone.goOnline()
    expect(await refused.confirmed).toMatchObject({ kind: 'rejected', code: 'unique', fields: ['projectId', 'name'] })
  } finally {
    deaths.end()
  }
  expect(deaths.count()).toBe(2)
  await world.equal(phone, world.ada, [world.project])
  expect([events, phone.rejected().length]).toEqual([['unique'], 1])
})

it('[V99] what a check of the database forbids is refused alone, with the fields; the app tries it again, or takes it along', generous, async () => {
  await world.lab.sql('alter table tasks add constraint sane check (estimate < 1000)')
  await world.lab.kill()
  await world.lab.start()
  const phone = await online(world.ada)
  await until('it is online', () => phone.status.get().connection === 'online')
  phone.goOffline()
  const before = phone.tasks.create({ projectId: world.project, title: 'before', position: 'a', estimate: '1' })
  const insane = phone.tasks.create({ projectId: world.project, title: 'insane', position: 'a', estimate: '5000' })
  const edited = phone.tasks.update(insane.row.id, { title: 'insane still' })
  const behind = phone.tasks.create({ projectId: world.project, title: 'behind', position: 'a' })
  phone.goOnline()
  expect(await before.confirmed).toEqual({ kind: 'applied' })
  expect(await insane.confirmed).toMatchObject({ kind: 'rejected', code: 'check', model: 'Task', id: insane.row.id, fields: ['estimate'] })
  // Judged on its own: there is nothing that it could edit.
  expect(await edited.confirmed).toMatchObject({ kind: 'rejected', code: 'deleted' })
  expect(await behind.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  const kept = phone.rejected().find(({ code }) => code === 'check')
  expect(kept).toMatchObject({ fields: ['estimate'], discarded: [{ op: 'create', model: 'Task', values: { title: 'insane', estimate: '5000.00' } }] })

  const laptop = await online(world.ada)
  expect(await laptop.importPending(phone.exportPending())).toBe(0)
  expect(laptop.rejected().map(({ code }) => code)).toEqual(['check', 'deleted'])

  expect(await kept?.retry({ estimate: '500' }).confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.ofProject(world.project).map(({ title }) => title).toSorted()).toEqual(['before', 'behind', 'insane'])
  expect(phone.rejected().map(({ code }) => code)).toEqual(['deleted'])
})

it('[V100] while there is no database the status says so, local work goes on, and afterwards each write is applied once', generous, async () => {
  const task = await world.task('outlives it')
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  const end = await outage()
  try {
    phone.tasks.update(task, { votes: { add: 1 } })
    await until('the status says so', () => phone.status.get().error?.code === 'database-unreachable', 60_000)
    expect(phone.status.get().connection).not.toBe('online')
    phone.tasks.update(task, { votes: { add: 1 }, title: 'said in the dark' })
    phone.tasks.create({ projectId: world.project, title: 'made in the dark', position: 'a' })
    expect(phone.tasks.get(task)).toMatchObject({ votes: 2, title: 'said in the dark' })
    expect(phone.status.get().pending).toBe(3)
    laptop.tasks.update(task, { votes: { add: 5 } })
  } finally {
    await end()
  }
  await until('all is told', () => [phone, laptop].every(({ status }) => status.get().pending === 0 && status.get().error === null), 60_000)
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
  expect([await votesOf(task), laptop.tasks.get(task)?.title, phone.rejected(), laptop.rejected()]).toEqual([7, 'said in the dark', [], []])
  expect(await world.lab.sql(`select title from tasks where title = 'made in the dark'`)).toHaveLength(1)
})

it('[V101] a reference that fails only when all is written is refused alone, with its field, and what hangs on the row by itself', generous, async () => {
  const [passing] = await world.lab.sql(`insert into users (name, email) values ('passing', 'passing@x.org') returning id`)
  const [green] = await world.lab.sql(`insert into labels (project_id, name) values ($1, 'green') returning id`, [world.project])
  const [assigneeId, labelId] = [String(passing?.['id']), String(green?.['id'])]
  const phone = await online(world.ada)
  phone.goOffline()
  const before = phone.tasks.create({ projectId: world.project, title: 'before', position: 'a' })
  const taskId = '01981c6e-7a13-7000-8000-0000000000c1'
  const assigned = phone.transaction((tx) => {
    tx.tasks.create({ id: taskId, projectId: world.project, title: 'to one who leaves', position: 'a', assigneeId })
    tx.tasks.create({ projectId: world.project, title: 'made along with it', position: 'a' })
  })
  const linked = phone.taskLabels.create({ taskId, labelId })
  const behind = phone.tasks.create({ projectId: world.project, title: 'behind', position: 'a' })
  // The one who leaves is still there when the row is written, and gone when the constraint is asked, which waits for this.
  const other = new pg.Client({ connectionString: world.lab.database })
  await other.connect()
  try {
    await other.query('begin')
    await other.query('delete from users where id = $1', [assigneeId])
    phone.goOnline()
    await until('the push waits', async () => (await world.lab.sql(waiting)).length > 0, 60_000)
    await other.query('commit')
  } finally {
    await other.end()
  }
  expect(await before.confirmed).toEqual({ kind: 'applied' })
  expect(await assigned.confirmed).toMatchObject({ kind: 'rejected', code: 'reference', model: 'Task', fields: ['assigneeId'] })
  expect(await linked.confirmed).toMatchObject({ kind: 'rejected' })
  expect(await behind.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.ofProject(world.project).map(({ title }) => title).toSorted()).toEqual(['before', 'behind'])
  expect(phone.rejected()[0]).toMatchObject({ code: 'reference', fields: ['assigneeId'] })
})

const waiting = `select 1 from pg_stat_activity where application_name = 'syncgen' and datname = current_database() and wait_event_type = 'Lock'`

/** Ends the backend of a push, so many times, as it commits: before PostgreSQL has the word, or when it is done and only the answer is missing. */
const atCommits = (moment: 'before it is done' | 'before its answer', times: number): { count(): number; end(): void } => {
  // The cast is the boundary: pg's method takes callbacks or gives promises, and the runtime asks for promises.
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown }
  const { query } = prototype
  const pushing = new WeakSet()
  let count = 0
  prototype.query = function (this: { readonly processID: number }, ...given: unknown[]) {
    const run = (...asked: unknown[]): Promise<unknown> => query.apply(this, asked) as Promise<unknown>
    const text = typeof given[0] === 'string' ? given[0] : (given[0] as { readonly text?: string }).text
    if (text?.startsWith('select session, last_seq') === true) pushing.add(this)
    if (text === 'rollback') pushing.delete(this)
    if (text !== 'commit' || !pushing.delete(this) || count === times) return query.apply(this, given)
    count += 1
    if (moment === 'before it is done') return endBackend(this.processID).then(() => run(...given))
    // Whoever asks a dead backend hears what one hears of it who waits for its answer.
    return run(...given).then(() => endBackend(this.processID)).then(() => run('select 1'))
  }
  return { count: () => count, end: () => void (prototype.query = query) }
}

/** Ends the server's connections, and lets none come; what is returned lets them. */
const outage = async (): Promise<() => Promise<void>> => {
  const [{ name } = { name: '' }] = await world.lab.sql('select current_database() as name')
  const elsewhere = new URL(world.lab.database)
  elsewhere.pathname = '/postgres'
  const admin = new pg.Client({ connectionString: elsewhere.href })
  await admin.connect()
  await admin.query(`alter database "${String(name)}" allow_connections false`)
  await admin.query(`select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'syncgen' and datname = $1`, [name])
  return async () => {
    await admin.query(`alter database "${String(name)}" allow_connections true`)
    await admin.end()
  }
}
