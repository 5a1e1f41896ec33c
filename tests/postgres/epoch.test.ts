import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { initialMigration } from '../../generator/migrate.js'
import { initialName, migratedBy, migrationNumber } from '../../generator/migrated.js'
import { parsePosition } from '../../runtime/protocol/position.js'
import { dropDatabase } from '../../runtime/testing/database.js'
import { Database } from './database.js'
import { library } from './library.js'

describe('the epoch', () => {
  let database: Database
  let client: pg.Client
  beforeEach(async () => {
    database = await Database.of(library)
    client = await database.connect()
  })
  afterEach(() => database[Symbol.asyncDispose]())

  const value = async (of: pg.Client, text: string): Promise<string> => String((await of.query<{ value: unknown }>(`select (${text}) as value`)).rows[0]?.value)

  it('[P14] is the same for every reader and write, and part of a position', async () => {
    const epoch = await value(client, 'syncgen.epoch()')
    await client.query(`insert into people (name, level, tags) values ('a', 1, '{}')`)
    await client.query('checkpoint; select pg_switch_wal()')
    expect(await value(await database.connect(), 'syncgen.epoch()')).toBe(epoch)
    expect(parsePosition(await value(client, 'syncgen.position()'))?.epoch).toBe(epoch)
    expect(await value(client, 'syncgen.renew_epoch()')).toBe('false')
    expect(await value(client, 'syncgen.epoch()')).toBe(epoch)
  })

  it('[E92] a position has the migrations and the snapshot of one moment: that of its transaction, or of its statement', async () => {
    const [other, writer] = [await database.connect(), await database.connect()]
    const parts = async (of: pg.Client): Promise<readonly string[]> => {
      const { rows } = await of.query<{ position: string; snapshot: string }>('select syncgen.position() as position, pg_current_snapshot()::text as snapshot')
      const [, migrated = '', snapshot = ''] = /-(.*)\/(.*)$/.exec(rows[0]?.position ?? '') ?? []
      expect(snapshot).toBe(rows[0]?.snapshot)
      return [migrated, snapshot]
    }
    await other.query('begin isolation level repeatable read')
    const before = await parts(other)
    expect(before[0]).toBe(migratedBy([initialName]))
    await writer.query(`begin; update syncgen.meta set migrated = migrated # ${migrationNumber('two')}`)
    expect((await parts(client))[0]).toBe(before[0])
    await writer.query('commit')
    expect((await parts(client))[0]).toBe(migratedBy([initialName, 'two']))
    expect(await parts(other)).toEqual(before)
    await other.query('commit')
  })

  it('[P15] is another one in a copy of the database, which renews it: new uuid, empty log, versions far above', async () => {
    await client.query(`insert into people (name, level, tags) values ('a', 1, '{}')`)
    const epoch = await value(client, 'syncgen.epoch()')
    const version = Number(await value(client, `nextval('syncgen.version')`))
    await database.disconnect()
    const copied = await copyOf(database.url)
    try {
      await using other = Database.at(copied)
      const copy = await other.connect()
      expect(await value(copy, 'syncgen.epoch()')).not.toBe(epoch)
      const uuid = await value(copy, 'select uuid from syncgen.meta')
      expect(await value(copy, 'syncgen.renew_epoch()')).toBe('true')
      expect(await value(copy, 'select uuid from syncgen.meta')).not.toBe(uuid)
      expect(await value(copy, 'select count(*) from syncgen.changes')).toBe('0')
      expect(Number(await value(copy, `nextval('syncgen.version')`))).toBeGreaterThan(version + 999_999_999)
      expect(await value(copy, 'syncgen.renew_epoch()')).toBe('false')
    } finally {
      await dropDatabase(copied)
    }
  })

  it('[P15] gives other versions each time that one backup is restored', async () => {
    await client.query(`insert into people (name, level, tags) values ('a', 1, '{}')`)
    await database.disconnect()
    const firsts: number[] = []
    for (let restored = 0; restored < 3; restored += 1) {
      const copied = await copyOf(database.url)
      try {
        await using other = Database.at(copied)
        const copy = await other.connect()
        await copy.query('select syncgen.renew_epoch()')
        firsts.push(Number(await value(copy, `nextval('syncgen.version')`)))
      } finally {
        await dropDatabase(copied)
      }
    }
    const gaps = firsts.toSorted((a, b) => a - b).flatMap((each, at, all) => (at === 0 ? [] : [each - Number(all[at - 1])]))
    expect(Math.min(...gaps), `versions began at ${firsts.join(', ')}`).toBeGreaterThan(1000)
    expect(Math.max(...firsts)).toBeLessThan(1.1e12)
  })

  it('[P15] is renewed when forced, after a restore that PostgreSQL cannot see', async () => {
    const epoch = await value(client, 'syncgen.epoch()')
    expect(await value(client, 'syncgen.renew_epoch(true)')).toBe('true')
    expect(await value(client, 'syncgen.epoch()')).not.toBe(epoch)
  })

  it('[P24] gives new versions to what was written since a restore, and to nothing else', async () => {
    const write = (of: pg.Client, name: string) => of.query(`insert into people (name, level, tags) values ($1, 1, '{}')`, [name])
    for (const name of ['before', 'changed', 'gone']) await write(client, name)
    await client.query(`select syncgen.purge('1 hour')`)
    await write(client, 'after the horizon')
    const rows = async (of: pg.Client) =>
      new Map((await of.query<{ name: string; version: string; updated_at: unknown }>('select name, version, updated_at from people')).rows.map((row) => [row.name, row]))
    const backup = await rows(client)
    const url = client.database ?? ''
    await database.disconnect()
    const copied = await copyOf(database.url)
    try {
      expect(copied).toContain(url)
      await using other = Database.at(copied)
      const copy = await other.connect()
      const lost = Number(await value(copy, 'select last_value from syncgen.version'))
      await write(copy, 'new')
      await copy.query(`update people set level = 2 where name = 'changed'; delete from people where name = 'gone'`)
      const written = await rows(copy)
      const open = await other.connect()
      await open.query(`begin; update people set level = 3 where name = 'new'; insert into people (name, level, tags) values ('open', 1, '{}')`)
      // Purging would take what was written for known: it renews, and waits for who writes.
      const purging = copy.query(`select syncgen.purge('1 hour')`)
      await open.query('commit')
      await purging
      const now = await rows(copy)
      expect([...now.keys()].sort()).toEqual(['after the horizon', 'before', 'changed', 'new', 'open'])
      expect(now.get('before')).toEqual(backup.get('before'))
      for (const name of ['changed', 'new', 'open', 'after the horizon']) expect(Number(now.get(name)?.version), name).toBeGreaterThan(lost + 999_999_999)
      expect(now.get('changed')?.updated_at).toEqual(written.get('changed')?.updated_at)
      expect(await value(copy, 'select count(*) from syncgen.changes')).toBe('0')
      expect(await value(copy, 'syncgen.renew_epoch()')).toBe('false')
      // Nobody knows since when: all that the log has.
      await write(copy, 'logged')
      const forced = Number(await value(copy, 'select last_value from syncgen.version'))
      await copy.query(`select syncgen.purge('1 hour'); select syncgen.renew_epoch(true)`)
      const last = await rows(copy)
      expect(Number(last.get('logged')?.version)).toBeGreaterThan(forced + 999_999_999)
      expect(last.get('before')).toEqual(backup.get('before'))
    } finally {
      await dropDatabase(copied)
    }
  })

  it('[P16] purging deletes what was finished a horizon ago, and raises the floor to the same point', async () => {
    const write = () => client.query(`insert into people (name, level, tags) values ('a', 1, '{}')`)
    await write()
    const open = await database.connect()
    await open.query(`begin; insert into people (name, level, tags) values ('open', 1, '{}')`)
    const held = await value(open, 'pg_current_xact_id()')
    await write()
    expect(await value(client, `syncgen.purge('1 hour')`)).toBe('0')
    expect(await value(client, 'select floor from syncgen.meta')).toBe('0')
    await client.query(`update syncgen.horizons set taken_at = taken_at - interval '2 hours'`)
    await open.query('commit')
    await write()
    await client.query(`select syncgen.purge('1 hour')`)
    // Transactions of other databases in the cluster hold snapshots back, too: the floor may be lower, never higher.
    expect(await value(client, `select floor::text::bigint between 1 and ${held} from syncgen.meta`)).toBe('true')
    expect(await value(client, `select bool_and(c.xid >= m.floor) from syncgen.changes c, syncgen.meta m`)).toBe('true')
    expect(await value(client, `select count(*) >= 2 from syncgen.changes where xid >= '${held}'`)).toBe('true')
  })
})

