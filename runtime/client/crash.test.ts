import { describe, expect, it } from 'vitest'
import { dying } from '../../tests/client/failing-storage.js'
import { ModelServer } from '../../tests/client/model-server.js'
import type { Trial } from '../../tests/client/schema.js'
import { TestWorld, uuidOf } from '../../tests/client/world.js'
import { memoryStorage } from './memory-storage.js'

const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const board = { boardId: uuidOf(1) }

const serverWithABoard = (): ModelServer => {
  const server = new ModelServer(() => 0.9)
  server.write((put) => {
    put('Board', uuidOf(1), { title: 'b' })
    for (const n of [10, 11, 12]) put('Card', uuidOf(n), { boardId: uuidOf(1), title: `c${n}`, note: null, votes: 0, size: null, tags: [] })
  })
  return server
}

/** Lets everything that is on its way arrive. */
const settle = async (world: TestWorld, server: ModelServer): Promise<void> => {
  for (let round = 0; round < 12; round += 1) {
    server.accept(world.wires)
    for (const wire of world.wires) for (let n = 0; n < 50 && server.step(wire); n += 1) continue
    if (round % 4 === 3) server.tick()
    await rest()
  }
}

/** A day of a device; `kept` fills with what it was told to be stored. */
const day = async (db: Trial, world: TestWorld, server: ModelServer, kept: Set<string>): Promise<void> => {
  const scope = db.openScope('board', board)
  await settle(world, server)
  const created = db.cards.create({ boardId: uuidOf(1), title: 'created' })
  void created.durable.then(() => kept.add(`card ${created.row.id}`))
  if (db.cards.get(uuidOf(10)) !== undefined) {
    void db.cards.update(uuidOf(10), { votes: { add: 1 } }).durable.then(() => kept.add('vote'))
    void db.cards.delete(uuidOf(11)).durable.then(() => kept.add('delete'))
  }
  const label = db.transaction((tx) => void tx.cardLabels.create({ cardId: created.row.id, labelId: tx.labels.create({ name: 'red' }).id }))
  void label.durable.then(() => kept.add('label'))
  await settle(world, server)
  server.write((put) => put('Card', uuidOf(12), { boardId: uuidOf(1), title: 'foreign', note: null, votes: 0, size: null, tags: [] }))
  await settle(world, server)
  scope.close()
  await settle(world, server)
  db.openScope('board', board)
  await settle(world, server)
}

describe('a crash', () => {
  it('[C16] at any transaction, before or after it, loses nothing that was stored, applies nothing twice, and ends in the server\'s state', async () => {
    const whole = dying(memoryStorage(), Number.POSITIVE_INFINITY, 'before')
    const calm = new TestWorld()
    await day(await calm.open({ storage: whole.storage }), calm, serverWithABoard(), new Set())
    const transactions = whole.count()
    expect(transactions).toBeGreaterThan(15)

    for (const when of ['before', 'after'] as const) {
      for (let k = 1; k <= transactions; k += 1) {
        const disk = memoryStorage()
        const storage = dying(disk, k, when)
        const world = new TestWorld()
        const server = serverWithABoard()
        const kept = new Set<string>()
        const living = world.open({ storage: storage.storage }).then((db) => day(db, world, server, kept))
        while (!storage.isDead()) await rest()
        await rest()
        void living
        for (const wire of world.wires) wire.cut()
        world.clearTimers()

        const db = await world.open({ storage: disk })
        db.openScope('board', board)
        await settle(world, server)
        await settle(world, server)
        const at = `transaction ${k}, ${when}`
        expect(db.pending(), at).toEqual([])
        expect(db.position, at).toBe(server.position)
        const members = server.members([{ name: 'board', params: board }])
        expect([...members.keys()].filter((key) => key.startsWith('Card ')).sort(), at).toEqual(db.cards.all().map(({ id }) => `Card ${id}`).sort())
        expect(db.cards.all().map(({ id, votes, title }) => [votes, title, members.get(`Card ${id}`)?.values['votes']]), at).toEqual(
          db.cards.all().map(({ id }) => {
            const { votes, title } = members.get(`Card ${id}`)?.values ?? {}
            return [votes, title, votes]
          }),
        )
        const votes = members.get(`Card ${uuidOf(10)}`)?.values['votes']
        expect(kept.has('vote') ? [1] : [0, 1], at).toContain(votes)
        if (kept.has('delete')) expect(members.has(`Card ${uuidOf(11)}`), at).toBe(false)
        for (const card of kept) if (card.startsWith('card ')) expect(members.has(`Card ${card.slice(5)}`), at).toBe(true)
        if (kept.has('label')) expect(db.cardLabels.size, at).toBe(1)
        await db.close()
      }
    }
  })
})
