/**
 * A chain of versions (chain/versions), each with the migration that leads to it (chain/generated), applied to a database with
 * rows in it. After a wanted change: `UPDATE_GOLDEN=1 npx vitest run tests/evolution/chain.test.ts`, then read the diff.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evolutionOf } from '../../generator/evolve/diff.js'
import { lockedForm, readLock } from '../../generator/evolve/read-lock.js'
import { lockText } from '../../generator/lock.js'
import { initialMigration } from '../../generator/migrate.js'
import { migratedBy } from '../../generator/migrated.js'
import { readSchema } from '../../generator/read/read-schema.js'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { filesBelow, syncgen } from '../golden/command.js'
import { catalogOf } from './catalog.js'
import { acceptedBy, stampOf } from './versions.js'

const chain = fileURLToPath(new URL('chain', import.meta.url))
const versions = (await readdir(join(chain, 'versions'))).toSorted()

let folder = ''
let client: pg.Client
const ends: (() => Promise<void>)[] = []

const database = async (): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const connection = new pg.Client({ connectionString: url })
  await connection.connect()
  ends.push(async () => {
    await connection.end()
    await drop()
  })
  return { url, client: connection }
}

/** A version written where the command reads it; what the version says must be accepted. */
const change = async (version: string): Promise<readonly string[]> => {
  const text = await readFile(join(chain, 'versions', version), 'utf8')
  await writeFile(join(folder, 'schemas/cards.yaml'), text)
  return acceptedBy(text)
}

describe('a chain of versions', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'syncgen-chain-'))
    await mkdir(join(folder, 'schemas'))
  })

  afterAll(async () => {
    for (const end of ends) await end()
    await rm(folder, { recursive: true, force: true })
  })

  it('[E1] the lock file of each version gives its schema back', async () => {
    expect(versions.length).toBeGreaterThanOrEqual(12)
    for (const version of versions) {
      const read = await readSchema([join(chain, 'versions', version)])
      if (!read.ok) throw new Error(`${version}: ${read.problems.map(({ message }) => message).join('\n')}`)
      const lock = readLock(lockText(read.schema, []))
      expect(lock, version).toEqual({ schema: lockedForm(read.schema), migrations: [], versions: [], own: null })
      expect(evolutionOf(lockedForm(read.schema), read.schema).steps, version).toEqual([])
    }
  })

  it('[E2] [E3] [E93] each migration leads a database with rows to what a new one would be, and loses none', async () => {
    const { url, client: populated } = await database()
    client = populated
    for (const [at, version] of versions.entries()) {
      const accepted = await change(version)
      const stamp = stampOf(at)
      if (accepted.length > 0) {
        const refused = await syncgen(['schemas/', '--stamp', stamp], folder)
        expect(refused, version).toMatchObject({ code: 3 })
        for (const flag of accepted.filter((word) => word !== '--accept')) expect(refused.error, version).toContain(`--accept ${flag}`)
      }
      expect(await syncgen(['schemas/', '--stamp', stamp, '--quiet', ...accepted], folder), version).toMatchObject({ code: 0 })
      expect(await syncgen(['schemas/', '--check', '--quiet'], folder), version).toMatchObject({ code: 0 })
      expect((await migrate({ database: url, folder: join(folder, 'generated/migrations') })).length, version).toBeGreaterThan(0)
      if (at === 0) await populate()
      const read = await readSchema([join(folder, 'schemas')])
      if (!read.ok) throw new Error(version)
      const lock = readLock(await readFile(join(folder, 'generated/schema.lock.json'), 'utf8'))
      if ('fault' in lock) throw new Error(lock.fault.why)
      const fresh = await database()
      await fresh.client.query(initialMigration(lock.schema))
      expect(await catalogOf(client), version).toEqual(await catalogOf(fresh.client))
      expect(await migratedIn(client), version).toBe(migratedBy(lock.migrations.map(({ name }) => name)))
      expect(await readFile(join(folder, 'generated/shared/schema.ts'), 'utf8'), version).toContain(`  migrations: '${await migratedIn(client)}',`)
    }
    const { rows } = await client.query('select heading, body, state, priority, slug, reviewer_id = owner_id as own from work_cards order by heading limit 3')
    expect(rows).toEqual([
      { heading: 'task 0', body: 'note 0', state: 'todo', priority: 'p3', slug: 'task 0 todo', own: true },
      { heading: 'task 1', body: null, state: 'todo', priority: 'p3', slug: 'task 1 todo', own: true },
      { heading: 'task 10', body: 'note 10', state: 'todo', priority: 'p3', slug: 'task 10 todo', own: true },
    ])
    expect((await client.query(`select count(*)::int as cards, count(distinct owner_id)::int as owners from work_cards`)).rows).toEqual([{ cards: 12_000, owners: 10 }])
    expect((await client.query(`select count(*)::int as edited from work_cards where updated_at - created_at > interval '1 second'`)).rows).toEqual([{ edited: 0 }])
    expect((await client.query(`select count(*)::int as people, bool_and(email is not null) as known from people`)).rows).toEqual([{ people: 10, known: true }])
  })

  it('[E2] [E93] a database that comes later gets there by the whole chain at once', async () => {
    const late = await database()
    await migrate({ database: late.url, folder: join(folder, 'generated/migrations') })
    expect(await catalogOf(late.client)).toEqual(await catalogOf(client))
    expect(await migratedIn(late.client)).toBe(await migratedIn(client))
  })

  it('[E4] all that the command made is this, byte for byte: migrations and their words, versions, what leads from one to the next', async () => {
    const made = await filesBelow(join(folder, 'generated'))
    if (process.env['UPDATE_GOLDEN'] === '1') {
      await rm(join(chain, 'generated'), { recursive: true, force: true })
      await cp(join(folder, 'generated'), join(chain, 'generated'), { recursive: true })
    }
    const golden = await filesBelow(join(chain, 'generated'))
    expect([...made.keys()]).toEqual([...golden.keys()])
    for (const [path, text] of made) expect(text, path).toBe(golden.get(path))
  })
})

/** Which migrations a database says that it has. */
const migratedIn = async (of: pg.Client): Promise<string> =>
  String((await of.query(`select lpad(to_hex(migrated), 8, '0') as migrated from syncgen.meta`)).rows[0]?.migrated)

/** 10 people, 12,000 tasks: more than one batch. */
const populate = async (): Promise<void> => {
  await client.query(`insert into people (name, email) select 'person ' || n, case when n % 2 = 0 then n || '@example.org' end from generate_series(0, 9) n`)
  await client.query(`insert into tasks (title, notes, state, owner_id, position)
    select 'task ' || n, case when n % 2 = 0 then 'note ' || n end, (array['todo', 'doing', 'done'])[n % 3 + 1], (select id from people order by name offset n % 10 limit 1), n
    from generate_series(0, 11999) n`)
}
