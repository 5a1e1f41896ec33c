/** What a hostile client may try with `push`: no right, no row and no answer that is not his. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Op, Outcome, Wire } from '../../runtime/protocol/index.js'
import type { WireDevice } from '../server/wire-device.js'
import { noteModel } from './vault/generated/server/note.js'
import { personModel } from './vault/generated/server/person.js'
import { seatModel } from './vault/generated/server/seat.js'
import { teamModel } from './vault/generated/server/team.js'
import { type Vault, make, openVault, pushAll } from './vault-node.js'

let vault: Vault
let mal: WireDevice
beforeAll(async () => {
  vault = await openVault()
  mal = await vault.online(vault.mal, ['mine'])
})
afterAll(async () => {
  await vault?.stop()
})

const rejected = (code: string, rest: object = {}) => ({ kind: 'rejected', code, ...rest })
const update = (model: string, id: string, set: Readonly<Record<string, Wire>>, seen: Wire = null, version = 1): Op =>
  ({ op: 'update', model, id, version, set: Object.fromEntries(Object.entries(set).map(([field, value]) => [field, { seen, value }])) })
/** An outcome without what names the row: what is left must not tell rows apart. */
const shape = (outcome: Outcome) => ({ ...outcome, id: null })

describe('a right', () => {
  it('[X1] [S-21] is not made by the row that needs it: nobody seats himself', async () => {
    const seat = make('Seat', { teamId: vault.team, personId: vault.mal, chief: true })
    expect((await mal.push(seat)).outcome).toMatchObject(rejected('forbidden', { id: seat.id }))
    const friend = await vault.insert('people', { name: 'Friend', email: 'friend@example.org' })
    const accomplice = make('Seat', { teamId: vault.team, personId: friend, chief: true })
    for (const ops of [[seat, accomplice], [accomplice, seat], [seat, update('Team', vault.team, { title: 'Mine' })]]) {
      expect((await mal.push(...ops)).outcome).toMatchObject(rejected(ops.length === 2 && ops[1] !== accomplice && ops[1] !== seat ? 'deleted' : 'forbidden'))
    }
    // Nor by two that vouch for each other: whoever is seated invites, whoever is invited takes a seat.
    const [invite, invited] = [make('Invite', { teamId: vault.team, personId: vault.mal }), make('Seat', { teamId: vault.team, personId: vault.mal })]
    for (const ops of [[invite, invited], [invited, invite]]) expect((await mal.push(...ops)).outcome).toMatchObject(rejected('forbidden'))
    expect(await vault.sql('select person_id from seats where team_id = $1', [vault.team])).toEqual([{ person_id: vault.ann }])
    const itself = randomUUID()
    expect((await mal.push(make('Folder', { ownerId: vault.mal, parentId: itself, title: 'Root' }, itself))).outcome).toMatchObject(rejected('forbidden'))
    const [left, right] = [randomUUID(), randomUUID()]
    const ring = [make('Folder', { ownerId: vault.mal, parentId: right, title: 'L' }, left), make('Folder', { ownerId: vault.mal, parentId: left, title: 'R' }, right)]
    expect((await mal.push(...ring)).outcome).toMatchObject({ kind: 'rejected' })
    expect(await vault.sql('select 1 from folders')).toEqual([])
  })

  it('[X1] [S-21] is made by rows of the same mutation that rest on rights that were there', async () => {
    const root = await vault.insert('folders', { owner_id: vault.mal, title: 'Given' })
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()]
    const folder = (id: string, parentId: string): Op => make('Folder', { ownerId: vault.mal, parentId, title: id }, id)
    expect((await mal.push(folder(one, root), folder(two, one), folder(three, two))).outcome).toEqual({ kind: 'applied' })
    const team = randomUUID()
    const founding = [make('Team', { title: 'Mal’s', founderId: vault.mal }, team), make('Seat', { teamId: team, personId: vault.mal, chief: true })]
    expect((await mal.push(...founding)).outcome).toEqual({ kind: 'applied' })
    // A chief who is no founder seats others.
    const chief = await vault.insert('teams', { title: 'Lent', founder_id: vault.ann })
    await vault.insert('seats', { team_id: chief, person_id: vault.mal, chief: true })
    expect((await mal.push(make('Seat', { teamId: chief, personId: vault.ann }))).outcome).toEqual({ kind: 'applied' })
    // An invited person takes a seat and invites the next, all at once.
    const open = await vault.insert('teams', { title: 'Open', founder_id: vault.ann })
    await vault.insert('invites', { team_id: open, person_id: vault.mal })
    expect((await mal.push(make('Invite', { teamId: open, personId: vault.ann }), make('Seat', { teamId: open, personId: vault.mal }))).outcome).toEqual({ kind: 'applied' })
  })
})

