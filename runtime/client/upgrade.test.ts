import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { describe, expect, it } from 'vitest'
import { dying } from '../../tests/client/failing-storage.js'
import { openTrial, schema, type Trial } from '../../tests/client/schema.js'
import { TestWorld, eventually, uuidOf, welcome } from '../../tests/client/world.js'
import type { FieldDescriptor, Fields, Op, SchemaDescriptor, Transition } from '../protocol/index.js'
import { dexieStorage } from './dexie-storage.js'
import { memoryStorage } from './memory-storage.js'
import type { DeviceState, OpenStorage } from './storage.js'

const before = 'b'.repeat(64)

const cardFields = schema.models['Card']?.fields as Fields

/** As cards were: `note` was called `text`, `stars` are gone, `votes` are new, and so is what a card was made for (nobody knows). */
const oldCard = (): Fields => {
  const { votes: _, note, ...others } = cardFields
  return { ...others, text: note as FieldDescriptor, stars: { type: 'int', default: 0 } }
}

const transition: Transition = {
  from: before,
  to: schema.hash,
  models: {
    Card: { name: 'Card', before: oldCard(), after: cardFields, fields: { note: { was: 'text' }, votes: { was: null, fill: 0 } }, isExact: true },
    Tag: { name: 'Label', before: { id: { type: 'uuid' }, name: { type: 'string' } }, after: schema.models['Label']?.fields as Fields, fields: {}, isExact: false },
    Flag: { name: null, before: { id: { type: 'uuid' }, why: { type: 'text' } }, after: {}, fields: {}, isExact: true },
  },
  newModels: ['CardLabel'],
  scopes: { flags: { name: null, before: {}, after: {}, fields: {} } },
  newScopes: [],
}

const upgradedSchema: SchemaDescriptor = { ...schema, transitions: [transition] }

const device: DeviceState = {
  client: uuidOf(99),
  schema: before,
  migrated: '0000000b',
  session: { last: null, next: null },
  epoch: 'e',
  position: 'e-0000000b/10:10:',
  done: 0,
  nextScope: 3,
  scopes: [
    { id: 1, name: 'board', params: { boardId: uuidOf(1) }, hash: 'h', position: 'device', closedAt: null },
    { id: 2, name: 'flags', params: {}, hash: 'h', position: 'device', closedAt: null },
  ],
  clock: { offset: 0, last: 0 },
}

const time = '2026-01-01T00:00:00.000Z'
const update = (id: number, set: Readonly<Record<string, unknown>>): Op =>
  ({ op: 'update', model: 'Card', id: uuidOf(id), version: 7, set: Object.fromEntries(Object.entries(set).map(([name, value]) => [name, { seen: null, value }])) }) as Op
const create = (model: string, id: number, values: Readonly<Record<string, string | number>>): Op => ({ op: 'create', model, id: uuidOf(id), values })

/** What an older version of the app left behind. */
const leave = async (disk: OpenStorage, own = device): Promise<void> => {
  const storage = await disk('trial:ada')
  const card = (id: number): readonly [number, ...(string | number | null | readonly string[])[]] => {
    const values: Readonly<Record<string, string | number | null | readonly string[]>> = { id: uuidOf(id), createdAt: time, updatedAt: time, boardId: uuidOf(1), title: `c${id}`, text: 'said', stars: 4, size: null, tags: [] }
    return [7, ...Object.keys(oldCard()).map((name) => values[name] ?? null)]
  }
  await storage.append(
    {
      attempts: [],
      delta: {
        rows: { Board: [[3, uuidOf(1), 'board']], Card: [card(10), card(11)], Tag: [[5, uuidOf(20), 'red']], Flag: [[6, uuidOf(30), 'old']] },
        claims: (['Board', 'Card', 'Tag', 'Flag'] as const).map((model, at) => ({ scope: model === 'Flag' ? 2 : 1, model, add: at === 1 ? [uuidOf(10), uuidOf(11)] : [uuidOf([1, 0, 20, 30][at] ?? 0)], out: [], deleted: [] })),
      },
      scopes: [1, 2],
    },
    own,
    [],
  )
  const add = (ops: readonly Op[], strict = false): Promise<number> => storage.enqueue({ run: 'before', schema: before, at: 1, strict, ops })
  await add([update(10, { text: 'edited', stars: 5 })])
  await add([create('Card', 12, { boardId: uuidOf(1), title: 'new', text: 'mine' })])
  await add([update(10, { stars: 6, title: 'strict' })], true)
  await add([{ op: 'delete', model: 'Card', id: uuidOf(11), version: 7 }])
  await add([create('Flag', 31, { why: 'kept' }), update(10, { title: 'beside' })])
  const refused = { seq: 0, run: 'before', schema: before, at: 1, strict: false, ops: [update(10, { text: 'refused' })] }
  await storage.update([], [], own, { kept: [{ key: 'k', mutation: refused, code: 'conflict', model: 'Card', id: uuidOf(10), fields: ['text'] }], dismissed: [] })
  await storage.close()
}