describe('rights', () => {
  it('[P17] an owner who is no superuser can migrate, write and read positions', async () => {
    await using database = await Database.of(library)
    const admin = await database.connect()
    const role = `syncgen_test_${randomBytes(6).toString('hex')}`
    await admin.query(`create role ${role}; drop schema syncgen cascade; drop schema public cascade;
      create schema public authorization ${role}; grant create on database ${new URL(database.url).pathname.slice(1)} to ${role}`)
    try {
      const owner = await database.connect(role)
      await owner.query(`begin; ${initialMigration(library)}; commit`)
      await owner.query(`insert into people (name, level, tags) values ('a', 1, '{}'); update people set level = 2; delete from people`)
      const { rows } = await owner.query(`select length(syncgen.epoch()) as epoch, syncgen.renew_epoch() as renewed, syncgen.purge('1 hour') as purged,
        (select count(*)::int from syncgen.first_images('1:1:', 'Person')) as changed`)
      expect(rows[0]).toEqual({ epoch: 32, renewed: false, purged: '0', changed: 1 })
    } finally {
      await admin.query(`drop owned by ${role} cascade; drop role ${role}`)
    }
  })
})

/** All is copied, the uuid too, but not the oid of the database. */
const copyOf = async (url: string): Promise<string> => {
  const at = (name: string): string => url.replace(/[^/]*$/, name)
  const name = url.replace(/^.*\//, '')
  await using server = Database.at(at('postgres'))
  await (await server.connect()).query(`create database ${name}_copy template ${name}`)
  return at(`${name}_copy`)
}
