/** What happens when frames, processes and databases fail at the worst moment. Laws: docs/laws.md, group F. */
import type { OpenStorage } from 'syncgen/client'
import { until } from 'syncgen/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FrameProxy } from './frame-proxy.js'
import { openWorld, storageOfDevice, type World } from './world.js'

/** Another test's transaction, in the same cluster, may keep the log from being purged for as long, ms. */
const patience = 90_000

let world: World
let proxy: FrameProxy

beforeEach(async () => {
  world = await openWorld()
  proxy = await FrameProxy.to(world.lab.url())
})

afterEach(async () => {
  await world.close()
  await proxy.close()
})

it('[F1] a lost acknowledgement: the write is applied once, and its outcome still comes back', async () => {
  const task = await world.task('counted')
  const phone = await world.device(world.ada, { url: proxy.url })
  await phone.scopes.board({ projectId: world.project }).ready
  let lost = 0
  proxy.rule = ({ kind }) => {
    if (kind !== 'pushed' || lost > 0) return 'pass'
    lost += 1
    return 'cut'
  }
  const voted = phone.tasks.update(task, { votes: { add: 1 } })
  expect(await voted.confirmed).toEqual({ kind: 'applied' })
  expect(lost).toBe(1)
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.get(task)?.votes).toBe(1)
})

it('[F2] an acknowledged row that another deletes before its echo leaves no ghost', async () => {
  const phone = await world.device(world.ada, { url: proxy.url })
  await phone.scopes.board({ projectId: world.project }).ready
  proxy.rule = ({ kind }) => (kind === 'changed' ? 'drop' : 'pass')
  const made = phone.tasks.create({ projectId: world.project, title: 'short-lived', position: 'a' })
  await made.confirmed
  await world.lab.sql('delete from tasks where id = $1', [made.row.id])
  expect(phone.tasks.get(made.row.id)?.title).toBe('short-lived')
  proxy.rule = () => 'pass'
  proxy.cut()
  proxy.heal()
  await until('the ghost is gone', () => phone.tasks.get(made.row.id) === undefined)
  await world.equal(phone, world.ada, [world.project])
})

it('[F3] the server is killed and restarted: devices come back by themselves, nothing is lost', async () => {
  const phone = await world.device(world.ada)
  const laptop = await world.device(world.bob)
  for (const device of [phone, laptop]) await device.scopes.board({ projectId: world.project }).ready
  await world.lab.kill()
  const made = phone.tasks.create({ projectId: world.project, title: 'while down', position: 'a' })
  await world.task('by psql while down')
  await world.lab.start()
  expect(await made.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
  expect(laptop.tasks.size).toBe(2)
})

it('[F4] a connection that dies between two pages shows nothing of them; the next attempt is whole', async () => {
  await world.lab.sql(
    `insert into tasks (project_id, title, position) select $1, 'task ' || n, 'a' from generate_series(1, 3000) n`,
    [world.project],
  )
  const storage = storageOfDevice()
  let pages = 0
  proxy.rule = ({ kind }) => {
    if (kind !== 'page') return 'pass'
    pages += 1
    return pages === 2 ? 'cut' : 'pass'
  }
  const phone = await world.device(world.ada, { url: proxy.url, storage })
  const seen = new Set<number>()
  phone.on('change', () => seen.add(phone.tasks.size))
  const board = phone.scopes.board({ projectId: world.project })
  await board.ready
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.size).toBe(3000)
  expect(pages).toBeGreaterThan(3)
  await phone.close()
  const again = await world.device(world.ada, { storage })
  await again.scopes.board({ projectId: world.project }).ready
  expect(again.tasks.size).toBe(3000)
})

