/** `syncgen migrate` as a shell runs it, on databases that are new, half way, busy, or gone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { syncgenProcess } from '../golden/command.js'
import { catalogOf } from './catalog.js'
import { base, cards, Folder } from './folder.js'
import { branches } from './met.js'

const database = async (): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  return { url, client }
}

/** A schema whose title became required and got an index, and a database of the version before with `rows` tasks. */
const halfWay = async (rows: number) => {
  const folder = await Folder.make()
  expect(await folder.version(cards([base[0], 'title: string?']))).toMatchObject({ code: 0 })
  const place = await database()
  const migrateHere = (...args: readonly string[]) => syncgenProcess(['migrate', ...args, '--database', place.url], folder.path)
  expect(await migrateHere()).toMatchObject({ code: 0 })
  await place.client.query(`insert into tasks (owner_id, title) select gen_random_uuid(), case when n % 2 = 0 then 'task ' || n end from generate_series(1, $1::int) n`, [rows])
  expect(await folder.version(cards([base[0], 'title: { type: string, default: none }']))).toMatchObject({ code: 0, error: '' })
  return { ...place, folder, migrateHere, files: (await folder.files()).slice(1) }
}

const until = async (what: () => Promise<boolean>): Promise<void> => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const isWaiting = async (client: pg.Client): Promise<boolean> =>
  (await client.query(`select from pg_locks where not granted and relation = 'tasks'::regclass`)).rowCount !== 0

const titles = async (client: pg.Client) => (await client.query(`select count(*)::int as all, count(title)::int as titled from tasks`)).rows

