/** A diff by digests, and the check that finds what should never be there, on real PostgreSQL and with real clients. */
import { afterEach, describe, expect, it } from 'vitest'
import type { CacheDifference, OpenStorage } from 'syncgen/client'
import type { Delta } from 'syncgen/protocol'
import { until } from 'syncgen/testing'
import { memoryStorage } from '../../runtime/client/memory-storage.js'
import { webSocketNetwork } from '../../runtime/client/platform.js'
import type { Tracker } from '../../generated-example/client/index.js'
import { openWorld, storageOfDevice, type World } from './world.js'

let world: World
afterEach(() => world?.close())

/** What went over a device's connections since it was last asked. */
interface Tap {
  readonly network: typeof webSocketNetwork
  take(): { readonly bytes: number; readonly frames: readonly string[] }
}

const tap = (): Tap => {
  let frames: string[] = []
  return {
    network: {
      connect: (url, listener) => {
        const socket = webSocketNetwork.connect(url, {
          ...listener,
          opened: () => listener.opened(),
          closed: (...how) => listener.closed(...how),
          received: (text) => {
            frames.push(text)
            listener.received(text)
          },
        })
        return {
          send: (text) => {
            frames.push(text)
            socket.send(text)
          },
          close: (code, reason) => socket.close(code, reason),
        }
      },
    },
    take: () => {
      const taken = frames
      frames = []
      return { bytes: taken.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0), frames: taken }
    },
  }
}

const deltasOf = (frames: readonly string[]): readonly Delta[] =>
  frames.flatMap((frame) => {
    const { kind, delta } = JSON.parse(frame) as { readonly kind: string; readonly delta?: Delta }
    return (kind === 'page' || kind === 'changed') && delta !== undefined ? [delta] : []
  })

const online = (db: Tracker): Promise<void> => until('it is online', () => db.status.get().connection === 'online')

/** Fills the project with so many tasks by plain SQL. */
const fill = (tasks: number): Promise<unknown> =>
  world.lab.sql(`insert into tasks (project_id, title, position) select $1, 'Task ' || n, 'a' from generate_series(1, $2::int) n`, [world.project, tasks])

const heard = (db: Tracker): CacheDifference[] => {
  const differences: CacheDifference[] = []
  db.on('differed', (difference) => differences.push(difference))
  return differences
}

