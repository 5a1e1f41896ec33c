import { describe, expect, it } from 'vitest'
import type { Trial } from '../../tests/client/schema.js'
import { bringIntoStep, cardRow, claim, eventually, position, TestWorld, uuidOf, welcome, type Wire } from '../../tests/client/world.js'
import { Digests } from '../protocol/digest.js'
import type { LineDigest } from '../protocol/messages.js'
import type { CacheDifference } from './checkup.js'
import { memoryStorage } from './memory-storage.js'
import type { OpenStorage, Storage } from './storage.js'

const board = { boardId: uuidOf(1) }

interface Scene {
  readonly world: TestWorld
  readonly db: Trial
  readonly wire: Wire
  readonly storage: OpenStorage
  /** The process is gone: its storage is free, and was not told. */
  kill(): Promise<void>
  readonly differences: readonly CacheDifference[]
}

/** Cards 10 and 11 of board 1, at position 5. */
const inStep = async (): Promise<Scene> => {
  const world = new TestWorld()
  const storage = memoryStorage()
  const opened: Storage[] = []
  const noted: OpenStorage = async (name) => {
    const open = await storage(name)
    opened.push(open)
    return open
  }
  const kill = async (): Promise<void> => {
    for (const each of world.wires) each.cut()
    world.clearTimers()
    for (const each of opened) await each.close()
  }
  const db = await world.open({ storage: noted, log: () => undefined })
  const differences: CacheDifference[] = []
  db.on('differed', (difference) => differences.push(difference))
  db.openScope('board', board)
  const wire = await world.wire()
  await bringIntoStep(wire, 5, [{ rows: { Card: [cardRow(1, 10), cardRow(2, 11)] }, claims: [claim(1, 'Card', { add: [10, 11] })] }])
  await eventually(() => expect(db.status.get().connection).toBe('online'))
  return { world, db, wire, storage, kill, differences }
}

const digestOf = (...cards: readonly (readonly [version: number, n: number])[]): LineDigest => {
  const digests = new Digests(1)
  for (const [version, n] of cards) digests.add(0, uuidOf(n), version)
  return { scope: 1, model: 'Card', digest: digests.total }
}

const held = digestOf([1, 10], [2, 11])
const other = digestOf([1, 10], [3, 11])

/** Answers the n-th sync: nothing to send, and these digests. */
const answer = async (wire: Wire, n: number, digests: readonly LineDigest[] | undefined, from: string | null = position(5)) => {
  const sync = await wire.awaits('sync', n)
  const scopes = sync.scopes.map(({ id }) => ({ id, hash: `hash ${n}` }))
  wire.send({ kind: 'synced', attempt: sync.attempt, from, position: position(5), done: 0, scopes, ...(digests === undefined ? {} : { digests }) })
  return sync
}

const asked = { scope: 'board', params: board, models: ['Card'] }

