import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tracker, openTracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

let tracker: Tracker
beforeAll(async () => {
  // Every transaction of a reconcile is spent after its first run of rows: each attempt takes many.
  tracker = await openTracker({ limits: { readBytes: 1, pageRows: 400, attemptsAtOnce: 2 } })
})
afterAll(async () => {
  await tracker?.stop()
})

const board = () => ['board', { projectId: tracker.project }] as const

const bulk = (count: number, prefix: string) =>
  tracker.sql(`insert into tasks (project_id, title, position) select $1, $2 || n, 'a' from generate_series(1, $3) n`, [
    tracker.project,
    prefix,
    count,
  ])

/** Waits until the device has exactly what SQL says, once nobody writes any more. @throws with the first differences. */
const untilEqualToSql = async (device: WireDevice): Promise<void> => {
  const rows = await tracker.sql('select id, version, title from tasks where project_id = $1', [tracker.project])
  const wanted = new Map(rows.map(({ id, version, title }) => [String(id), `${String(version)} ${String(title)}`]))
  const differences = (): readonly string[] => {
    const held = new Map(
      device.held('Task').map((id) => [id, `${device.version('Task', id)} ${String(device.row('Task', id)?.['title'])}`]),
    )
    const lacks = [...wanted]
      .filter(([id, text]) => held.get(id) !== text)
      .map(([id, text]) => `${id}: ${String(held.get(id))} instead of ${text}`)
    const excess = [...held.keys()].filter((id) => !wanted.has(id)).map((id) => `${id}: should not be held`)
    return [...lacks, ...excess]
  }
  await device.until('the state of SQL', () => differences().length === 0).catch(() => undefined)
  expect(differences().slice(0, 5)).toEqual([])
}

/** A seeded generator (mulberry32). */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
}

/** Edits, moves out, deletes and inserts all over the key range until told to stop. */
const disturb = (seed: number): { stop(): Promise<number> } => {
  const next = random(seed)
  let stopped = false
  let writes = 0
  const one = async (): Promise<void> => {
    const share = next()
    const pick = `(
      select id from tasks where project_id = $1 order by id
      offset floor($2::float8 * (select count(*) from tasks where project_id = $1)) limit 1)`
    if (share < 0.5)
      await tracker.sql(`update tasks set title = 'edited ' || $3 where id = ${pick}`, [tracker.project, next(), writes])
    else if (share < 0.75) await tracker.sql(`delete from tasks where id = ${pick}`, [tracker.project, next()])
    else
      await tracker.sql(`insert into tasks (id, project_id, title, position) values (gen_random_uuid(), $1, 'new', 'a')`, [
        tracker.project,
      ])
    writes += 1
  }
  const running = (async () => {
    while (!stopped) await one()
  })()
  return {
    stop: async () => {
      stopped = true
      await running
      return writes
    },
  }
}

describe('a reconcile over many transactions', () => {
  const seed = 20_260_131

  it(`[V18] of a first sync ends where SQL is, while others write (seed ${seed})`, async () => {
    await bulk(12_000, 'first ')
    const disturbance = disturb(seed)
    const bob = tracker.device(tracker.bob)
    await bob.connect(tracker.url)
    await bob.sync(board())
    expect(await disturbance.stop()).toBeGreaterThan(10)
    const ends = bob.frames.filter(({ kind }) => kind === 'page')
    expect(ends.length).toBeGreaterThan(20)
    await untilEqualToSql(bob)
  })

  it(`[V19] of a diff ends where SQL is, while others write (seed ${seed + 1})`, async () => {
    const bob = await tracker.online(tracker.bob, board())
    await bob.cut()
    await tracker.sql(
      `update tasks set title = 'changed' where id in (select id from tasks where project_id = $1 order by random() limit 4000)`,
      [tracker.project],
    )
    await tracker.sql(`delete from tasks where id in (select id from tasks where project_id = $1 order by random() limit 3000)`, [
      tracker.project,
    ])
    await bulk(3000, 'while away ')
    for (const scope of bob.scopes.values()) scope.hash = 'of yesterday'
    const disturbance = disturb(seed + 1)
    await bob.connect(tracker.url)
    await bob.resync()
    expect(await disturbance.stop()).toBeGreaterThan(10)
    await untilEqualToSql(bob)
  })

  it(`[V20] of a long absence ends where SQL is, while others write (seed ${seed + 2})`, async () => {
    const bob = await tracker.online(tracker.bob, board())
    await bob.cut()
    await tracker.sql(
      `update tasks set title = 'changed again'
      where id in (select id from tasks where project_id = $1 order by random() limit 4000)`,
      [tracker.project],
    )
    await tracker.sql(`delete from tasks where id in (select id from tasks where project_id = $1 order by random() limit 2000)`, [
      tracker.project,
    ])
    const disturbance = disturb(seed + 2)
    await bob.connect(tracker.url)
    await bob.resync()
    expect(bob.frames.map(({ kind }) => kind)).not.toContain('wanted')
    expect(await disturbance.stop()).toBeGreaterThan(10)
    await untilEqualToSql(bob)
  })

  it(`[V21] of a board whose membership comes and goes meanwhile ends without it`, async () => {
    const eve = tracker.device(tracker.eve)
    await tracker.sql(`insert into members (project_id, user_id, role) values ($1, $2, 'viewer')`, [tracker.project, tracker.eve])
    await eve.connect(tracker.url)
    eve.scopes.set(1, { claim: { id: 1, name: 'board', params: { projectId: tracker.project } }, hash: null, position: null })
    eve.startSync([1])
    await eve.next('page')
    await tracker.sql('delete from members where project_id = $1 and user_id = $2', [tracker.project, tracker.eve])
    await eve.next('synced')
    await eve.until('an empty board', () => eve.held('Task').length === 0 && eve.held('User').length === 0)
  })
})
