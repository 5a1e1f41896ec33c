/** A browser empties storage under the feet of a page: somebody clears site data, or its file was damaged. */
import { forceCloseDatabase, IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ModelServer } from '../../tests/client/model-server.js'
import type { Trial } from '../../tests/client/schema.js'
import { TestWorld, uuidOf } from '../../tests/client/world.js'
import { dexieStorage } from './dexie-storage.js'
import type { OpenStorage, Storage } from './storage.js'

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
const board = { boardId: uuidOf(1) }
const card = (title: string) => ({ boardId: uuidOf(1), title, note: null, votes: 0, size: null, tags: [] })

/** A disk that is emptied before the transactions for which `when` says so. */
class Disk {
  readonly #factory = new IDBFactory()
  readonly #connections: IDBDatabase[] = []
  transactions = 0
  when: (transaction: number) => boolean = () => false

  constructor() {
    const open = this.#factory.open.bind(this.#factory)
    this.#factory.open = (...given) => {
      const request = open(...given)
      request.addEventListener('success', () => this.#connections.push(request.result))
      return request
    }
  }

  readonly storage: OpenStorage = async (name, holder) => {
    const real = await dexieStorage({ indexedDB: this.#factory, IDBKeyRange })(name, holder)
    const around = (method: 'stage' | 'unstage' | 'append' | 'enqueue' | 'update' | 'compact') => ({
      [method]: async (...given: readonly never[]): Promise<unknown> => {
        if (this.when((this.transactions += 1))) await this.empty(name)
        return (real[method] as (...given: readonly never[]) => Promise<unknown>).call(real, ...given)
      },
    })
    const methods = (['stage', 'unstage', 'append', 'enqueue', 'update', 'compact'] as const).map(around)
    const rest = { load: () => real.load(), close: () => real.close(), destroy: () => real.destroy() }
    // The cast is the boundary: each method is called with its own arguments.
    return Object.assign(rest, ...methods) as Storage
  }

  async empty(name = 'trial:ada'): Promise<void> {
    for (const connection of this.#connections.splice(0)) forceCloseDatabase(connection as never)
    await new Promise<unknown>((resolve) => this.#factory.deleteDatabase(name).addEventListener('success', resolve))
  }
}

const serverWithABoard = (): ModelServer => {
  const server = new ModelServer(() => 0.9)
  server.write((put) => {
    put('Board', uuidOf(1), { title: 'b' })
    for (const n of [10, 11, 12]) put('Card', uuidOf(n), card(`c${n}`))
  })
  return server
}

/** Lets everything that is on its way arrive. */
const settle = async (world: TestWorld, server: ModelServer, db: Trial): Promise<void> => {
  for (let round = 0; round < 200; round += 1) {
    server.accept(world.wires)
    for (const wire of world.wires) for (let n = 0; n < 50 && server.step(wire); n += 1) continue
    if (round % 4 === 3) server.tick()
    if (round % 8 === 7) world.pass(2_000)
    for (let turn = 0; turn < 4; turn += 1) await rest()
    if (round > 4 && db.position === server.position && db.status.get().pending === 0) return
  }
}

const closed = (db: Trial): Trial => {
  onTestFinished(() => db.close())
  return db
}

const inStep = (db: Trial, server: ModelServer, at: string): void => {
  const members = server.members([{ name: 'board', params: board }])
  const cards = [...members].filter(([key]) => key.startsWith('Card ')).map(([key, { values }]) => [key.slice(5), values['title'], values['votes']])
  expect(db.cards.all().map(({ id, title, votes }) => [id, title, votes]).sort(), at).toEqual(cards.sort())
  expect(db.pending(), at).toEqual([])
}

describe('storage that the browser empties while it is open', { timeout: 60_000 }, () => {
  it('[C187] has what is pending again, under its numbers, and then the rows; a restart without a network shows all', async () => {
    const [world, server, disk] = [new TestWorld(), serverWithABoard(), new Disk()]
    const db = await world.open({ storage: disk.storage })
    db.openScope('board', board)
    for (const title of ['one', 'two']) db.cards.create(card(title))
    await settle(world, server, db)
    inStep(db, server, 'before')
    world.reachable = false
    for (const wire of world.wires) wire.cut()
    await db.cards.create(card('three')).durable
    const seqs = (): readonly (number | null)[] => db.pending().map(({ seq }) => seq)
    const [three] = seqs()
    await disk.empty()
    await db.cards.create(card('four')).durable
    expect(seqs()).toEqual([three, (three ?? 0) + 1])
    expect(db.status.get().error?.code).not.toBe('storage-failed')
    const shown = db.cards.all().map(({ title }) => title)
    await rest()
    await db.close()

    const again = closed(await world.open({ storage: disk.storage }))
    again.openScope('board', board)
    expect(again.cards.all().map(({ title }) => title).sort()).toEqual([...shown].sort())
    expect(again.pending().map(({ seq }) => seq)).toEqual([three, (three ?? 0) + 1])
    world.reachable = true
    world.pass(60_000)
    await settle(world, server, again)
    inStep(again, server, 'after')
  })

  it('[C187] so it is before whatever transaction: no write that was stored is lost, none is made twice', async () => {
    const day = async (disk: Disk): Promise<void> => {
      const [world, server] = [new TestWorld(), serverWithABoard()]
      const at = `emptied before one of ${disk.transactions}`
      const db = closed(await world.open({ storage: disk.storage }))
      db.openScope('board', board)
      await settle(world, server, db)
      const stored: string[] = []
      for (const title of ['a', 'b', 'c']) {
        const made = db.cards.create(card(title))
        void made.durable.then(() => stored.push(made.row.id), () => undefined)
        void db.cards.update(uuidOf(10), { votes: { add: 1 } })
        await rest()
        await rest()
      }
      void db.cards.delete(uuidOf(11))
      await settle(world, server, db)
      server.write((put) => put('Card', uuidOf(12), card('foreign')))
      await settle(world, server, db)
      world.pass(5_000)
      await settle(world, server, db)
      inStep(db, server, at)
      expect(db.cards.get(uuidOf(10))?.votes, at).toBe(3)
      expect(db.cards.get(uuidOf(11)), at).toBeUndefined()
      expect(stored.filter((id) => db.cards.get(id) === undefined), at).toEqual([])
      expect(db.status.get().error, at).toBeNull()
    }
    const calm = new Disk()
    await day(calm)
    expect(calm.transactions).toBeGreaterThan(12)
    for (let k = 2; k <= calm.transactions; k += 1) {
      const disk = new Disk()
      disk.when = (transaction) => transaction === k
      await day(disk)
    }
  })
})