it('[F5] a device away beyond the horizon: same state afterwards, its queued writes judged, nothing resurrected', { timeout: 2 * patience }, async () => {
  const gone = await world.task('deleted meanwhile')
  const kept = await world.task('kept')
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  await world.equal(phone, world.ada, [world.project])
  phone.goOffline()
  const late = phone.tasks.update(gone, { title: 'too late' })
  const fine = phone.tasks.update(kept, { title: 'still fine' })
  await world.lab.sql('delete from tasks where id = $1', [gone])
  await world.task('new meanwhile')
  // A transaction that is open anywhere in the cluster holds the floor back: another try.
  await until('the log is empty', async () => {
    await world.lab.servers[0]?.purge({ horizon: 0 })
    const [log] = await world.lab.sql('select count(*)::int as rows from syncgen.changes')
    return log?.['rows'] === 0
  }, patience)
  phone.goOnline()
  expect(await late.confirmed).toMatchObject({ kind: 'rejected', code: 'deleted' })
  expect(await fine.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.get(gone)).toBeUndefined()
})

it('[F6] a pending delete is what keeps a row from coming back: with it the row goes, without it the server sends it again', async () => {
  const task = await world.task('to be deleted')
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  phone.goOffline()
  const deleted = phone.tasks.delete(task)
  expect(phone.tasks.get(task)).toBeUndefined()
  await world.lab.sql(`update tasks set state = 'doing' where id = $1`, [task])
  phone.goOnline()
  expect(await deleted.confirmed).toEqual({ kind: 'applied' })
  expect(phone.tasks.get(task)).toBeUndefined()
  expect(await world.lab.sql('select 1 from tasks where id = $1', [task])).toEqual([])
  await world.equal(phone, world.ada, [world.project])

  // The other side: a cache that merely lost the row says nothing by that. The row is the server's and comes again.
  const second = await world.task('merely missing')
  const laptop = await world.device(world.bob)
  await laptop.scopes.board({ projectId: world.project }).ready
  expect(laptop.tasks.get(second)?.title).toBe('merely missing')
  await laptop.signOut({ force: true })
  const fresh = await world.device(world.bob)
  await fresh.scopes.board({ projectId: world.project }).ready
  expect(fresh.tasks.get(second)?.title).toBe('merely missing')
  expect(await world.lab.sql('select 1 as here from tasks where id = $1', [second])).toEqual([{ here: 1 }])
})

it('[F7] a refused identity, an unknown schema, an unreachable server: each its own status, and local work goes on', async () => {
  const phone = await world.device(world.ada, { url: 'ws://127.0.0.1:9/sync' })
  await until('it gave up once', () => phone.status.get().error !== null)
  expect(phone.status.get().error?.code).toBe('unreachable')
  const made = phone.tasks.create({ projectId: world.project, title: 'local', position: 'a' })
  await made.durable
  expect(phone.tasks.get(made.row.id)?.title).toBe('local')

  proxy.rewrite = ({ kind, message }) => (kind === 'hello' ? { ...message, schema: '0'.repeat(64) } : message)
  const old = await world.device(world.ada, { url: proxy.url })
  await until('the schema was refused', () => old.status.get().connection === 'upgrade-required')
  expect(old.status.get().error?.code).toBe('schema-unknown')
  old.tasks.create({ projectId: world.project, title: 'kept for later', position: 'a' })
  expect(old.status.get().pending).toBe(1)

  proxy.rewrite = ({ kind, message }) => (kind === 'hello' ? { ...message, principal: world.eve } : message)
  const wrong = await world.device(world.bob, { url: proxy.url })
  await until('the identity was refused', () => wrong.status.get().connection === 'refused')
  expect(wrong.status.get().error?.code).toBe('wrong-principal')

  proxy.rewrite = ({ kind, message }) => (kind === 'hello' ? { ...message, token: 'not json' } : message)
  const unknown = await world.device(world.bob, { url: proxy.url })
  await until('the token was refused', () => unknown.status.get().connection === 'refused')
  expect(unknown.status.get().error?.code).toBe('unauthenticated')
})