const offline = (): TestWorld => {
  const world = new TestWorld()
  world.isOnline = false
  return world
}

const open = async (storage: OpenStorage, world = offline()): Promise<Trial> => {
  const db = await openTrial({ url: 'wss://trial', principal: 'ada', token: 't', storage, ports: world.ports, log: () => undefined }, upgradedSchema)
  db.openScope('board', { boardId: uuidOf(1) })
  return db
}

/** What an app sees, and what would be sent. */
const seen = (db: Trial): unknown => ({
  cards: db.cards.all().map(({ id, title, note, votes }) => [id, title, note, votes]).toSorted(),
  labels: db.labels.all().map(({ id, name }) => [id, name]),
  pending: db.pending().map(({ seq, schema: version, ops }) => ({ seq, version, ops })),
  rejected: db.rejected().map(({ code, model, id, fields, mutation }) => ({ code, model, id, fields, seq: mutation.seq, version: mutation.schema })),
  position: db.position,
})

describe('what an older version of the app stored', () => {
  it('[E33] is converted at the next start: rows, scopes, and each local transaction; what has no meaning any more stays with the app', async () => {
    const disk = memoryStorage()
    await leave(disk)
    const db = await open(disk)
    expect(seen(db)).toEqual({
      cards: [
        [uuidOf(10), 'beside', 'edited', 0],
        [uuidOf(12), 'new', 'mine', 0],
      ],
      labels: [[uuidOf(20), 'red']],
      pending: [
        { seq: 1, version: schema.hash, ops: [{ op: 'update', model: 'Card', id: uuidOf(10), version: 7, set: { note: { seen: null, value: 'edited' } } }] },
        { seq: 2, version: schema.hash, ops: [create('Card', 12, { boardId: uuidOf(1), title: 'new', note: 'mine' })] },
        { seq: 3, version: schema.hash, ops: [] },
        { seq: 4, version: schema.hash, ops: [{ op: 'delete', model: 'Card', id: uuidOf(11), version: 7 }] },
        { seq: 5, version: schema.hash, ops: [{ ...update(10, { title: 'beside' }), set: { title: { seen: '', value: 'beside' } } }] },
      ],
      rejected: [
        { code: 'conflict', model: 'Card', id: uuidOf(10), fields: ['note'], seq: 0, version: schema.hash },
        { code: 'unknown-schema', model: 'Card', id: uuidOf(10), fields: ['stars'], seq: 1, version: before },
        { code: 'unknown-schema', model: 'Card', id: uuidOf(10), fields: ['stars'], seq: 3, version: before },
        { code: 'unknown-schema', model: 'Flag', id: uuidOf(31), fields: ['why'], seq: 5, version: before },
      ],
      position: 'e-0000000b/10:10:',
    })
    await db.close()
    expect((await held(disk)).versions).toEqual([['Board', 3], ['Card', 7], ['Card', 7], ['Label', 0]])
  })

  /** What a start left, and the version of each row that it holds. */
  const held = async (disk: OpenStorage): Promise<{ readonly device: DeviceState | null; readonly versions: readonly (readonly [string, number])[] }> => {
    const storage = await disk('trial:ada')
    const { device: left, batches } = await storage.load()
    await storage.close()
    const rows = batches.flatMap(({ deltas }) => deltas).flatMap((delta) => Object.entries(delta.rows))
    return { device: left, versions: rows.flatMap(([model, all]) => all.map(([version]) => [model, version] as const)) }
  }

  const { migrated: _, ...unsaid } = device
  const [board, flags] = device.scopes
  const retold: Readonly<Record<string, DeviceState>> = {
    'the whole device': { ...device, position: 'e-0000000a/10:10:' },
    'the whole device, of which nothing is trusted': { ...device, position: 'e-0000000a/10:10:', scopes: device.scopes.map((scope) => ({ ...scope, hash: null })) },
    'a scope that was closed': { ...device, scopes: [board, { ...flags, position: 'e-0000000a/10:10:' }] as DeviceState['scopes'] },
    'a device that is further than its scopes': { ...device, position: 'e-0000000a/10:10:', scopes: device.scopes.map((scope) => ({ ...scope, position: 'e-0000000b/9:9:' })) },
    'a position that does not say it': { ...device, position: 'e/10:10:' },
    'a device that does not know its own': unsaid,
  }

  it.for(Object.keys(retold))('[E90] what it heard of a database that was migrated already (%s) is not taken for what the migration made: it is fetched', async (name) => {
    const disk = memoryStorage()
    await leave(disk, retold[name])
    await (await open(disk)).close()
    const { device: stored, versions } = await held(disk)
    expect(versions).toEqual([['Board', 3], ['Card', 0], ['Card', 0], ['Label', 0]])
    expect(stored?.scopes.find(({ name }) => name === 'board')?.hash).toBeNull()
    expect(stored?.migrated).toBe(schema.migrations)
  })

  it('[E33] what it heard of a database of its own version is converted, also where it is to be compared', async () => {
    const disk = memoryStorage()
    await leave(disk, { ...device, scopes: device.scopes.map((scope) => ({ ...scope, hash: null, position: 'e-0000000b/9:9:' })) })
    await (await open(disk)).close()
    expect((await held(disk)).versions).toEqual([['Board', 3], ['Card', 7], ['Card', 7], ['Label', 0]])
  })

  it('[E90] a start that stores the facts of a device says the migrations of its own version: at the first, with the same schema, and when the base is given up', async () => {
    const disk = memoryStorage()
    const start = async (as: SchemaDescriptor): Promise<string | undefined> => {
      const db = await openTrial({ url: 'wss://trial', principal: 'ada', token: 't', storage: disk, ports: offline().ports, log: () => undefined }, as)
      await db.close()
      return (await held(disk)).device?.migrated
    }
    expect(await start(schema)).toBe(schema.migrations)
    expect(await start({ ...schema, migrations: '0000000c' })).toBe('0000000c')
    expect(await start({ ...schema, hash: 'd'.repeat(64), migrations: '0000000d' })).toBe('0000000d')
  })

  const disks: Readonly<Record<string, () => OpenStorage>> = {
    memory: memoryStorage,
    IndexedDB: () => dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange }),
  }

  it.for(Object.keys(disks))('[E34] %s: a crash at any transaction of the upgrade, before or after it, loses nothing and converts nothing twice', async (name) => {
    const disk = disks[name] ?? memoryStorage
    const calm = disk()
    await leave(calm)
    const counted = dying(calm, Number.POSITIVE_INFINITY, 'before')
    const whole = await open(counted.storage)
    const expected = seen(whole)
    await whole.close()
    const transactions = counted.count()
    expect(transactions).toBeGreaterThanOrEqual(3)
    for (const when of ['before', 'after'] as const) {
      for (let k = 1; k <= transactions; k += 1) {
        const own = disk()
        await leave(own)
        const storage = dying(own, k, when)
        void open(storage.storage).then((db) => db.close())
        while (!storage.isDead()) await new Promise((resolve) => setTimeout(resolve, 1))
        const db = await open(own)
        expect(seen(db), `transaction ${k}, ${when}`).toEqual(expected)
        await db.close()
      }
    }
  })

  it('[E78] a strict mutation of which something has no meaning any more is refused once, and not confirmed afterwards', async () => {
    const disk = memoryStorage()
    await leave(disk)
    const world = new TestWorld()
    const db = await openTrial({ url: 'wss://trial', principal: 'ada', token: 't', storage: disk, ports: world.ports, log: () => undefined }, upgradedSchema)
    const confirmed: number[] = []
    db.on('confirmed', ({ mutation }) => void confirmed.push(mutation.seq))
    const wire = await world.wire(1)
    wire.send(welcome(0, { epoch: 'e' }))
    const { mutations } = await wire.awaits('push')
    expect(mutations[2]).toMatchObject({ seq: 3, strict: true, ops: [] })
    wire.send({ kind: 'pushed', results: mutations.map(({ seq }) => ({ seq, outcome: { kind: 'applied' }, rows: {} })) })
    await eventually(() => expect(confirmed).toEqual([1, 2, 4, 5]))
    expect(db.pending()).toEqual([])
    expect(db.rejected().map(({ mutation }) => mutation.seq)).toContain(3)
    await db.close()
  })

  it('[E35] of a version that this one does not know, the base is fetched again and what is pending stays as it was written', async () => {
    const disk = memoryStorage()
    await leave(disk)
    const db = await openTrial({ url: 'wss://trial', principal: 'ada', token: 't', storage: disk, ports: offline().ports, log: () => undefined }, schema)
    expect(db.position).toBe(null)
    expect(db.pending().map(({ seq, schema: version }) => [seq, version])).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, before]))
    expect(db.rejected()).toHaveLength(1)
    await db.close()
    const later = await open(disk)
    expect(later.pending().map(({ schema: version }) => version)).toEqual(Array.from({ length: 5 }, () => schema.hash))
    expect(later.rejected()).toHaveLength(4)
  })
})