describe('syncgen migrate', { timeout: 120_000 }, () => {
  it('[E13] says what is applied and what is missing; asking changes nothing', async () => {
    const { client, folder, migrateHere, files } = await halfWay(3)
    const fresh = await database()
    const missing = ['0001_initial.sql', ...files].map((name) => `missing  ${name}\n`).join('')
    expect(await syncgenProcess(['migrate', 'status', '--database', fresh.url], folder.path)).toEqual({ code: 2, out: missing, error: '' })
    expect(await syncgenProcess(['migrate', '--dry-run', '--database', fresh.url], folder.path)).toEqual({ code: 0, out: missing, error: '' })
    expect((await fresh.client.query(`select from pg_namespace where nspname = 'syncgen'`)).rowCount).toBe(0)
    const before = await catalogOf(client)
    const later = files.map((name) => `missing  ${name}\n`).join('')
    expect(await migrateHere('status')).toEqual({ code: 2, out: `applied  0001_initial.sql\n${later}`, error: '' })
    expect(await migrateHere('--dry-run')).toEqual({ code: 0, out: later, error: '' })
    expect(await catalogOf(client)).toEqual(before)
    expect(await migrateHere('up')).toEqual({ code: 0, out: `Applied ${files.join(', ')}.\n`, error: '' })
    expect(await migrateHere('status')).toMatchObject({ code: 0, out: ['0001_initial.sql', ...files].map((name) => `applied  ${name}\n`).join('') })
    expect(await migrateHere('--dry-run')).toEqual({ code: 0, out: 'The database is up to date.\n', error: '' })
    expect(await titles(client)).toEqual([{ all: 3, titled: 3 }])
  })

  it('[E13] refuses an applied file that was edited, and applies nothing', async () => {
    const { client, folder, migrateHere } = await halfWay(1)
    const before = await catalogOf(client)
    await writeFile(join(folder.migrations, '0001_initial.sql'), `${await folder.read('migrations/0001_initial.sql')}-- mine\n`)
    expect(await migrateHere('status')).toMatchObject({ code: 3, out: expect.stringMatching(/^edited {3}0001_initial\.sql\nmissing/) })
    expect(await migrateHere('up')).toMatchObject({ code: 1, out: '', error: expect.stringContaining('0001_initial.sql was edited after it had been applied') })
    expect(await catalogOf(client)).toEqual(before)
    await rm(join(folder.migrations, '0001_initial.sql'))
    expect(await migrateHere('status')).toMatchObject({ code: 2, out: expect.stringMatching(/^unknown {2}0001_initial\.sql\n/) })
  })

  it('[E11] says that branches met, and that they touch nothing in common, or what', async () => {
    const { ours } = await branches('alpha: text?', 'zulu: int?')
    const apart = await ours.version(cards([...base, 'notes: text?', 'alpha: text?', 'zulu: int?']), '--check')
    expect(apart).toMatchObject({ code: 2, error: expect.stringMatching(/_task_alpha and 20\d+_\w*task_zulu were written on branches that met\. They touch nothing in common/i) })
    const { ours: same } = await branches('alpha: text?', 'alpha: text?')
    expect(await same.version(cards([...base, 'notes: text?', 'alpha: text?']), '--check')).toMatchObject({ code: 2, error: expect.stringContaining('both touch Task.alpha') })
    const { url } = await database()
    const status = await syncgenProcess(['migrate', 'status', '--database', url], ours.path)
    expect(status).toMatchObject({ code: 2, out: expect.stringMatching(/^missing {2}0001_initial\.sql\nmissing .*alpha.*\nmissing .*zulu.*\n$/) })
  })

  it('[E12] gives a lock up in time, says so, and tries again while another session holds it', async () => {
    const { url, client, migrateHere, files } = await halfWay(1)
    const other = new pg.Client({ connectionString: url })
    await other.connect()
    onTestFinished(() => other.end())
    await other.query('begin; lock table tasks in access share mode')
    const applied = migrateHere('up')
    for (const waits of [true, false, true]) await until(async () => (await isWaiting(client)) === waits)
    await other.query('commit')
    expect(await applied).toEqual({ code: 0, out: `Applied ${files.join(', ')}.\n`, error: expect.stringMatching(/^syncgen: \S+\.sql did not get its lock in time, and is tried again\.\n/) })
    expect(await titles(client)).toEqual([{ all: 1, titled: 1 }])
  })

  it('[E12] lets go of the rows of a batch in which somebody holds one, and fills them later', async () => {
    const { url, client, folder, migrateHere, files } = await halfWay(4)
    const first = ['0001_initial.sql', ...files.slice(0, files.findIndex((name) => name.includes('_fill')))]
    await migrate({ database: url, files: await Promise.all(first.map(async (name) => ({ name, sql: await folder.read(`migrations/${name}`) }))) })
    const other = new pg.Client({ connectionString: url })
    await other.connect()
    onTestFinished(() => other.end())
    const { rows } = await client.query<{ id: string }>('select id from tasks where title is null order by id')
    await other.query('begin')
    await other.query(`update tasks set owner_id = owner_id where id = $1`, [rows[1]?.id])
    const applied = migrateHere('up')
    await until(async () => (await client.query(`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.query like '%do $$%' and a.datname = current_database()`)).rowCount !== 0)
    await client.query(`set lock_timeout = '10s'; update tasks set owner_id = owner_id where id = '${String(rows[0]?.id)}'`)
    await other.query('commit')
    expect(await applied).toMatchObject({ code: 0 })
    expect(await titles(client)).toEqual([{ all: 4, titled: 4 }])
  })

  it('[E12] runs twice at once as if one came after the other', async () => {
    const { client, migrateHere, files } = await halfWay(20_000)
    const ended = await Promise.all([migrateHere('up'), migrateHere('up')])
    expect(ended.map(({ out }) => out).toSorted()).toEqual([`Applied ${files.join(', ')}.\n`, 'The database is up to date.\n'])
    expect(ended.map(({ code, error }) => `${code}${error}`)).toEqual(['0', '0'])
    expect(await titles(client)).toEqual([{ all: 20_000, titled: 20_000 }])
  })

  it('[E12] goes on where a file outside a transaction failed half way, or its process was killed', async () => {
    const { client, folder, url, migrateHere } = await halfWay(20_000)
    const filled = async (): Promise<number> => (await titles(client))[0]?.titled ?? 0
    await client.query(`create function fail() returns trigger language plpgsql as 'begin raise exception ''the disk is full''; end';
      create trigger fail before update on tasks for each row when (old.id > '${String((await client.query('select id from tasks order by id offset 12000 limit 1')).rows[0]?.id)}') execute function fail()`)
    expect(await migrateHere('up')).toMatchObject({ code: 1, error: expect.stringMatching(/_fill\.sql failed.*the disk is full.*can be run again/) })
    const half = await filled()
    expect(half).toBeGreaterThan(10_000)
    expect(half).toBeLessThan(20_000)
    await client.query('drop trigger fail on tasks')
    await client.query(`create function halt() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(4711); return new; end';
      create trigger halt before update on tasks for each row when (old.id > '${String((await client.query('select id from tasks order by id offset 17000 limit 1')).rows[0]?.id)}') execute function halt();
      select pg_advisory_lock(4711)`)
    const child = start(['migrate', 'up', '--database', url], folder.path)
    await until(async () => (await client.query(`select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`)).rowCount === 1)
    child.kill('SIGKILL')
    await client.query('select pg_advisory_unlock(4711); drop trigger halt on tasks')
    expect(await migrateHere('up')).toMatchObject({ code: 0, error: '' })
    expect(await filled()).toBe(20_000)
    expect(await migrateHere('status')).toMatchObject({ code: 0 })
  })

  it('[G16] ends with 1 and what to do, where there is no database or no folder', async () => {
    const folder = await Folder.make()
    for (const what of ['up', 'status'])
      expect(await syncgenProcess(['migrate', what, '--database', 'postgres://nobody@127.0.0.1:1/nothing'], folder.path)).toMatchObject({ code: 1, out: '' })
    const { url } = await database()
    expect(await syncgenProcess(['migrate', '--database', url], folder.path)).toMatchObject({ code: 1, error: expect.stringContaining('Generate it first') })
    expect(await syncgenProcess(['migrate', 'down', '--database', url], folder.path)).toMatchObject({ code: 1, error: expect.stringContaining('migrate takes up or status') })
  })
})

const start = (args: readonly string[], cwd: string): ChildProcess =>
  spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../../generator/cli.ts', import.meta.url)), ...args], { cwd, stdio: 'ignore' })
