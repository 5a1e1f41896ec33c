import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Op } from '../../runtime/protocol/index.js'
import { type Tracker, newTask, openTracker } from './tracker-node.js'

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.stop()
})

/** Ends every backend of the server, whatever it is doing, as a failover or an administrator would. */
const killBackends = () =>
  tracker.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'syncgen' and datname = current_database()`,
  )

const board = () => ['board', { projectId: tracker.project }] as const

describe('a server whose database connections die', () => {
  it('[V46] while idle goes on as if nothing had been', async () => {
    const bob = await tracker.online(tracker.bob, board())
    for (let round = 0; round < 5; round += 1) {
      await killBackends()
      const id = await tracker.task(`after kill ${round}`)
      await bob.until('the task', () => bob.held('Task').includes(id))
    }
    expect((await bob.push(newTask(tracker.project))).outcome).toEqual({ kind: 'applied' })
  })

  it('[V47] under fire applies each mutation exactly once', async () => {
    const id = await tracker.task('counted')
    const bob = await tracker.online(tracker.bob, board())
    const add: Op = { op: 'update', model: 'Task', id, version: 0, set: { votes: { add: 1 } } }
    let firing = true
    let kills = 0
    const fire = (async () => {
      while (firing) {
        const killed = await tracker.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'syncgen' and state <> 'idle' and datname = current_database()`,
        )
        kills += killed.length
        await new Promise((resolve) => setTimeout(resolve, killed.length > 0 ? 100 : 1))
      }
    })()
    let sent = 0
    while (sent < 60 || kills < 6) {
      const mutation = bob.mutation([add], { seq: sent + 1 })
      try {
        const { outcome } = await bob.pushAs(mutation)
        expect(outcome).toEqual({ kind: 'applied' })
        sent += 1
      } catch {
        // The server gave up and said so, or the line was cut: the same mutation again, on a new line.
        for (;;) {
          await bob.cut()
          const answer = await bob.connect(tracker.url).catch(() => undefined)
          if (answer?.kind === 'welcome') break
        }
      }
    }
    firing = false
    await fire
    expect(kills).toBeGreaterThan(5)
    expect(await tracker.sql('select votes from tasks where id = $1', [id])).toEqual([{ votes: sent }])
    await bob.cut()
    await bob.connect(tracker.url)
    await bob.resync()
    await bob.until('the sum', () => bob.row('Task', id)?.['votes'] === sent)
  })

  it('[V48] refuses those who come while there is no database, says when to come back, and recovers', async () => {
    const [{ name } = { name: '' }] = await tracker.sql('select current_database() as name')
    const bob = await tracker.online(tracker.bob, board())
    const { default: pg } = await import('pg')
    const other = new URL(tracker.database)
    other.pathname = '/postgres'
    const admin = new pg.Client({ connectionString: other.href })
    await admin.connect()
    await admin.query(`alter database "${String(name)}" allow_connections false`)
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, [name])
    const late = tracker.device(tracker.bob)
    expect(await late.connect(tracker.url)).toMatchObject({
      kind: 'refused',
      code: 'database-unreachable',
      retryAfter: expect.any(Number) as number,
    })
    await admin.query(`alter database "${String(name)}" allow_connections true`)
    await admin.end()
    const id = await tracker.task('back')
    await bob.until('the task', () => bob.held('Task').includes(id))
    expect(await late.connect(tracker.url)).toMatchObject({ kind: 'welcome' })
  })
})

describe('a lost answer', () => {
  it('[V49] is found again: the outcome of a rejection, too', async () => {
    const bob = await tracker.online(tracker.bob, board())
    const mutation = bob.mutation([
      { op: 'update', model: 'Task', id: randomUUID(), version: 3, set: { title: { seen: 'a', value: 'b' } } },
    ])
    bob.send({ kind: 'push', mutations: [mutation] })
    await tracker.sql('select pg_sleep(0.1)')
    await bob.cut()
    expect(await bob.connect(tracker.url)).toMatchObject({ lastSeq: 1 })
    expect((await bob.pushAs(mutation)).outcome).toMatchObject({ kind: 'rejected', code: 'deleted' })
  })
})

describe('an end', () => {
  it('[V79] comes soon, whatever clients leave unanswered or unread', async () => {
    const node = await tracker.node({ limits: { bufferedBytes: 10_000, drainWithin: 1000 } })
    await tracker.sql(
      `insert into tasks (project_id, title, position) select $1, repeat('x', 2000), 'a' from generate_series(1, 3000)`,
      [tracker.project],
    )
    const [asked, deaf, busy, fresh] = [1, 2, 3, 4].map(() => tracker.device(tracker.bob))
    if (asked === undefined || deaf === undefined || busy === undefined || fresh === undefined) throw new Error('no devices')
    await asked.connect(node.url)
    asked.send({ kind: 'sync', attempt: 1, scopes: [{ id: 9, name: 'home', params: {}, hash: 'older', position: 'none' }] })
    await deaf.connect(node.url)
    ;(deaf.socket as unknown as { _socket: import('node:net').Socket })._socket.pause()
    deaf.send({
      kind: 'sync',
      attempt: 1,
      scopes: [{ id: 1, name: 'board', params: { projectId: tracker.project }, hash: null, position: null }],
    })
    await busy.connect(node.url)
    busy.send({ kind: 'push', mutations: Array.from({ length: 200 }, () => busy.mutation([newTask(tracker.project)])) })
    await fresh.open(node.url)
    // Somebody else holds a row and does not let go.
    const { default: pg } = await import('pg')
    const holder = new pg.Client({ connectionString: tracker.database })
    await holder.connect()
    const held = await tracker.task('held')
    await holder.query(`begin; update tasks set title = 'mine' where id = '${held}'`)
    const stuck = tracker.device(tracker.bob)
    await stuck.connect(node.url)
    stuck.send({ kind: 'push', mutations: [stuck.mutation([{ op: 'delete', model: 'Task', id: held, version: 0 }])] })
    await tracker.sql('select pg_sleep(0.2)')
    const before = performance.now()
    await node.server.close()
    expect(performance.now() - before).toBeLessThan(15_000)
    await holder.query('rollback')
    await holder.end()
    expect(await tracker.sql('select title from tasks where id = $1', [held])).toEqual([{ title: 'held' }])
    expect(stuck.frames.at(-1)).toMatchObject({ kind: 'refused', code: 'database-unreachable' })
    const decided = busy.frames.flatMap((frame) => (frame.kind === 'pushed' ? frame.results : []))
    const [row] = await tracker.sql('select last_seq from syncgen.clients where id = $1', [busy.client])
    expect(Number(row?.['last_seq'])).toBe(decided.at(-1)?.seq)
  })
})
