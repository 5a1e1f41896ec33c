/** Whole lives of devices, from one seed each: writes, cuts, restarts, crashes, scopes opened and closed, other writers, a restored database. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { describe, expect, it } from 'vitest'
import { type OpenStorage, dexieStorage, memoryStorage } from '../../runtime/client/index.js'
import { equalValues, fromWire } from '../../runtime/protocol/index.js'
import { dying, moody, slow } from './failing-storage.js'
import { ModelServer } from './model-server.js'
import { schema, type Trial } from './schema.js'
import { TestWorld, uuidOf } from './world.js'

const boards = [1, 2, 3].map(uuidOf)

const randomOf = (seed: number): (() => number) => {
  let state = seed * 2_654_435_761
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Device {
  readonly world = new TestWorld()
  readonly #disk: OpenStorage
  readonly #random: () => number
  readonly #offset: number
  db: Trial | null = null
  dead: () => boolean = () => false
  /** More than 0: its storage refuses every other transaction. */
  fails = 0
  /** Boards of which this app shows the scope. */
  readonly open = new Map<string, { close(): void }>()
  #made = 0
  /** Votes, by their time: those that were made, those that were said to be stored, those that the server refused. */
  readonly votes = { made: new Set<number>(), stored: new Set<number>(), refused: new Set<number>() }
  readonly problems: string[] = []

  constructor(random: () => number, n: number, disk: OpenStorage) {
    this.#random = random
    this.#disk = disk
    this.#offset = n * 0x10_0000
    this.world.now += n * 7_200_000
  }

  async start(): Promise<void> {
    const crashes = this.#random() < 0.4
    const dies = dying(this.#disk, crashes ? 3 + Math.floor(this.#random() * 25) : Number.POSITIVE_INFINITY, this.#random() < 0.5 ? 'before' : 'after')
    this.dead = dies.isDead
    const refuses = (): boolean => this.fails > 0 && this.#random() < 0.5
    const storage: OpenStorage = slow(moody(dies.storage, refuses), () => Math.floor(this.#random() * 3))
    // The ports' randomness is the world's: client ids differ from device to device.
    const ports = { ...this.world.ports, random: { next: this.#random, uuid: () => this.#uuid() } }
    this.fails = 0
    const opening = this.world.open({ storage, ports, log: (level, event) => (level === 'error' || event.startsWith('cache-difference')) && this.problems.push(event) })
    const db = await Promise.race([opening, this.#orDead()])
    if (db === null) return this.start()
    this.db = db
    this.open.clear()
    db.on('rejected', ({ code, mutation }) => {
      if (code === 'exists') this.problems.push('a create was applied twice')
      this.votes.refused.add(mutation.at)
    })
    db.on('change', () => this.#checkPairs())
    this.#mirror(db)
    this.openScope('home')
    for (const board of boards) if (this.#random() < 0.7) this.openScope(board)
  }

  openScope(board: string): void {
    if (this.db === null || this.open.has(board)) return
    this.open.set(board, board === 'home' ? this.db.openScope('home') : this.db.openScope('board', { boardId: board }))
  }

  /** The process is gone: nothing more of it reaches disk or wire. */
  async bury(): Promise<void> {
    for (const wire of this.world.wires) wire.cut()
    this.world.clearTimers()
    this.db = null
    await this.start()
  }

  async restart(): Promise<void> {
    const closing = this.db?.close()
    await Promise.race([closing, this.#orDead()])
    await this.bury()
  }

  write(): void {
    const { db } = this
    if (db === null) return
    const pick = <Each>(all: readonly Each[]): Each | undefined => all[Math.floor(this.#random() * all.length)]
    const card = pick(db.cards.all())
    const what = this.#random()
    this.#made += 1
    const title = this.#random() < 0.1 ? 'forbidden' : `d${this.#made}`
    if (what < 0.3) db.cards.create({ boardId: pick(boards) ?? uuidOf(1), title })
    else if (card === undefined) return
    else if (what < 0.5) db.cards.update(card.id, { title })
    else if (what < 0.65) {
      const { durable } = db.cards.update(card.id, { votes: { add: 1 } })
      const at = db.pending().at(-1)?.at ?? 0
      this.votes.made.add(at)
      durable.then(() => this.votes.stored.add(at), () => undefined)
    } else if (what < 0.75) db.cards.delete(card.id)
    else if (what < 0.9) {
      db.transaction((tx) => {
        const label = tx.labels.create({ name: title })
        tx.cardLabels.create({ cardId: card.id, labelId: label.id })
        tx.cards.update(card.id, { title })
      })
    } else {
      const link = pick(db.cardLabels.all())
      if (link !== undefined) db.cardLabels.delete(link.id)
    }
  }

  /** Rows that differ from what the server says; empty: equal. */
  differences(server: ModelServer): readonly string[] {
    const { db } = this
    if (db === null) return ['closed']
    const scopes = [...this.open.keys()].map((board) => ({ name: board === 'home' ? 'home' : 'board', params: board === 'home' ? {} : { boardId: board } }))
    const members = server.members(scopes)
    const caches = [db.boards, db.cards, db.labels, db.cardLabels] as const
    const have = new Map<string, object>(caches.flatMap((cache, at) => cache.all().map((row) => [`${Object.keys(schema.models)[at]} ${row.id}`, row] as const)))
    const different = [...members].filter(([key, { values }]) => {
      const row = have.get(key) as Readonly<Record<string, unknown>> | undefined
      const fields = Object.entries(schema.models[key.split(' ')[0] ?? '']?.fields ?? {})
      return row === undefined || !fields.every(([name, field]) => equalValues(field, row[name], fromWire(field, values[name] ?? null)))
    })
    return [...different.map(([key]) => `differs: ${key}`), ...[...have.keys()].filter((key) => !members.has(key)).map((key) => `too much: ${key}`)]
  }

  /** What follows the events has what the caches have; a live query has what a fresh one has. */
  #mirror(db: Trial): void {
    const mirror = new Map(db.cards.all().map((row) => [row.id, row]))
    db.cards.on((event) => {
      if (event.kind === 'added' && mirror.has(event.id)) this.problems.push('added what was there')
      if (event.kind !== 'added' && mirror.get(event.id) !== event.before) this.problems.push(`${event.kind} what was otherwise`)
      if ('after' in event) mirror.set(event.id, event.after)
      else mirror.delete(event.id)
    })
    const options = { where: { labels: { name: { startsWith: 'd' } } }, orderBy: { votes: 'desc' }, include: { labels: true, board: true } } as const
    db.cards.query(options).subscribe((rows) => {
      if (JSON.stringify(rows) !== JSON.stringify(db.cards.query(options).rows)) this.problems.push('a live query is not what a fresh one is')
    })
    db.cards.query().subscribe(() => {
      if (mirror.size !== db.cards.size || [...mirror].some(([id, row]) => db.cards.get(id) !== row)) this.problems.push('the events do not lead to the rows')
    })
  }

  /** Another writer changes the notes of a board's cards together: they are never seen half changed. */
  #checkPairs(): void {
    const { db } = this
    for (const board of boards) {
      const notes = new Set(db?.cards.query({ where: { boardId: board, note: { not: null } } }).rows.map(({ note }) => note))
      if (notes.size > 1 && this.open.has(board)) this.problems.push(`half a transaction is visible: ${[...notes].join()}`)
    }
  }

  async #orDead(): Promise<null> {
    while (!this.dead()) await rest()
    return null
  }

  #uuid(): string {
    return uuidOf(Number.parseInt(this.world.uuid().slice(-12), 16) + this.#offset)
  }
}

const live = async (seed: number, steps: number, restores: boolean): Promise<void> => {
  const random = randomOf(seed)
  const server = new ModelServer(random)
  server.write((put) => {
    for (const board of boards) put('Board', board, { title: 'b' })
    for (const [n, board] of [...boards, ...boards].entries()) put('Card', uuidOf(0x50 + n), { boardId: board, title: `c${n}`, note: 'n0', votes: 0, size: null, tags: [] })
  })
  const disk = (): OpenStorage => (seed % 10 === 0 ? dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange }) : memoryStorage())
  const devices = [new Device(random, 1, disk()), new Device(random, 2, disk())]
  for (const device of devices) await device.start()
  let notes = 0
  for (let step = 0; step < steps; step += 1) {
    const device = devices[random() < 0.5 ? 0 : 1]
    if (device === undefined) throw new Error('no device')
    if (device.dead()) await device.bury()
    server.accept(device.world.wires)
    const what = random()
    if (what < 0.25) device.write()
    else if (what < 0.6) {
      for (const wire of device.world.wires) for (let n = Math.floor(random() * 6); n > 0 && server.step(wire); n -= 1) continue
    } else if (what < 0.72) server.tick()
    else if (what < 0.8) {
      notes += 1
      server.write((put, remove) => {
        const board = boards[Math.floor(random() * boards.length)]
        for (const [id, { values }] of server.state['Card'] ?? []) if (values['boardId'] === board && typeof values['note'] === 'string') put('Card', id, { ...values, note: `n${notes}` })
        const [victim] = [...(server.state['CardLabel'] ?? [])]
        if (victim !== undefined && random() < 0.3) remove('CardLabel', victim[0])
      })
    } else if (what < 0.86) device.world.pass(Math.floor(random() * 20_000))
    else if (what < 0.89) for (const wire of device.world.wires) wire.cut()
    else if (what < 0.92) {
      const board = boards[Math.floor(random() * boards.length)] ?? 'home'
      device.open.get(board)?.close()
      if (!device.open.delete(board)) device.openScope(board)
    } else if (what < 0.93) await device.restart()
    else if (what < 0.94 && random() < 0.5) device.db?.goOffline()
    else if (what < 0.955) device.db?.goOnline()
    else if (what < 0.96) device.fails = 1 - device.fails
    else if (restores && what < 0.965) {
      const back = Math.floor(random() * 4)
      server.restore(back, random() < 0.5 ? new Map() : server.lastSeqs)
    }
    for (let n = Math.floor(random() * 3); n > 0; n -= 1) await rest()
  }
  await heal(server, devices)
  for (const device of devices) {
    expect(device.problems.filter((problem) => restores ? problem !== 'a create was applied twice' : true)).toEqual([])
    expect(device.db?.status.get().error).toBeNull()
  }
  if (restores) return
  const count = (votes: 'made' | 'stored'): number =>
    devices.reduce((total, device) => total + [...device.votes[votes]].filter((at) => !device.votes.refused.has(at)).length, 0)
  expect(server.added).toBeLessThanOrEqual(count('made'))
  expect(server.added).toBeGreaterThanOrEqual(count('stored'))
}

/** Nothing goes wrong any more: everybody must come to the same state, with nothing pending. */
const heal = async (server: ModelServer, devices: readonly Device[]): Promise<void> => {
  let last: readonly string[] = []
  for (let round = 0; round < 400; round += 1) {
    for (const device of devices) {
      if (device.dead()) await device.bury()
      device.fails = 0
      device.db?.goOnline()
      device.world.pass(2_000)
      server.accept(device.world.wires)
      for (const wire of device.world.wires) for (let n = 0; n < 50 && server.step(wire); n += 1) continue
    }
    server.tick()
    for (let n = 0; n < 6; n += 1) await rest()
    last = devices.flatMap((device, n) => [
      ...device.differences(server).map((difference) => `device ${n + 1} ${difference}`),
      ...(device.db?.pending() ?? []).map(({ seq }) => `device ${n + 1} waits for ${seq}`),
      ...(device.db?.position === server.position ? [] : [`device ${n + 1} is at ${device.db?.position ?? 'no position'}`]),
      // Storage that works again is behind until it is tried.
      ...(device.db?.status.get().error === null ? [] : [`device ${n + 1} says ${device.db?.status.get().error?.code ?? 'nothing'}`]),
    ])
    if (last.length === 0) return
  }
  throw new Error(`the devices did not converge:\n${last.join('\n')}`)
}

describe('devices', () => {
  const first = Number(process.env['SYNCGEN_SEED'] ?? 1)
  const seeds = Array.from({ length: Number(process.env['SYNCGEN_SEEDS'] ?? 40) }, (_, n) => first + n)

  it.for(seeds)('[C40] come to the state of the server, whatever happened on the way (seed %i)', async (seed) => {
    await live(seed, 400, false)
  })

  it.for(seeds.map((seed) => seed + 1_000))('[C40] and so they do when the database was restored from a backup (seed %i)', async (seed) => {
    await live(seed, 300, true)
  })
})
