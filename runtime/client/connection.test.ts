import { describe, expect, it } from 'vitest'
import { bringIntoStep, eventually, TestWorld, welcome, type Wire } from '../../tests/client/world.js'
import { schema, type Trial } from '../../tests/client/schema.js'
import type { Refused } from '../protocol/messages.js'
import type { Transition } from '../protocol/transition.js'
import { passingWait, slowWait } from './backoff.js'
import { memoryStorage } from './memory-storage.js'

const state = (db: Trial): readonly [string, string | null] => [db.status.get().connection, db.status.get().error?.code ?? null]

const online = async (options: Parameters<TestWorld['open']>[0] = {}): Promise<{ readonly world: TestWorld; readonly db: Trial; readonly wire: Wire }> => {
  const world = new TestWorld()
  const db = await world.open(options)
  const wire = await world.wire()
  await bringIntoStep(wire, 1)
  await eventually(() => expect(state(db)).toEqual(['online', null]))
  return { world, db, wire }
}

describe('the connection', () => {
  it('[C27] without open scopes comes into step, too: its own writes are confirmed by it', async () => {
    const { wire } = await online()
    expect(wire.of('sync')).toEqual([{ kind: 'sync', attempt: 1, scopes: [] }])
  })

  it('[C28] says hello with a fresh token each time, never in the url', async () => {
    let tokens = 0
    const { world, wire } = await online({ token: () => `token ${(tokens += 1)}` })
    expect(wire.of('hello')[0]).toMatchObject({ principal: 'ada', token: 'token 1', protocol: 1 })
    wire.cut()
    world.pass(1_000)
    expect((await world.wire(2)).of('hello')[0]?.token).toBe('token 2')
  })

  it('[C28] waits longer after each failure, up to 30 s, with full jitter, and begins again after success', () => {
    const half = { next: () => 0.5, uuid: () => '' }
    const zero = { next: () => 0, uuid: () => '' }
    expect([0, 1, 2, 3, 10, 500].map((failures) => passingWait(failures, half))).toEqual([125, 250, 500, 1_000, 15_000, 15_000])
    expect(passingWait(3, zero)).toBe(0)
    expect(passingWait(0, half, 5_000)).toBe(5_125)
    expect(slowWait(zero)).toBe(30_000)
    expect(slowWait(half, 90_000)).toBe(105_000)
  })

  it('[C28] an unreachable server is tried again and again, ever more rarely, and local work goes on', async () => {
    const world = new TestWorld()
    world.reachable = false
    const db = await world.open()
    const waits: number[] = []
    for (let n = 0; n < 10; n += 1) {
      await eventually(() => expect(state(db)).toEqual(['offline', 'unreachable']))
      waits.push(await eventually(() => shortest(world)))
      world.pass(waits.at(-1) ?? 0)
      await eventually(() => expect(db.status.get().connection).toBe('connecting'))
    }
    expect(waits).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    db.labels.create({ name: 'offline' })
    expect(db.labels.size).toBe(1)
  })

  it('[C28] honours what a closing server asks for', async () => {
    const { world, db, wire } = await online()
    wire.send({ kind: 'closing', retryAfter: 7_000 })
    await eventually(() => expect(state(db)).toEqual(['offline', 'unreachable']))
    world.pass(6_999)
    await Promise.resolve()
    expect(world.wires).toHaveLength(1)
    world.pass(1_000)
    await world.wire(2)
  })

  it.for<readonly [code: Refused['code'], state: string, error: string, isSlow: boolean]>([
    ['unauthenticated', 'refused', 'unauthenticated', true],
    ['wrong-principal', 'refused', 'wrong-principal', true],
    ['schema-unknown', 'upgrade-required', 'schema-unknown', true],
    ['protocol-unknown', 'upgrade-required', 'protocol-unknown', true],
    ['expired', 'offline', 'unreachable', false],
    ['limit-exceeded', 'offline', 'limit-exceeded', false],
    ['database-unreachable', 'offline', 'database-unreachable', false],
    ['internal', 'offline', 'internal', false],
  ])('[C29] refused as %s: %s, a typed error, no hot loop', async ([code, connection, error, isSlow]) => {
    const world = new TestWorld()
    const db = await world.open()
    const wire = await world.wire()
    wire.send({ kind: 'refused', code })
    await eventually(() => expect(state(db)).toEqual([connection, error]))
    expect(shortest(world)).toBeGreaterThanOrEqual(isSlow ? 30_000 : 100)
    expect(db.labels.create({ name: 'local' }).row.name).toBe('local')
    world.pass(60_000)
    await bringIntoStep(await world.wire(2), 1)
    await eventually(() => expect(state(db)).toEqual(['online', null]))
  })

  it('[E32] speaks in old words to a server that knows no others, and tries its own at every connection, and after ten minutes', async () => {
    const world = new TestWorld()
    const before: Transition = { from: 'before', to: schema.hash, models: {}, newModels: [], scopes: {}, newScopes: [] }
    const db = await world.open({}, { ...schema, transitions: [before] })
    const hashes = (): readonly (string | undefined)[] => world.wires.map((wire) => wire.of('hello')[0]?.schema)
    const inOldWords = async (at: number): Promise<Wire> => {
      ;(await world.wire(at)).send({ kind: 'refused', code: 'schema-unknown' })
      const wire = await world.wire(at + 1)
      await bringIntoStep(wire, 1)
      await eventually(() => expect(state(db)).toEqual(['online', null]))
      return wire
    }
    await inOldWords(1)
    db.goOffline()
    db.goOnline()
    const wire = await inOldWords(3)
    expect(hashes()).toEqual([schema.hash, 'before', schema.hash, 'before'])
    for (let minute = 0; minute < 10 && wire.isOpen; minute += 0.1) {
      world.pass(6_000)
      wire.send({ kind: 'pong', at: 0, now: 0 })
      await Promise.resolve()
    }
    expect(wire.isOpen).toBe(false)
    world.pass(1_000)
    await bringIntoStep(await world.wire(5), 1)
    await eventually(() => expect(state(db)).toEqual(['online', null]))
    expect(hashes()[4]).toBe(schema.hash)
  })

  it('[C29] renew() tries at once after a refusal, and shows a fresh token on a live connection', async () => {
    const world = new TestWorld()
    let token = 'old'
    const db = await world.open({ token: () => token })
    const wire = await world.wire()
    wire.send({ kind: 'refused', code: 'unauthenticated' })
    await eventually(() => expect(db.status.get().connection).toBe('refused'))
    token = 'new'
    db.renew()
    const second = await world.wire(2)
    expect(second.of('hello')[0]?.token).toBe('new')
    await bringIntoStep(second, 1)
    token = 'newer'
    db.renew()
    expect(await second.awaits('authenticate')).toEqual({ kind: 'authenticate', token: 'newer' })
    second.send({ kind: 'authenticated' })
    expect(second.isOpen).toBe(true)
  })

  it('[C29] a token function that fails is no refusal: it is tried again', async () => {
    const world = new TestWorld()
    let fails = true
    const db = await world.open({
      token: async () => {
        if (fails) throw new TypeError('no network')
        return 'token'
      },
    })
    await eventually(() => expect(state(db)).toEqual(['offline', 'unreachable']))
    fails = false
    world.pass(1_000)
    await world.wire(1)
  })

  it('[C30] pings, and gives up a server that is silent for more than three intervals', async () => {
    const { world, db, wire } = await online()
    for (let n = 0; n < 5; n += 1) {
      world.pass(15_000)
      const [ping] = wire.of('ping').slice(-1)
      wire.send({ kind: 'pong', at: ping?.at ?? 0, now: world.now })
    }
    expect(wire.isOpen).toBe(true)
    expect(wire.of('ping').length).toBeGreaterThanOrEqual(5)
    world.pass(44_000)
    expect(wire.isOpen).toBe(true)
    world.pass(16_000)
    expect(wire.isOpen).toBe(false)
    await eventually(() => expect(world.wires.length).toBeGreaterThan(1))
    expect(db.status.get().connection).not.toBe('online')
  })

  it('[C30] after a sleep the server gets one interval to show that it is there', async () => {
    const { world, wire } = await online()
    world.sleep(3_600_000)
    world.pass(1)
    expect(wire.isOpen).toBe(true)
    const [ping] = wire.of('ping').slice(-1)
    wire.send({ kind: 'pong', at: ping?.at ?? 0, now: world.now })
    world.pass(40_000)
    expect(wire.isOpen).toBe(true)
    world.sleep(3_600_000)
    world.pass(1)
    expect(wire.isOpen).toBe(true)
    world.pass(16_000)
    expect(wire.isOpen).toBe(false)
  })

  it('[C30] gives up a server that never answers the hello', async () => {
    const world = new TestWorld()
    await world.open()
    const wire = await world.wire()
    world.pass(21_000)
    expect(wire.isOpen).toBe(false)
    await world.wire(2)
  })

  it('[C31] gives up an attempt that is never answered, though pings are', async () => {
    const world = new TestWorld()
    await world.open()
    const wire = await world.wire()
    wire.send(welcome())
    await wire.awaits('sync')
    for (let n = 0; n < 40 && wire.isOpen; n += 1) {
      world.pass(5_000)
      for (const { at } of wire.of('ping').slice(-1)) wire.send({ kind: 'pong', at, now: world.now })
    }
    expect(wire.isOpen).toBe(false)
  })

  it('[C28] follows the network: no attempts while there is none, one at once when it is back', async () => {
    const { world, db, wire } = await online()
    world.setOnline(false)
    expect(state(db)).toEqual(['offline', null])
    expect(wire.isOpen).toBe(false)
    world.pass(600_000)
    expect(world.wires).toHaveLength(1)
    world.setOnline(true)
    await world.wire(2)
  })

  it('[C28] goOffline and goOnline: no attempts between', async () => {
    const { world, db, wire } = await online()
    db.goOffline()
    expect([state(db), wire.isOpen]).toEqual([['offline', null], false])
    world.pass(600_000)
    world.setOnline(true)
    await Promise.resolve()
    expect(world.wires).toHaveLength(1)
    db.goOnline()
    db.goOnline()
    await bringIntoStep(await world.wire(2), 2)
    await eventually(() => expect(state(db)).toEqual(['online', null]))
    expect(world.wires).toHaveLength(2)
  })

  it('[C28] goOnline ends a wait for the next attempt, and only that', async () => {
    const world = new TestWorld()
    world.reachable = false
    const db = await world.open()
    for (let n = 0; n < 6; n += 1) {
      await eventually(() => expect(state(db)).toEqual(['offline', 'unreachable']))
      world.pass(await eventually(() => shortest(world)))
      await eventually(() => expect(db.status.get().connection).toBe('connecting'))
    }
    await eventually(() => expect(state(db)).toEqual(['offline', 'unreachable']))
    world.reachable = true
    db.goOnline()
    db.goOnline()
    await bringIntoStep(await world.wire(1), 1)
    await eventually(() => expect(state(db)).toEqual(['online', null]))
    db.goOnline()
    expect(world.wires).toHaveLength(1)
  })

  it('[C6] corrects the device\'s clock by the server\'s, trusting the fastest answer', async () => {
    const world = new TestWorld()
    world.now = 5_000_000
    const db = await world.open()
    const wire = await world.wire()
    world.pass(100)
    wire.send(welcome(0, { now: 9_000_000 }))
    await eventually(() => expect(wire.of('ping')).toHaveLength(1))
    db.labels.create({ name: 'a' })
    world.pass(10)
    wire.send({ kind: 'pong', at: wire.of('ping')[0]?.at ?? 0, now: 9_000_200 })
    db.labels.create({ name: 'b' })
    world.pass(2_000)
    wire.send({ kind: 'pong', at: wire.of('ping')[0]?.at ?? 0, now: 1 })
    db.labels.create({ name: 'c' })
    expect(db.pending().map(({ at }) => at)).toEqual([9_000_050, 9_000_205, 9_002_205])
  })
})

