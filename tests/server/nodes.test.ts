import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { createTrackerServer } from '../../generated-example/server/index.js'
import { migrate } from '../../runtime/server/index.js'
import { testDatabase } from '../../runtime/testing/index.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

const authenticate = ({ token }: { readonly token: string }) =>
  JSON.parse(token) as { principal: string; claims: { sub: string } }
const migrations = new URL('../../generated-example/migrations/', import.meta.url)

describe('several nodes', () => {
  it('[V50] wake each other: a write through one reaches devices of the other, long before it would look by itself', async () => {
    const sleepy = await tracker.node({ pollInterval: 3_600_000 })
    const bob = tracker.device(tracker.bob)
    await bob.connect(sleepy.url)
    await bob.sync(['board', { projectId: tracker.project }])
    const ada = await tracker.online(tracker.ada, ['home'])
    const op = newTask(tracker.project)
    await ada.push(op)
    await bob.until('the task', () => bob.held('Task').includes(op.id))
    const id = randomUUID()
    await tracker.server.transaction((tx) =>
      tx.tasks.create({ id, projectId: tracker.project, title: 'by server code', position: 'a' }),
    )
    await bob.until('the second task', () => bob.held('Task').includes(id))
  })

  it('[V51] do not let a client push on the line that it left for another node', async () => {
    const other = await tracker.node()
    const bob = await tracker.online(tracker.bob, ['home'])
    const twin = tracker.device(tracker.bob)
    twin.client = bob.client
    // The twin knows the nonce: it is the same device on its next line.
    const hello = bob.lastNonce()
    expect(await twin.connect(other.url, { session: { last: hello, next: randomUUID() } })).toMatchObject({
      kind: 'welcome',
      forked: false,
    })
    bob.send({ kind: 'push', mutations: [bob.mutation([newTask(tracker.project)])] })
    expect(await bob.whenClosed()).toMatchObject({ code: 1008, reason: 'replaced' })
    expect((await twin.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
  })

  it('[V96] end the line of a device whose place was taken on another node, and say nothing of what was decided there', async () => {
    const other = await tracker.node()
    const bob = await tracker.online(tracker.bob, ['home'])
    const twin = tracker.device(tracker.bob)
    twin.client = bob.client
    expect(await twin.connect(other.url, { session: { last: bob.lastNonce(), next: randomUUID() } })).toMatchObject({ forked: false })
    twin.seq = bob.seq
    expect((await twin.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
    expect(await bob.whenClosed()).toMatchObject({ code: 1008, reason: 'replaced' })
    const told = bob.frames.flatMap((frame) => (frame.kind === 'changed' || frame.kind === 'synced' ? frame.done : []))
    expect(Math.max(...told)).toBeLessThan(twin.seq)
  })

  it('[V95] tell a copy of a device by what it pushes under a number that was taken: the device goes on, the copy takes a new id for it', async () => {
    const bob = tracker.device(tracker.bob)
    const twin = tracker.device(tracker.bob)
    const session = { last: null, next: randomUUID() }
    expect(await bob.connect(tracker.url, { session })).toMatchObject({ kind: 'welcome', forked: false })
    const first = bob.mutation([newTask(tracker.project)])
    twin.client = bob.client
    // Taken after the nonce was stored, before the welcome was: to the server it is a device that did not hear it.
    expect((await bob.pushAs(first)).outcome).toEqual({ kind: 'applied' })
    expect(await twin.connect(tracker.url, { session })).toMatchObject({ kind: 'welcome', forked: false, lastSeq: 1, lastRun: bob.run })
    const shared = { ...first }
    const other = twin.mutation([newTask(tracker.project)], { seq: 1 })
    twin.send({ kind: 'push', mutations: [shared, { ...other, seq: 2 }] })
    expect(await twin.next('pushed')).toMatchObject({ results: [{ seq: 1, outcome: { kind: 'applied' } }, { seq: 2 }] })
    expect(await bob.connect(tracker.url, { session })).toMatchObject({ forked: false, lastSeq: 2, lastRun: twin.run })
    const unheard = bob.mutation([newTask(tracker.project)])
    bob.send({ kind: 'push', mutations: [first, unheard] })
    expect(await bob.next('pushed')).toMatchObject({ results: [{ seq: 1, outcome: { kind: 'applied' } }], gap: { expected: 2 } })
    expect(await tracker.sql('select 1 from tasks where id = $1', [unheard.ops[0]?.id])).toEqual([])
  })

  it('[V135] tell a fork what was decided under the id that it has to leave, and decide nothing under it', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const mutations = [1, 2, 3].map(() => bob.mutation([newTask(tracker.project)]))
    const [first, second, third] = mutations
    if (first === undefined || second === undefined || third === undefined) throw new Error('no mutations')
    bob.send({ kind: 'push', mutations: [first, second] })
    expect(await bob.next('pushed')).toMatchObject({ results: [{ seq: 1 }, { seq: 2 }] })
    const twin = tracker.device(tracker.bob)
    twin.client = bob.client
    expect(await twin.connect(tracker.url, { session: { last: randomUUID(), next: randomUUID() } })).toMatchObject({ forked: true, lastSeq: 2 })
    twin.send({ kind: 'push', mutations: [first, second, third] })
    expect(await twin.next('pushed')).toMatchObject({
      results: [
        { seq: 1, outcome: { kind: 'applied' } },
        { seq: 2, outcome: { kind: 'applied' } },
      ],
      gap: { expected: 3 },
    })
    twin.send({ kind: 'push', mutations: [first, { ...second, run: 'another' }] })
    expect(await twin.next('pushed')).toMatchObject({ results: [{ seq: 1 }], gap: { expected: 2 } })
    twin.send({ kind: 'ping', at: 1 })
    expect(await twin.next('pong')).toMatchObject({ at: 1 })
    twin.send({ kind: 'sync', attempt: 1, scopes: [] })
    expect(await twin.next('refused')).toMatchObject({ code: 'malformed-frame' })
    expect(await tracker.sql('select 1 from tasks where id = $1', [third.ops[0]?.id])).toEqual([])
    expect((await bob.pushAs(third)).outcome).toEqual({ kind: 'applied' })
  })

  it('[V136] say of the last mutation what a push recorded that was being decided meanwhile', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    await bob.push(newTask(tracker.project))
    const other = new pg.Client({ connectionString: tracker.database })
    await other.connect()
    await other.query('begin')
    await other.query('update syncgen.clients set last_seq = 2 where id = $1', [bob.client])
    await other.query(`insert into syncgen.outcomes (client, seq, outcome) values ($1, 2, '{"kind": "applied", "run": "another"}')`, [bob.client])
    const welcome = bob.connect(tracker.url)
    const isWaiting = async (): Promise<boolean> => (await tracker.sql(`select from pg_locks where not granted and locktype = 'transactionid'`)).length > 0
    while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 10))
    await other.query('commit')
    await other.end()
    expect(await welcome).toMatchObject({ lastSeq: 2, lastRun: 'another' })
  })

  it('[V126] find out numbers that were drawn again, even after a horizon, and whatever the clock said', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const at = Date.now()
    const made = (seq: number) => bob.mutation([newTask(tracker.project)], { seq, at: at + 1000 * seq })
    const mutations = [1, 2, 3, 4, 5].map(made)
    for (const mutation of mutations) expect((await bob.pushAs(mutation)).outcome).toEqual({ kind: 'applied' })
    await tracker.sql(`update syncgen.outcomes set at = at - interval '1 year', outcome = jsonb_set(outcome, '{run}', '"former"') where client = $1 and seq < 3`, [bob.client])
    await tracker.sql(`update syncgen.outcomes set at = at - interval '1 year' where client = $1`, [bob.client])
    await tracker.sql(`select syncgen.purge('0')`)
    await tracker.sql(`select syncgen.purge('0')`)
    // The last of each run stays.
    expect(await tracker.sql('select seq::int from syncgen.outcomes where client = $1 order by seq', [bob.client])).toEqual([{ seq: 2 }, { seq: 5 }])
    // As after a loss of power that took the last four along, in which the clock's state went, too.
    const [first, , , fourth] = mutations
    if (first === undefined || fourth === undefined) throw new Error('no mutations')
    const again = [2, 3, 4].map((seq) => bob.mutation([newTask(tracker.project)], { seq, run: 'later', at: at - 1000 }))
    bob.send({ kind: 'push', mutations: [{ ...first, run: 'former' }, ...again] })
    expect(await bob.next('pushed')).toMatchObject({ results: [{ seq: 1, outcome: { kind: 'applied' } }], gap: { expected: 2 } })
    bob.send({ kind: 'push', mutations: [fourth] })
    expect(await bob.next('pushed')).toMatchObject({ results: [{ seq: 4, outcome: { kind: 'applied' } }] })
  })

  it('[V52] each hear of every change, whoever made it: net per row, with the row as it is', async () => {
    const other = await tracker.node()
    const heard: [string[], string[]] = [[], []]
    const fields: string[] = []
    for (const [at, server] of [tracker.server, other.server].entries()) {
      server.on('tasks', (event) => {
        heard[at]?.push(`${event.kind} ${event.row?.title ?? ''}`)
        if (event.kind === 'updated') fields.push(...event.fields)
      })
      server.on('tasks', () => {
        throw new Error('a listener of the app breaks')
      })
    }
    const seen = (text: string) =>
      expect.poll(() => heard.map((each) => each.includes(text)), { timeout: 5000 }).toEqual([true, true])
    const id = await tracker.task('by SQL')
    await seen('created by SQL')
    await tracker.sql(`update tasks set title = 'changed', votes = 3 where id = $1`, [id])
    await seen('updated changed')
    await tracker.sql('delete from tasks where id = $1', [id])
    await seen('deleted ')
    expect(new Set(fields)).toEqual(new Set(['title', 'votes', 'updatedAt']))
    await tracker.server.transaction(async (tx) => {
      const task = await tx.tasks.create({ projectId: tracker.project, title: 'never was', position: 'a' })
      await tx.tasks.delete(task.id)
    })
    const marker = await tracker.task('marker')
    await seen('created marker')
    expect(heard.flat().filter((text) => text.includes('never was') || text === 'deleted ')).toHaveLength(2)
    expect(marker).toHaveLength(36)
    expect(tracker.log.filter((line) => line.includes('listener-failed')).length).toBeGreaterThan(0)
  })
})