describe('a check', () => {
  it('[D7] that the app asks for sends all open scopes, and resolves when their digests are equal', async () => {
    const { db, wire, differences } = await inStep()
    const checking = db.check()
    expect(await answer(wire, 2, [held, { scope: 1, model: 'Board', digest: '0000000000000000' }])).toMatchObject({ check: true, scopes: [{ id: 1, hash: 'hash 1', position: position(5) }] })
    expect(await checking).toEqual({ lines: 2, differences: [] })
    expect(differences).toEqual([])
  })

  it('[D7] of a server that says no digests compares nothing', async () => {
    const { db, wire } = await inStep()
    const checking = db.check()
    await answer(wire, 2, undefined)
    expect(await checking).toEqual({ lines: 0, differences: [] })
  })

  it('[D7] ends with the connection, and needs one', async () => {
    const { db, wire } = await inStep()
    const checking = db.check()
    await wire.awaits('sync', 2)
    wire.cut()
    await expect(checking).rejects.toMatchObject({ code: 'unreachable' })
    await expect(db.check()).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('[D8] that finds a difference sends the scope without its hash, with a check, and says how it ended', async () => {
    const { db, wire, differences } = await inStep()
    const checking = db.check()
    await answer(wire, 2, [other])
    const mending = await wire.awaits('sync', 3)
    expect(mending).toMatchObject({ check: true, scopes: [{ id: 1, hash: null, position: position(5) }] })
    expect(differences).toEqual([{ kind: 'found', ...asked }])
    wire.send({ kind: 'page', attempt: mending.attempt, delta: { rows: { Card: [cardRow(3, 11)] }, claims: [claim(1, 'Card', { add: [11] })] } })
    await answer(wire, 3, [other])
    expect(await checking).toEqual({ lines: 2, differences: [{ kind: 'mended', ...asked }] })
    expect(wire.of('sync')).toHaveLength(3)
  })

  it('[D9] that differs again is reported and ends there; another is tried when the app asks, or after a while', async () => {
    const { db, wire, differences } = await inStep()
    const checking = db.check()
    await answer(wire, 2, [other])
    await answer(wire, 3, [other])
    expect(await checking).toEqual({ lines: 2, differences: [{ kind: 'remains', ...asked }] })
    expect(differences.map(({ kind }) => kind)).toEqual(['found', 'remains'])
    await db.boards.create({ title: 'a moment later' }).durable
    expect(wire.of('sync')).toHaveLength(3)
    const again = db.check()
    await answer(wire, 4, [other])
    await answer(wire, 5, [held])
    expect((await again).differences).toEqual([{ kind: 'mended', ...asked }])
  })

  it('[D8] that was cut off while it mended goes on with the next connection', async () => {
    const { world, db, wire } = await inStep()
    void db.check().catch(() => undefined)
    await answer(wire, 2, [other])
    await wire.awaits('sync', 3)
    wire.cut()
    world.pass(1_000)
    const second = await world.wire(2)
    second.send(welcome())
    expect(await second.awaits('sync')).toMatchObject({ check: true, scopes: [{ id: 1, hash: null, position: position(5) }] })
  })

  it('[D7] a scope that was closed and opened again during the attempt is not compared', async () => {
    const world = new TestWorld()
    const db = await world.open({ log: () => undefined })
    const differences: CacheDifference[] = []
    db.on('differed', (difference) => differences.push(difference))
    const first = db.openScope('board', board)
    const wire = await world.wire()
    wire.send(welcome())
    await wire.awaits('sync')
    first.close()
    await wire.awaits('close')
    db.openScope('board', board)
    await answer(wire, 1, [held], null)
    expect(await wire.awaits('sync', 2)).not.toHaveProperty('check')
    expect(differences).toEqual([])
  })

  it('[D8] comes by itself after a kill, and not after an orderly end', async () => {
    const { storage, wire, kill } = await inStep()
    expect(wire.of('sync')[0]).not.toHaveProperty('check')
    await kill()
    const second = new TestWorld()
    const next = await second.open({ storage, log: () => undefined })
    next.openScope('board', board)
    const line = await second.wire()
    line.send(welcome())
    expect(await line.awaits('sync')).toHaveProperty('check', true)
    await next.close()
    const third = new TestWorld()
    const last = await third.open({ storage, log: () => undefined })
    last.openScope('board', board)
    const calm = await third.wire()
    calm.send(welcome())
    expect(await calm.awaits('sync')).not.toHaveProperty('check')
  })

  it('[D8] after a kill comes once a day at most, by a clock that may have been set back', async () => {
    const { storage, kill } = await inStep()
    await kill()
    const start = async (now: number): Promise<boolean> => {
      const world = new TestWorld()
      world.now = now
      const opened: Storage[] = []
      const noted: OpenStorage = async (name) => {
        const open = await storage(name)
        opened.push(open)
        return open
      }
      const db = await world.open({ storage: noted, log: () => undefined })
      db.openScope('board', board)
      const wire = await world.wire()
      wire.send(welcome())
      const { check } = await wire.awaits('sync')
      await answer(wire, 1, check === true ? [held] : undefined, null)
      await eventually(() => expect(db.status.get().connection).toBe('online'))
      wire.cut()
      world.clearTimers()
      for (const each of opened) await each.close()
      return check === true
    }
    const day = 24 * 3_600_000
    expect(await start(5 * day)).toBe(true)
    expect(await start(5 * day + 1)).toBe(false)
    expect(await start(6 * day - 1)).toBe(false)
    expect(await start(6 * day)).toBe(true)
    expect(await start(4 * day)).toBe(true)
  })
})
