import { forceCloseDatabase, IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb'
import { describe, expect, it, vi } from 'vitest'
import type { Delta, Mutation } from '../protocol/messages.js'
import { limitRoom } from '../../tests/simulation/world/quota.js'
import { dexieStorage } from './dexie-storage.js'
import { memoryStorage } from './memory-storage.js'
import type { DeviceState, OpenStorage } from './storage.js'

const kinds: readonly (readonly [name: string, make: () => OpenStorage])[] = [
  ['memory', memoryStorage],
  ['Dexie', () => dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })],
]

const device = (more: Partial<DeviceState> = {}): DeviceState => ({
  client: 'one',
  schema: 's',
  session: { last: null, next: null },
  epoch: null,
  position: null,
  done: 0,
  nextScope: 1,
  scopes: [],
  clock: { offset: 0, last: 0 },
  ...more,
})

const delta = (n: number): Delta => ({ rows: { Card: [[n, `id ${n}`]] }, claims: [] })
const nothing: Delta = { rows: {}, claims: [] }
const mutation = (at: number): Omit<Mutation, 'seq'> => ({ run: 'r', schema: 's', at, strict: false, ops: [] })

describe.for(kinds)('storage in %s', ([, make]) => {
  it('[C34] is fresh at first, and gives back what was stored', async () => {
    const open = make()
    const first = await open('ada')
    expect(await first.load()).toEqual({ device: null, batches: [], outbox: [], lastSeq: 0, rejections: [] })
    await first.append({ attempts: [], delta: delta(1), scopes: [7] }, device({ position: 'p1' }), [])
    expect(await first.enqueue(mutation(10))).toBe(1)
    expect(await first.enqueue(mutation(11))).toBe(2)
    await first.append({ attempts: [], delta: delta(2), scopes: [7, 8] }, device({ position: 'p2' }), [1])
    await first.close()

    const second = await open('ada')
    expect(await second.load()).toEqual({
      device: device({ position: 'p2' }),
      batches: [
        { scopes: [7], deltas: [delta(1)] },
        { scopes: [7, 8], deltas: [delta(2)] },
      ],
      outbox: [{ seq: 2, ...mutation(11) }],
      lastSeq: 2,
      rejections: [],
    })
    await second.close()
  })

  it('[C34] pages are there once a batch names their attempt, in order; the others are dropped at start', async () => {
    const open = make()
    const first = await open('ada')
    await first.stage('b', 2, delta(2))
    await first.stage('b', 1, delta(1))
    await first.stage('a', 1, delta(9))
    await first.stage('c', 1, delta(8))
    await first.unstage('c')
    await first.append({ attempts: ['b'], delta: delta(3), scopes: [1] }, device(), [])
    await first.close()
    const second = await open('ada')
    expect((await second.load()).batches).toEqual([{ scopes: [1], deltas: [delta(1), delta(2), delta(3)] }])
    await second.append({ attempts: ['a', 'c'], delta: nothing, scopes: [1] }, device(), [])
    expect((await second.load()).batches.at(-1)).toEqual({ scopes: [1], deltas: [nothing] })
    await second.close()
  })

  it('[C34] sequence numbers go on when the outbox is empty, and start again with a new client id', async () => {
    const open = make()
    const storage = await open('ada')
    await storage.update([], [], device())
    for (const at of [1, 2, 3]) await storage.enqueue(mutation(at))
    await storage.append({ attempts: [], delta: nothing, scopes: [] }, device(), [1, 2, 3])
    expect(await storage.enqueue(mutation(4))).toBe(4)
    expect(await storage.enqueue(mutation(5))).toBe(5)
    await storage.update([], [], device({ position: 'p' }))
    expect(await storage.enqueue(mutation(6))).toBe(6)
    await storage.update([{ seq: 1, ...mutation(5) }, { seq: 2, ...mutation(6) }], [4, 5, 6], device({ client: 'two' }))
    expect(await storage.enqueue(mutation(7))).toBe(3)
    expect(await storage.load()).toMatchObject({ outbox: [{ seq: 1, at: 5 }, { seq: 2, at: 6 }, { seq: 3, at: 7 }], lastSeq: 3 })
    await storage.close()
  })

  it('[C34] a snapshot replaces the log and its pages, and spares the pages of a running attempt and the outbox', async () => {
    const open = make()
    const storage = await open('ada')
    await storage.stage('old', 1, delta(1))
    await storage.append({ attempts: ['old'], delta: nothing, scopes: [1] }, device(), [])
    await storage.stage('running', 1, delta(5))
    await storage.enqueue(mutation(1))
    await storage.compact([delta(3), delta(4)], device({ position: 'p' }))
    await storage.append({ attempts: ['running'], delta: nothing, scopes: [1] }, device({ position: 'q' }), [])
    expect(await storage.load()).toMatchObject({
      device: { position: 'q' },
      batches: [
        { scopes: null, deltas: [delta(3)] },
        { scopes: null, deltas: [delta(4)] },
        { scopes: [1], deltas: [delta(5), nothing] },
      ],
      outbox: [{ seq: 1 }],
    })
    await storage.close()
  })

  it('[C36] one at a time: a second opener is refused until the first has closed', async () => {
    const open = make()
    const first = await open('ada')
    await expect(open('ada')).rejects.toMatchObject({ code: 'storage-in-use' })
    const other = await open('bob')
    await first.close()
    const second = await open('ada')
    await expect(first.load()).rejects.toMatchObject({ code: 'storage-failed' })
    await Promise.all([second.close(), other.close()])
  })

  it('[C37] destroyed is as never used', async () => {
    const open = make()
    const first = await open('ada')
    await first.enqueue(mutation(1))
    await first.update([], [], device())
    await first.destroy()
    const second = await open('ada')
    expect(await second.load()).toEqual({ device: null, batches: [], outbox: [], lastSeq: 0, rejections: [] })
    await second.close()
  })
})