/** A storage in which the rows of a device are not what they were when it is opened again. */
const corrupted = (disk: OpenStorage, corrupt: (delta: Delta) => Delta): OpenStorage => async (name) => {
  const storage = await disk(name)
  return new Proxy(storage, {
    get: (target, property, receiver) => {
      if (property !== 'load') {
        const value: unknown = Reflect.get(target, property, receiver)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async () => {
        const stored = await target.load()
        return { ...stored, batches: stored.batches.map((step) => ({ ...step, deltas: step.deltas.map(corrupt) })) }
      }
    },
  })
}

/** Purges until a device's position is of no use: a transaction that still runs, in any database of the server, keeps the log from being purged up to now. */
const outlive = (db: Tracker): Promise<void> =>
  until('the position is below the floor', async () => {
    await world.lab.sql(`update users set name = 'Eve II' where id = $1`, [world.eve])
    await world.lab.server.purge({ horizon: 0 })
    const below = 'select floor > pg_snapshot_xmin($1::pg_snapshot) as below from syncgen.meta'
    const [row] = await world.lab.sql(below, [db.position?.split('/')[1]])
    return row?.['below'] === true
  }, 60_000)

describe('a diff by digests', () => {
  it.each([3_000, 100_000])('[D5] of %i rows of which ten differ sends exactly those, in less than 100 kB; of none, in less than 10 kB', { timeout: 120_000 }, async (size) => {
    world = await openWorld({ server: { limits: { checkOneIn: Infinity } } })
    await fill(size)
    const wire = tap()
    const db = await world.lab.device({ principal: world.ada, claims: { sub: world.ada }, storage: memoryStorage(), open: [], ports: { network: wire.network } })
    await db.scopes.board({ projectId: world.project }).ready
    await online(db)
    expect(db.tasks.size).toBe(size)

    db.goOffline()
    const ids = (await world.lab.sql('select id from tasks order by id offset 17 limit 8')).map(({ id }) => String(id))
    const [updated, deleted] = [ids.slice(0, 5), ids.slice(5)]
    await world.lab.sql(`update tasks set title = 'changed' where id = any ($1)`, [updated])
    await world.lab.sql('delete from tasks where id = any ($1)', [deleted])
    const added = [await world.task('new'), await world.task('newer')]
    await outlive(db)
    wire.take()
    db.goOnline()
    await online(db)
    const diff = wire.take()
    expect(diff.frames.some((frame) => frame.includes('"kind":"wanted"'))).toBe(true)
    expect(diff.bytes).toBeLessThan(100_000)
    const deltas = deltasOf(diff.frames)
    expect(deltas.flatMap(({ rows }) => (rows['Task'] ?? []).map(([, id]) => id)).sort()).toEqual([...updated, ...added].sort())
    expect(deltas.flatMap(({ claims }) => claims.flatMap((claim) => [...claim.deleted, ...claim.out])).sort()).toEqual([...deleted].sort())
    expect(deltas.flatMap(({ claims }) => claims.filter(({ reset }) => reset === true))).toEqual([])
    expect(await db.check()).toMatchObject({ differences: [] })
    expect(db.tasks.size).toBe(size - 1)

    db.goOffline()
    await outlive(db)
    wire.take()
    db.goOnline()
    await online(db)
    const none = wire.take()
    expect(none.frames.some((frame) => frame.includes('"form":"digests"'))).toBe(true)
    expect(none.bytes).toBeLessThan(10_000)
    expect(deltasOf(none.frames)).toEqual([])
  })

  it('[D6] ends in the state of the database while others write, pages are small and every transaction is cut short', { timeout: 60_000 }, async () => {
    world = await openWorld({ server: { limits: { checkOneIn: 1, pageRows: 20, readBytes: 4000, readMilliseconds: 5 } } })
    await fill(1500)
    const [ada, bob] = [await world.device(world.ada), await world.device(world.bob)]
    const differences = [heard(ada), heard(bob)]
    for (const db of [ada, bob]) await db.scopes.board({ projectId: world.project }).ready
    for (let round = 0; round < 8; round += 1) {
      for (const db of [ada, bob]) db.goOffline()
      await world.lab.sql(`update tasks set title = title || '.' where ('x' || right(id::text, 2))::bit(8)::int % 32 < $1`, [round * 4])
      await world.lab.sql('delete from tasks where id in (select id from tasks order by random() limit 20)')
      await fill(25)
      await world.lab.server.purge({ horizon: 0 })
      for (const db of [ada, bob]) db.goOnline()
      for (let write = 0; write < 6; write += 1) {
        await world.lab.sql(`update tasks set votes = votes + 1, assignee_id = $1 where id in (select id from tasks order by random() limit 5)`, [write % 2 === 0 ? world.ada : world.bob])
        await world.lab.sql('delete from tasks where id in (select id from tasks order by random() limit 2)')
        await fill(2)
      }
      await Promise.all([ada, bob].map(online))
    }
    await world.equal(ada, world.ada, [world.project])
    await world.equal(bob, world.bob, [world.project])
    expect(differences).toEqual([[], []])
    for (const db of [ada, bob]) expect(await db.check()).toMatchObject({ differences: [] })
  })
})

describe('a check', () => {
  /** A device that was killed, with its storage. */
  const killed = async (): Promise<{ readonly disk: OpenStorage; readonly ids: readonly string[] }> => {
    await fill(400)
    const disk = storageOfDevice()
    const db = await world.device(world.ada, { storage: disk })
    await db.scopes.board({ projectId: world.project }).ready
    await online(db)
    const ids = db.tasks.all().map(({ id }) => id)
    await db.close()
    return { disk, ids }
  }

  it('[D7] finds nothing where nothing is wrong, and says how much it compared', async () => {
    world = await openWorld()
    const { disk } = await killed()
    const db = await world.device(world.ada, { storage: disk })
    const differences = heard(db)
    await db.scopes.board({ projectId: world.project }).ready
    await online(db)
    const { lines, differences: found } = await db.check()
    expect(lines).toBeGreaterThanOrEqual(8)
    expect([found, differences]).toEqual([[], []])
    db.goOffline()
    await expect(db.check()).rejects.toMatchObject({ code: 'unreachable' })
  })

  it.each<readonly [what: string, corrupt: (delta: Delta, victim: string) => Delta]>([
    ['a row that was lost', (delta, victim) => without(delta, victim)],
    ['a row of another version', (delta, victim) => mapTasks(delta, (row) => (row[1] === victim ? [1, ...row.slice(1)] as never : row))],
    ['a row whose version counts as none', (delta, victim) => mapTasks(delta, (row) => (row[1] === victim ? [0, ...row.slice(1)] as never : row))],
    ['a row that never was', (delta, victim) => withGhost(delta, victim)],
  ])('[D8] finds %s after a restart, and mends it once', async (_what, corrupt) => {
    world = await openWorld({ server: { limits: { checkOneIn: 1 } } })
    const { disk, ids } = await killed()
    const victim = ids[123] ?? ''
    const db = await world.device(world.ada, { storage: corrupted(disk, (delta) => corrupt(delta, victim)) })
    const differences = heard(db)
    const board = db.scopes.board({ projectId: world.project })
    await board.ready
    await until('it is mended', () => differences.some(({ kind }) => kind !== 'found'))
    const params = { projectId: world.project }
    expect(differences).toEqual([
      { kind: 'found', scope: 'board', params, models: ['Task'] },
      { kind: 'mended', scope: 'board', params, models: ['Task'] },
    ])
    await world.equal(db, world.ada, [world.project])
    expect(await db.check()).toMatchObject({ differences: [] })
    expect(db.tasks.size).toBe(400)
  })

  it('[D8] that the app asks for mends as well, and says what it was', async () => {
    world = await openWorld({ server: { limits: { checkOneIn: Infinity } } })
    const { disk, ids } = await killed()
    const db = await world.device(world.ada, { storage: corrupted(disk, (delta) => without(delta, ids[5] ?? '')) })
    await db.scopes.board({ projectId: world.project }).ready
    await online(db)
    expect(db.tasks.size).toBe(399)
    expect((await db.check()).differences).toEqual([{ kind: 'mended', scope: 'board', params: { projectId: world.project }, models: ['Task'] }])
    expect(db.tasks.size).toBe(400)
  })

  it('[D9] that is wrong itself is tried once, reported, and does not loop', async () => {
    const log: string[] = []
    world = await openWorld({ server: { limits: { checkOneIn: 1 }, log: (level: string, event: string) => log.push(`${level} ${event}`) } })
    await fill(400)
    // The hash is right where the server tries it at its start, and wrong for all other rows.
    await world.lab.sql(`create schema wrong; create function wrong.uuid_hash_extended(id uuid, seed bigint) returns bigint language sql immutable as
      'select pg_catalog.uuid_hash_extended(id, seed) # case when seed between 2 and 2000000000 then 1 else 0 end'; grant usage on schema wrong to public`)
    await world.lab.sql(`do $$ begin execute format('alter database %I set search_path = wrong, pg_catalog, public', current_database()); end $$`)
    await world.lab.kill()
    await world.lab.start()
    const wire = tap()
    const db = await world.lab.device({ principal: world.ada, claims: { sub: world.ada }, storage: memoryStorage(), open: [], ports: { network: wire.network } })
    const differences = heard(db)
    await db.scopes.board({ projectId: world.project }).ready
    await until('it gives up', () => differences.some(({ kind }) => kind === 'remains'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(differences.map(({ kind }) => kind)).toEqual(['found', 'remains'])
    expect(db.tasks.size).toBe(400)
    for (let round = 0; round < 3; round += 1) {
      db.goOffline()
      db.goOnline()
      await online(db)
    }
    expect(log).not.toContain('warn digests-off')
    expect(wire.take().frames.filter((frame) => frame.includes('"kind":"wanted"')).length).toBeLessThanOrEqual(3)
    expect(db.status.get().connection).toBe('online')
    expect(db.tasks.size).toBe(400)
  })

  it('[D1] a database that hashes otherwise: the server says so, lists keys, and everything is right', async () => {
    const log: string[] = []
    world = await openWorld({ server: { log: (level: string, event: string) => log.push(`${level} ${event}`) } })
    const { disk } = await killed()
    await world.lab.sql(`create schema wrong; create function wrong.uuid_hash_extended(id uuid, seed bigint) returns bigint language sql immutable as 'select 7::bigint'; grant usage on schema wrong to public`)
    await world.lab.sql(`do $$ begin execute format('alter database %I set search_path = wrong, pg_catalog, public', current_database()); end $$`)
    await world.lab.sql('delete from tasks where id in (select id from tasks order by id limit 3)')
    await world.lab.server.purge({ horizon: 0 })
    await world.lab.kill()
    await world.lab.start()
    expect(log).toContain('warn digests-off')
    const db = await world.device(world.ada, { storage: disk })
    await db.scopes.board({ projectId: world.project }).ready
    await online(db)
    await world.equal(db, world.ada, [world.project])
    expect(db.tasks.size).toBe(397)
    expect(await db.check()).toEqual({ lines: 0, differences: [] })
  })
})

const mapTasks = (delta: Delta, change: (row: Delta['rows'][string][number]) => Delta['rows'][string][number]): Delta => ({
  ...delta,
  rows: Object.fromEntries(Object.entries(delta.rows).map(([model, rows]) => [model, model === 'Task' ? rows.map(change) : rows])),
})

const without = (delta: Delta, victim: string): Delta => ({
  rows: Object.fromEntries(Object.entries(delta.rows).map(([model, rows]) => [model, rows.filter(([, id]) => id !== victim)])),
  claims: delta.claims.map((claim) => ({ ...claim, add: claim.add.filter((id) => id !== victim) })),
})

/** A second row beside the victim, that no database has. */
const withGhost = (delta: Delta, victim: string): Delta => {
  const ghost = '00000000-0000-4000-8000-00000000dead'
  const row = (delta.rows['Task'] ?? []).find(([, id]) => id === victim)
  if (row === undefined) return delta
  return {
    rows: { ...delta.rows, Task: [...(delta.rows['Task'] ?? []), [row[0], ghost, ...row.slice(2)]] },
    claims: delta.claims.map((claim) => (claim.add.includes(victim) ? { ...claim, add: [...claim.add, ghost] } : claim)),
  }
}