describe('server code', () => {
  it('[V53] writes typed rows in one transaction, serverOnly fields included, or nothing at all', async () => {
    const user = await tracker.server.transaction(async (tx) => {
      const made = await tx.users.create({ name: 'Zoe', email: 'zoe@example.org', passwordHash: 'hash' })
      expect(await tx.users.get(made.id)).toEqual(made)
      expect(made.createdAt).toBeInstanceOf(Date)
      const task = await tx.tasks.create({
        projectId: tracker.project,
        title: 't',
        position: 'a',
        estimate: '1.5',
        dueAt: new Date('2030-01-02T03:04:05.678Z'),
      })
      expect(await tx.tasks.update(task.id, { votes: { add: 2 }, title: 'u' })).toMatchObject({
        votes: 2,
        title: 'u',
        estimate: '1.50',
        dueAt: new Date('2030-01-02T03:04:05.678Z'),
      })
      expect(await tx.tasks.update(randomUUID(), { title: 'x' })).toBeUndefined()
      expect(await tx.tasks.delete(task.id)).toBe(true)
      expect(await tx.tasks.delete(task.id)).toBe(false)
      expect(await tx.sql('select count(*)::int as n from users where id = $1', [made.id])).toEqual([{ n: 1 }])
      return made
    })
    expect(await tracker.sql('select password_hash from users where id = $1', [user.id])).toEqual([{ password_hash: 'hash' }])
    await expect(
      tracker.server.transaction(async (tx) => {
        await tx.users.update(user.id, { name: 'gone' })
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await tracker.sql('select name from users where id = $1', [user.id])).toEqual([{ name: 'Zoe' }])
    await expect(
      tracker.server.transaction((tx) => tx.users.update(user.id, { email: 7 as unknown as string })),
    ).rejects.toMatchObject({ code: 'invalid-value' })
  })

  it('[V89] that caught the error of a statement is told that nothing was committed', async () => {
    const name = randomUUID()
    const caught = tracker.server.transaction(async (tx) => {
      await tx.users.create({ name, email: 'caught@example.org' })
      await tx.sql('select 1 / 0').catch(() => undefined)
    })
    await expect(caught).rejects.toThrow('Nothing was committed')
    expect(await tracker.sql('select id from users where name = $1', [name])).toEqual([])
    await tracker.server.transaction((tx) => tx.users.create({ name, email: 'after@example.org' }))
  })
})

describe('a life', () => {
  const start = (database: string | undefined) =>
    createTrackerServer({ database, origins: '*', authenticate, log: () => undefined })

  it('[V54] begins with words that say what is wrong', async () => {
    await expect(start(undefined)).rejects.toMatchObject({
      code: 'database-unreachable',
      message: expect.stringContaining('DATABASE_URL') as string,
    })
    await expect(start('postgres://nobody@127.0.0.1:1/none')).rejects.toMatchObject({ code: 'database-unreachable' })
    const { url, drop } = await testDatabase()
    await expect(start(url)).rejects.toMatchObject({
      code: 'database-not-migrated',
      message: expect.stringContaining('npx syncgen migrate') as string,
    })
    await migrate({ database: url, folder: migrations })
    const sql = new pg.Client({ connectionString: url })
    await sql.connect()
    await sql.query('alter table tasks drop column due_at')
    await expect(start(url)).rejects.toMatchObject({
      code: 'database-not-migrated',
      message: expect.stringContaining('tasks.due_at') as string,
    })
    await sql.end()
    await drop()
  })

  it('[V55] ends in order: what is under way is finished, clients are told when to come back', async () => {
    const node = await tracker.node()
    const bob = tracker.device(tracker.bob)
    await bob.connect(node.url)
    await bob.sync(['home'])
    const op = newTask(tracker.project)
    bob.send({ kind: 'push', mutations: [bob.mutation([op])] })
    // The frame must have arrived for it to be under way: a ping behind it is answered.
    bob.send({ kind: 'ping', at: 1 })
    await bob.until('the pong', () => bob.frames.some(({ kind }) => kind === 'pong'))
    await node.server.close()
    const { code } = await bob.whenClosed()
    expect(code).toBe(1012)
    const kinds = bob.frames.map(({ kind }) => kind)
    expect(kinds.indexOf('pushed')).toBeGreaterThan(-1)
    expect(kinds.at(-1)).toBe('closing')
    expect(await tracker.sql('select 1 from tasks where id = $1', [op.id])).toHaveLength(1)
    await expect(node.server.transaction(async () => Promise.resolve())).rejects.toMatchObject({ code: 'closed' })
    await node.server.close()
  })

  it('[V56] in another database than before renews the epoch: devices compare what they hold', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const { epoch } = await welcomeOf(bob)
    await bob.cut()
    await tracker.sql(`update syncgen.meta set timeline = '000000FF'`)
    const node = await tracker.node()
    expect(await tracker.sql('select 1 from syncgen.changes')).toEqual([])
    const welcome = await bob.connect(node.url)
    if (welcome.kind !== 'welcome') throw new Error('refused')
    expect(welcome.epoch).not.toBe(epoch)
    await bob.resync()
    expect(bob.frames.map(({ kind }) => kind)).toContain('wanted')
    // Nodes that were running notice, and send their clients to compare, too.
    const ada = tracker.device(tracker.ada)
    await ada.connect(tracker.url)
    await ada.sync(['home'])
    const id = await tracker.task('after', { assignee_id: tracker.ada })
    await ada.until('the task or the end', () => ada.held('Task').includes(id) || ada.closed !== undefined)
  })

  it('[V56] whose epoch cannot be renewed now looks again: it is as soon as it can be, and devices compare then', async () => {
    const bob = await tracker.online(tracker.bob, ['home'])
    const failures = () => tracker.log.filter((line) => line.includes('changelog-failed') && line.includes('renewed_later')).length
    const timeline = async () => (await tracker.sql('select timeline from syncgen.meta'))[0]?.['timeline']
    const before = await timeline()
    // Not by another name of the function: a node that is about to call it for what the test before did would still find it.
    await tracker.sql(`alter table syncgen.meta add constraint renewed_later check (timeline = '000000FE') not valid`)
    await tracker.sql(`update syncgen.meta set timeline = '000000FE', uuid = gen_random_uuid()`)
    const id = await tracker.task('written meanwhile', { assignee_id: tracker.bob })
    await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(2)
    expect(await timeline()).toBe('000000FE')
    expect(bob.held('Task')).not.toContain(id)
    await tracker.sql('alter table syncgen.meta drop constraint renewed_later')
    await expect.poll(timeline, { timeout: 10_000 }).toBe(before)
    await bob.whenClosed()
    // The node sends everybody away once more when it sees the new epoch; then what comes next comes as always.
    for (let held = false; !held; held = bob.held('Task').includes(id)) {
      await bob.connect(tracker.url)
      await bob.resync().catch(() => undefined)
      const next = await tracker.task('next', { assignee_id: tracker.bob })
      await bob.until('the task or the end', () => bob.held('Task').includes(next) || bob.closed !== undefined)
    }
  })

  const welcomeOf = async (device: { frames: readonly { kind: string }[] }): Promise<{ epoch: string }> =>
    Promise.resolve(device.frames.find(({ kind }) => kind === 'welcome') as unknown as { epoch: string })
})

describe('migrations', () => {
  const first = { name: '0001_a.sql', sql: 'create table a (id int); insert into a values (1);' }
  const second = { name: '0002_b.sql', sql: 'create table b (id int)' }

  it('[V57] are applied once, in order of their names, each whole or not at all; of many runners one works', async () => {
    const { url: database, drop } = await testDatabase()
    const sql = new pg.Client({ connectionString: database })
    await sql.connect()
    const runs = await Promise.all([1, 2, 3].map(() => migrate({ database, files: [second, first] })))
    expect(runs.flat().sort()).toEqual(['0001_a.sql', '0002_b.sql'])
    expect(await migrate({ database, files: [first, second] })).toEqual([])
    const broken = { name: '0003_c.sql', sql: 'create table c (id int);\nselect nonsense;' }
    await expect(migrate({ database, files: [first, second, broken] })).rejects.toMatchObject({
      code: 'database-not-migrated',
      message: expect.stringMatching(/0003_c\.sql failed at line 2/) as string,
    })
    expect((await sql.query(`select to_regclass('c') as c`)).rows).toEqual([{ c: null }])
    // A file of another branch, with an earlier name, comes late.
    expect(await migrate({ database, files: [first, { name: '0001_z.sql', sql: 'create table z (id int)' }, second] })).toEqual([
      '0001_z.sql',
    ])
    await expect(migrate({ database, files: [{ ...first, sql: `${first.sql} -- edited` }, second] })).rejects.toMatchObject({
      message: expect.stringContaining('0001_a.sql was edited') as string,
    })
    expect(await migrate({ database, files: [{ ...first, sql: first.sql.replaceAll('\n', '\r\n') }, second] })).toEqual([])
    await expect(migrate({ database, folder: '/no/such/folder' })).rejects.toMatchObject({ code: 'database-not-migrated' })
    await expect(migrate({ database: 'postgres://nobody@127.0.0.1:1/none', files: [] })).rejects.toMatchObject({
      code: 'database-unreachable',
    })
    await sql.end()
    await drop()
  })
})

describe('an HTTP server', () => {
  it('[V58] keeps its other upgrades', async () => {
    const http = createHttpServer()
    http.on('upgrade', (request, socket) => {
      if (request.url === '/mine') socket.end('HTTP/1.1 418 Teapot\r\n\r\n')
    })
    tracker.server.attach(http, { path: '/live' })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const { port } = http.address() as AddressInfo
    const bob = tracker.device(tracker.bob)
    expect(await bob.connect(`ws://127.0.0.1:${port}/live`)).toMatchObject({ kind: 'welcome' })
    const status = await new Promise<string>((resolve) => {
      new WebSocket(`ws://127.0.0.1:${port}/mine`).on('error', (error) => resolve(error.message))
    })
    expect(status).toContain('418')
    await bob.cut()
    http.close()
  })
})