describe('storage in Dexie', () => {
  it('[C34] a transaction that fails leaves nothing of itself, and says so', async () => {
    const indexedDB = new IDBFactory()
    const storage = await dexieStorage({ indexedDB, IDBKeyRange })('ada')
    await storage.update([], [], device())
    const unstorable = { rows: { Card: [[1, (() => undefined) as unknown as string]] } } as unknown as Delta
    await expect(storage.append({ attempts: [], delta: unstorable, scopes: [] }, device({ position: 'ahead' }), [])).rejects.toMatchObject({
      code: 'storage-failed',
    })
    expect(await storage.load()).toMatchObject({ device: { position: null }, batches: [] })
    await storage.close()
  })

  it('[C16] rows, their position and what leaves the outbox with them: whenever the app ends, all of it is stored or nothing', async () => {
    const found = new Set<string>()
    for (let failing = 0, isMet = true; isMet; failing += 1) {
      const storage = await dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })('ada')
      await storage.update([], [], device())
      await storage.enqueue(mutation(1))
      const transactions: IDBTransaction[] = []
      const spies = (['add', 'put'] as const).map((name) => {
        const write = IDBObjectStore.prototype[name]
        return vi.spyOn(IDBObjectStore.prototype, name).mockImplementation(function (this: IDBObjectStore, ...given) {
          if (!transactions.includes(this.transaction)) transactions.push(this.transaction)
          const request = write.apply(this, given)
          if (transactions.indexOf(this.transaction) >= failing) request.addEventListener('success', () => this.transaction.abort())
          return request
        })
      })
      await storage.append({ attempts: [], delta: delta(1), scopes: [] }, device({ position: 'ahead', done: 1 }), [1]).catch(() => undefined)
      for (const spy of spies) spy.mockRestore()
      isMet = transactions.length > failing
      const { device: stored, batches, outbox } = await storage.load()
      found.add(`${stored?.position ?? 'behind'}, ${stored?.done ?? 0} done, ${batches.length} batches, ${outbox.length} waiting`)
      await storage.close()
    }
    expect([...found]).toEqual(['behind, 0 done, 0 batches, 1 waiting', 'ahead, 1 done, 1 batches, 0 waiting'])
  })

  it('[C9] a transaction that is aborted after its requests succeeded, as for want of room, has stored nothing', async () => {
    const indexedDB = new IDBFactory()
    const storage = await dexieStorage({ indexedDB, IDBKeyRange })('ada')
    await storage.update([], [], device())
    const put = IDBObjectStore.prototype.put
    const puts = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...given) {
      const request = put.apply(this, given)
      request.addEventListener('success', () => this.transaction.abort())
      return request
    })
    await expect(storage.enqueue(mutation(1))).rejects.toMatchObject({ code: 'storage-failed' })
    expect(puts).toHaveBeenCalled()
    puts.mockRestore()
    expect(await storage.enqueue(mutation(2))).toBe(1)
    expect((await storage.load()).outbox).toEqual([{ seq: 1, ...mutation(2) }])
    await storage.close()
  })

  it('[C9] a request that never settles, as where a quota is met, does not keep anything waiting: the transaction says that there is no room', async () => {
    const indexedDB = new IDBFactory()
    const storage = await dexieStorage({ indexedDB, IDBKeyRange })('ada')
    await storage.update([], [], device())
    let room = 2
    for (const database of (indexedDB as unknown as { readonly _databases: ReadonlyMap<string, object> })._databases.values()) limitRoom(database, () => room-- <= 0)
    await expect(storage.append({ attempts: [], delta: delta(1), scopes: [] }, device({ position: 'ahead' }), [])).resolves.toBeUndefined()
    await expect(storage.enqueue(mutation(1))).rejects.toMatchObject({ code: 'storage-failed', details: { full: true } })
    await expect(storage.update([{ seq: 1, ...mutation(1) }], [], device())).rejects.toMatchObject({ code: 'storage-failed', details: { full: true } })
    room = 100
    expect(await storage.enqueue(mutation(2))).toBe(1)
    expect(await storage.load()).toMatchObject({ device: { position: 'ahead' }, outbox: [{ seq: 1, ...mutation(2) }] })
    await storage.close()
  })

  it('[C9] opens again when the connection to the database is lost, and runs what failed', async () => {
    const indexedDB = new IDBFactory()
    const opened: IDBDatabase[] = []
    const open = indexedDB.open.bind(indexedDB)
    indexedDB.open = (...given) => {
      const request = open(...given)
      request.addEventListener('success', () => opened.push(request.result))
      return request
    }
    const storage = await dexieStorage({ indexedDB, IDBKeyRange })('ada')
    expect(await storage.enqueue(mutation(1))).toBe(1)
    for (const database of opened) forceCloseDatabase(database as never)
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(await storage.enqueue(mutation(2))).toBe(2)
    expect(opened.length).toBe(2)
    await storage.close()
  })

  it('[C34] gives way when another tab wants to delete or upgrade the database', async () => {
    const indexedDB = new IDBFactory()
    const storage = await dexieStorage({ indexedDB, IDBKeyRange })('ada')
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase('ada')
      request.onsuccess = () => resolve()
      request.onblocked = () => reject(new Error('blocked'))
    })
    await expect(storage.load()).rejects.toMatchObject({ code: 'storage-failed' })
  })
})