describe('an answer', () => {
  it('[X2] [S-6] about a deleted row of somebody else is that about no row, whatever is guessed of it', async () => {
    const gone = await vault.insert('notes', { author_id: vault.ann, body: 'the plan', mood: 'grim', secret: 'x' })
    await vault.sql('delete from notes where id = $1', [gone])
    const never = randomUUID()
    const ops = ['the plan', 'another plan', 'grim', ''].flatMap((guess) =>
      ['body', 'mood'].flatMap((field) =>
        [0, 1, 1_000_000].flatMap((version) => [guess, 'mine'].map((value) => (id: string): Op => update('Note', id, { [field]: value }, guess, version)))))
    for (const strict of [false, true]) {
      const outcomes = await pushAll(mal, ops.flatMap((op) => [gone, never].map((id) => mal.mutation([op(id)], { strict }))))
      for (const outcome of outcomes) expect(shape(outcome)).toEqual({ kind: 'rejected', code: 'deleted', model: 'Note', id: null, fields: [] })
    }
    expect(await vault.sql('select 1 from notes where id = $1', [gone])).toEqual([])
  })

  it('[X2] [S-6] [S-20] about a row of somebody else is that about no row: code, shape, fields and rows', async () => {
    const theirs = await vault.insert('notes', { author_id: vault.ann, body: 'hers', secret: 'canary' })
    for (const op of [
      (id: string): Op => update('Note', id, { body: 'mine' }, 'hers'),
      (id: string): Op => ({ op: 'update', model: 'Note', id, version: 1, set: { body: { add: 1 } } }),
      (id: string): Op => ({ op: 'delete', model: 'Note', id, version: 1, seen: { body: 'hers', mood: '' } }),
      (id: string): Op => ({ op: 'delete', model: 'Note', id, version: 1, seen: { body: 'wrong' } }),
      (id: string): Op => make('Note', { authorId: vault.ann, body: 'over it' }, id),
    ]) {
      const [there, absent] = [await mal.push(op(theirs)), await mal.push(op(randomUUID()))]
      expect(shape(there.outcome)).toEqual(shape(absent.outcome))
      expect([there.rows, absent.rows]).toEqual([{}, {}])
    }
    expect(await vault.sql('select body, secret, author_id from notes where id = $1', [theirs])).toEqual([{ body: 'hers', secret: 'canary', author_id: vault.ann }])
  })

  it('[V129] [S-6] [S-20] about a key that somebody else has used is one, whether his row is there or gone, and tells no more than that', async () => {
    const note = () => vault.insert('notes', { author_id: vault.ann, body: 'hers', secret: 'canary' })
    const seat = async () => vault.insert('seats', { team_id: await vault.insert('teams', { title: 'Hers', founder_id: vault.ann }), person_id: vault.ann })
    const [team, linked] = [await vault.insert('teams', { title: 'Mal’s', founder_id: vault.mal }), await vault.insert('teams', { title: 'Mal’s', founder_id: vault.mal })]
    await vault.insert('seats', { team_id: linked, person_id: vault.mal })
    const tries: readonly (readonly [table: string, theirs: () => Promise<string>, op: (id: string) => Op, answer: object])[] = [
      ['notes', note, (id) => make('Note', { authorId: vault.mal, body: 'mine' }, id), rejected('deleted', { fields: [] })],
      ['notes', note, (id) => make('Note', { authorId: vault.ann, body: 'for her' }, id), rejected('forbidden')],
      ['notes', note, (id) => make('Note', { authorId: id, body: 'of nobody' }, id), rejected('forbidden')],
      ['seats', seat, (id) => make('Seat', { teamId: team, personId: vault.mal }, id), rejected('deleted')],
      ['seats', seat, (id) => make('Seat', { teamId: linked, personId: vault.mal }, id), { kind: 'merged', lost: [] }],
      ['seats', seat, (id) => make('Seat', { teamId: vault.team, personId: vault.mal }, id), rejected('forbidden')],
    ]
    for (const [table, theirs, op, answer] of tries) {
      const [there, gone] = [await theirs(), await theirs()]
      await vault.sql(`delete from ${table} where id = $1`, [gone])
      const before = await vault.sql(`select to_jsonb(t) as row from ${table} t where id = $1`, [there])
      const [one, other] = [await mal.push(op(there)), await mal.push(op(gone))]
      expect(one.outcome).toMatchObject(answer)
      expect(JSON.stringify(one.outcome).replaceAll(there, '')).toBe(JSON.stringify(other.outcome).replaceAll(gone, ''))
      expect(Object.keys(one.rows)).toEqual(Object.keys(other.rows))
      expect(JSON.stringify(one.rows)).not.toContain('canary')
      expect(await vault.sql(`select to_jsonb(t) as row from ${table} t where id = $1`, [there])).toEqual(before)
      // A restore leaves what is there as it is, and says of it what a create hears.
      const restored = await mal.push({ ...op(there), restore: true } as Op)
      expect(JSON.stringify(restored.outcome)).toBe(JSON.stringify(one.outcome))
      expect(await vault.sql(`select to_jsonb(t) as row from ${table} t where id = $1`, [there])).toEqual(before)
    }
  })

  it('[X3] [S-27] of a constraint is not heard by who has no right to write: no name, no reference is probed', async () => {
    const create = (values: Readonly<Record<string, string>>): Op => make('Person', { name: 'Probe', ...values })
    const taken = await mal.push(create({ email: 'ann@example.org' }))
    const free = await mal.push(create({ email: 'nobody@example.org' }))
    expect(taken.outcome).toMatchObject(rejected('forbidden', { fields: [] }))
    expect(shape(free.outcome)).toEqual(shape(taken.outcome))
    // A team that is there and one that is not; a seat that is taken and one that is free.
    const seats = [make('Seat', { teamId: vault.team, personId: randomUUID() }), make('Seat', { teamId: randomUUID(), personId: vault.mal }), make('Seat', { teamId: vault.team, personId: vault.mal })]
    for (const seat of seats) expect((await mal.push(seat)).outcome).toMatchObject(rejected('forbidden', { model: 'Seat', fields: [] }))
  })

  it('[X4] [S-17] names no column that does not travel', async () => {
    for (const model of ['Person', 'Team', 'Note']) {
      const [hidden, nothing] = ['pin', 'budget', 'secret'].filter((name) => name in { Person: personModel, Team: teamModel, Note: noteModel }[model as 'Person'].columns).concat('nothing')
      for (const op of [(name: string): Op => make(model, { [name]: 'x' }), (name: string): Op => update(model, vault.mal, { [name]: 'x' }), (name: string): Op => ({ op: 'delete', model, id: vault.mal, version: 1, seen: { [name]: 'x' } })]) {
        expect(shape((await mal.push(op(hidden ?? ''))).outcome)).toEqual(shape((await mal.push(op(nothing ?? ''))).outcome))
      }
    }
  })
})