it('[F8] the log is purged beyond what a connected device has seen: it is compared afresh and misses nothing', { timeout: 2 * patience }, async () => {
  const slow = await openWorld({ server: { pollInterval: 60_000 } })
  try {
    const phone = await slow.device(slow.ada)
    await phone.scopes.board({ projectId: slow.project }).ready
    const unseen = await slow.task('written and purged before the node looked')
    await until('the log is empty', async () => {
      await slow.lab.sql(`select syncgen.purge('0')`)
      return (await slow.lab.sql('select from syncgen.changes')).length === 0
    }, patience)
    await slow.lab.servers[0]?.transaction((tx) => tx.labels.create({ projectId: slow.other, name: 'of no concern' }))
    await until('it arrived', () => phone.tasks.get(unseen) !== undefined)
    await slow.equal(phone, slow.ada, [slow.project])
  } finally {
    await slow.close()
  }
})

it('[F9] a rejected write whose outcome was lost and then outlived the horizon is still told as rejected', async () => {
  const phone = await world.device(world.ada, { url: proxy.url })
  await phone.scopes.board({ projectId: world.project }).ready
  proxy.rule = ({ kind }) => (kind === 'pushed' ? 'cut' : 'pass')
  const foreign = phone.tasks.create({ projectId: world.other, title: 'not mine', position: 'a' })
  // The last outcome of a client is kept, whatever it is.
  phone.tasks.create({ projectId: world.project, title: 'mine', position: 'a' })
  await until('both were decided', async () => (await world.lab.sql('select from syncgen.outcomes')).length === 2)
  phone.goOffline()
  await world.lab.sql(`select syncgen.purge('0')`)
  proxy.rule = () => 'pass'
  phone.goOnline()
  expect(await foreign.confirmed).toMatchObject({ kind: 'rejected', code: 'forbidden' })
})

it('[F10] a client that dies after the second page of three: the next start shows none of them, and syncs anew', async () => {
  await world.lab.sql(
    `insert into tasks (project_id, title, position) select $1, 'task ' || n, 'a' from generate_series(1, 2500) n`,
    [world.project],
  )
  const disk = storageOfDevice()
  let pages = 0
  const { open, bury } = diesAt(disk, () => (pages += 1) > 2)
  const dying = await world.device(world.ada, { storage: open })
  const board = dying.scopes.board({ projectId: world.project })
  await until('it died', () => pages > 2)
  expect(board.status.get().state).not.toBe('synced')
  dying.goOffline()

  const unplugged = await world.device(world.ada, { storage: disk, url: 'ws://127.0.0.1:9/sync' })
  unplugged.scopes.board({ projectId: world.project })
  expect(unplugged.tasks.size).toBe(0)
  await unplugged.close()

  const again = await world.device(world.ada, { storage: disk })
  await again.scopes.board({ projectId: world.project }).ready
  await world.equal(again, world.ada, [world.project])
  expect(again.tasks.size).toBe(2500)
  bury()
})

/** A storage whose process ends when `isTime` says so before a page is stored: from then on nothing is stored, or answered until `bury`. */
const diesAt = (disk: OpenStorage, isTime: () => boolean): { readonly open: OpenStorage; readonly bury: () => void } => {
  let isDead = false
  let bury = (): void => undefined
  const buried = new Promise<never>((_, reject) => (bury = () => reject(new Error('this process has died'))))
  buried.catch(() => undefined)
  const open: OpenStorage = async (name) => {
    const storage = await disk(name)
    return new Proxy(storage, {
      get: (target, property) => {
        const method: unknown = Reflect.get(target, property)
        if (typeof method !== 'function') return method
        return async (...args: readonly unknown[]) => {
          if (!isDead && property === 'stage' && isTime()) {
            isDead = true
            await target.close()
          }
          return isDead ? buried : Reflect.apply(method, target, args)
        }
      },
    })
  }
  return { open, bury }
}