describe('time', () => {
  it('[C6] goes on after a restart, also when all that was written has left', async () => {
    const storage = memoryStorage()
    const { world, db, wire } = await online({ storage })
    world.now += 500_000
    db.labels.create({ name: 'refused' })
    const [{ at } = { at: 0 }] = db.pending()
    await wire.awaits('push')
    const outcome = { kind: 'rejected', code: 'forbidden', model: null, id: null, fields: [] } as const
    wire.send({ kind: 'pushed', results: [{ seq: 1, outcome, rows: {} }] })
    await eventually(() => expect(db.pending()).toEqual([]))
    await db.close()
    world.now -= 500_000
    const next = await world.open({ storage })
    next.labels.create({ name: 'next' })
    expect(next.pending()[0]?.at).toBeGreaterThan(at)
    await next.close()
  })
})

describe('the end', () => {
  it('[C8] close() stores what was written before, ends the connection, and refuses what comes after', async () => {
    const storage = memoryStorage()
    const { world, db, wire } = await online({ storage })
    const { durable } = db.labels.create({ name: 'last' })
    await db.close()
    await durable
    expect([wire.isOpen, world.nextTimer]).toEqual([false, undefined])
    expect(() => db.labels.create({ name: 'too late' })).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => db.openScope('home')).toThrow(expect.objectContaining({ code: 'closed' }))
    db.goOnline()
    await db.close()
    expect([world.wires.length, world.nextTimer]).toEqual([1, undefined])
    world.reachable = false
    const next = await world.open({ storage })
    expect(next.labels.all().map(({ name }) => name)).toEqual(['last'])
  })

  it('[C37] signOut() refuses while work is unsynced, unless forced, and deletes everything', async () => {
    const storage = memoryStorage()
    const { world, db } = await online({ storage })
    await db.labels.create({ name: 'unsynced' }).durable
    await expect(db.signOut()).rejects.toMatchObject({ code: 'unsynced-work', details: { pending: 1 } })
    expect(db.labels.create({ name: 'still open' }).row.name).toBe('still open')
    await db.signOut({ force: true })
    world.reachable = false
    const next = await world.open({ storage })
    expect([next.labels.size, next.pending()]).toEqual([0, []])
  })

  it('[C36] a second client of the same principal is refused, one of another is not', async () => {
    const storage = memoryStorage()
    const { world, db } = await online({ storage })
    await expect(world.open({ storage })).rejects.toMatchObject({ code: 'storage-in-use' })
    const bob = await world.open({ storage, principal: 'bob' })
    await db.close()
    const next = await world.open({ storage })
    await Promise.all([bob.close(), next.close()])
  })
})

/** Time to the next attempt: the eviction of closed scopes has a timer of its own, an hour long. */
const shortest = (world: TestWorld): number => {
  const next = world.nextTimer
  if (next === undefined || next > 3_000_000) throw new Error('no attempt is planned')
  return next
}