describe('a field', () => {
  it('[X4] [S-17] that a client may not write is not written, by any op, in any model', async () => {
    const id = await vault.insert('notes', { author_id: vault.mal, body: 'own' })
    const before = await vault.sql('select to_jsonb(n) as row from notes n where id = $1', [id])
    for (const server of [personModel, teamModel, seatModel, noteModel]) {
      const { name, fields } = server.descriptor
      for (const [field] of Object.entries(server.columns)) {
        const declared = (fields as Readonly<Record<string, { readonly readonly?: boolean; readonly immutable?: boolean }>>)[field]
        const target = name === 'Note' ? id : vault.mal
        const value: Wire = '2020-01-01T00:00:00.000Z'
        if (declared === undefined || declared.readonly === true || field === 'id') {
          expect((await mal.push(make(name, { [field]: value }))).outcome, `create ${name}.${field}`).toMatchObject(rejected('invalid'))
        }
        if (declared === undefined || declared.readonly === true || declared.immutable === true) {
          expect((await mal.push(update(name, target, { [field]: value }))).outcome, `update ${name}.${field}`).toMatchObject(rejected('invalid'))
          expect((await mal.push({ op: 'update', model: name, id: target, version: 1, set: { [field]: { add: 1 } } })).outcome, `add to ${name}.${field}`).toMatchObject(rejected('invalid'))
        }
      }
    }
    for (const column of ['version', 'created_at', 'author_id', 'deletedAt', '__proto', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await mal.push(update('Note', id, { [column]: 'x' }))).outcome, column).toMatchObject(rejected('invalid'))
      expect((await mal.push(make('Note', { authorId: vault.mal, body: 'b', [column]: 'x' }))).outcome, column).toMatchObject(rejected('invalid'))
    }
    expect(await vault.sql('select to_jsonb(n) as row from notes n where id = $1', [id])).toEqual(before)
  })

  it('[X5] [S-13] of an odd value, wherever one may stand, ends its mutation and nothing else', async () => {
    const id = await vault.insert('notes', { author_id: vault.mal, body: 'own' })
    const odd: readonly Wire[] = [null, true, 0, -1, 1e308, '', '\ufeff', [], [[]], {}, { toPostgres: 'x' }, { constructor: null }, { length: 3, 0: 'x' }, 'x'.repeat(100_000), '9'.repeat(100_000), Array.from({ length: 1000 }, () => ({}))]
    for (const value of odd) {
      for (const field of ['body', 'mood', 'authorId']) {
        const ops: readonly Op[] = [
          { op: 'create', model: 'Note', id: randomUUID(), values: { authorId: vault.mal, body: 'b', [field]: value } },
          { op: 'update', model: 'Note', id, version: 1, set: { [field]: { seen: value, value: 'x' } } },
          { op: 'update', model: 'Note', id, version: 1, set: { [field]: { seen: 'own', value } } },
          { op: 'delete', model: 'Note', id: randomUUID(), version: 1, seen: { [field]: value } },
          { op: 'delete', model: 'Note', id, version: 1, seen: { [field]: value, body: 'never it' } },
        ]
        await pushAll(mal, ops.map((op) => mal.mutation([op])))
      }
    }
    expect(vault.log.filter((line) => line.startsWith('error'))).toEqual([])
  })
})
