/** Projects whose migrations were made by another version of syncgen, which had other functions, tables or triggers of its own. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { evolve } from '../../generator/evolve/evolve.js'
import { type Lock, readLock } from '../../generator/evolve/read-lock.js'
import { lockText } from '../../generator/lock.js'
import { readSchema } from '../../generator/read/read-schema.js'
import { type OwnObjects, ownHashes, ownObjects } from '../../generator/sql/own-objects.js'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { catalogOf } from './catalog.js'
import { base, cards, Folder } from './folder.js'

const now = ownObjects()
const functionNamed = (name: string): OwnObjects['objects'][number] => {
  const found = now.objects.find((each) => each.name.startsWith(`function syncgen.${name}(`))
  if (found === undefined) throw new Error(`no function ${name}`)
  return found
}

/** A later syncgen: another purge, one function more, one less, a column more. */
const later: OwnObjects = {
  ...now,
  objects: [
    ...now.objects.filter((each) => each !== functionNamed('purge') && each !== functionNamed('first_images')),
    { ...functionNamed('purge'), sql: functionNamed('purge').sql.replace('deleted bigint;', 'deleted bigint := 0;') },
    { name: 'function syncgen.later()', sql: '-- New.\ncreate function syncgen.later() returns int language sql as $$ select 1 $$;' },
  ],
  upgrades: [{ name: '0001_clients_note', why: 'A note.', sql: 'alter table syncgen.clients add column if not exists note text;' }],
}

const database = async (folder: Folder): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  await migrate({ database: url, folder: folder.migrations })
  return { url, client }
}

const project = async () => {
  const folder = await Folder.make()
  expect(await folder.version(cards(base))).toMatchObject({ code: 0 })
  const read = await readSchema([`${folder.path}/schemas`])
  const lock = readLock(await folder.read('schema.lock.json'))
  if (!read.ok || 'fault' in lock) throw new Error('a version that cannot be read')
  const evolved = (own: OwnObjects, known: Lock = lock) => {
    const made = evolve(known, read.schema, [], '20260201000000', own)
    if (made.kind !== 'evolved') throw new Error('somebody has to decide')
    return { ...made, sql: made.files.filter(({ name }) => name.endsWith('.sql')).map(({ name, text }) => ({ name, sql: text })) }
  }
  return { folder, lock, schema: read.schema, evolved }
}

describe("another version of syncgen", { timeout: 60_000 }, () => {
  it('[E67] gives databases exactly what it makes otherwise, once', async () => {
    const { folder, lock, schema, evolved } = await project()
    const { url, client } = await database(folder)
    const before = await catalogOf(client)
    const made = evolved(later)
    expect(made.sql.length).toBe(1)
    expect(await migrate({ database: url, files: made.sql })).toEqual(made.sql.map(({ name }) => name))
    const after = await catalogOf(client)
    const changed = [...before.filter((line) => !after.includes(line)), ...after.filter((line) => !before.includes(line))].map((line) => line.split('\n')[0]?.replace(/\(.*/, ''))
    expect(changed.toSorted()).toEqual([
      'column syncgen.clients.note text',
      'function CREATE OR REPLACE FUNCTION syncgen.first_images',
      'function CREATE OR REPLACE FUNCTION syncgen.later',
      'function CREATE OR REPLACE FUNCTION syncgen.purge',
      'function CREATE OR REPLACE FUNCTION syncgen.purge',
    ])
    const remembered = readLock(lockText(schema, made.migrations, lock.versions, ownHashes(later)))
    if ('fault' in remembered) throw new Error(remembered.fault.why)
    expect(evolved(later, remembered).files).toEqual([])
    expect(evolved(now).files).toEqual([])
  })

  it('[E67] makes all capture functions and triggers again if it captures otherwise, also under other names', async () => {
    const { folder, lock, evolved } = await project()
    const { url, client } = await database(folder)
    const wanted = await catalogOf(client)
    await client.query(`create or replace function syncgen.capture_tasks() returns trigger language plpgsql as 'begin return null; end';
      alter trigger syncgen_insert on tasks rename to syncgen_formerly; alter table tasks disable trigger syncgen_truncate;
      create function own() returns trigger language plpgsql as 'begin return new; end'; create trigger own before insert on tasks for each row execute function own()`)
    const made = evolved(now, { ...lock, own: { ...lock.own, 'capture functions': 'another', 'capture triggers': 'another' } })
    expect(made.sql.length).toBe(1)
    await migrate({ database: url, files: made.sql })
    expect((await catalogOf(client)).filter((line) => !line.startsWith('trigger public.tasks.own '))).toEqual(wanted)
  })

  it('[E67] makes all of them again where an earlier one remembered nothing, and a database stays as it should be', async () => {
    const { folder, lock, evolved } = await project()
    const { url, client } = await database(folder)
    const wanted = await catalogOf(client)
    const two = { ...lock, own: null, migrations: [...lock.migrations, { name: '20260110000000_more', after: ['0001_initial'], touches: [], files: {} }] }
    const made = evolved(now, two)
    for (const { name } of now.objects.filter((each) => each.name.startsWith('function'))) expect(made.sql[0]?.sql).toContain(`create or replace ${name.slice(0, name.indexOf('('))}(`)
    await migrate({ database: url, files: made.sql })
    expect(await catalogOf(client)).toEqual(wanted)
    expect(evolved(now, { ...lock, own: null }).files).toEqual([])
  })

  it('[E67] the command remembers what it made', async () => {
    const { folder, lock } = await project()
    expect(lock.own).toEqual(ownHashes(now))
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
    const text = await folder.read('schema.lock.json')
    await folder.write('schema.lock.json', text.replace(/("function syncgen\.stamp\(\)": )"\w+"/, '$1"of another version"'))
    expect(await folder.run('--stamp', '20260202000000')).toMatchObject({ code: 0 })
    expect(await folder.read('migrations/20260202000000_refresh.sql')).toMatch(/create or replace function syncgen\.stamp\(\)/)
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
  })

  it('[E68] a table of its own is never changed without a statement that leads older databases there', () => {
    const tables = Object.entries(ownHashes(now)).filter(([name]) => /^(table|sequence) /.test(name))
    // A hash that changed needs an entry in `upgrades` of generator/sql/own-objects.ts; then write the new one here.
    expect({ upgrades: now.upgrades.length, ...Object.fromEntries(tables) }).toEqual({
      upgrades: 2,
      'sequence syncgen.version': '361f197eb66068bc',
      'table syncgen.changes': '79c317ce17e6d3dd',
      'table syncgen.clients': '7d4dc115a83abf60',
      'table syncgen.horizons': '8885754e1757a297',
      'table syncgen.meta': '94757eb18a70a45c',
      'table syncgen.outcomes': '67b9167ba87f5c0b',
    })
  })
})
