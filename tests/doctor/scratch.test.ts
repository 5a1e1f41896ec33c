/** What the doctor builds to compare with is gone afterwards, however it ends. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { catalogOf } from '../evolution/catalog.js'
import { doctor, outputOf, type Patient, patient } from './database.js'

const tracker = outputOf('generated-example')

/** Schemas that only a doctor makes, whoever sees them. */
const left = async ({ client }: Patient): Promise<readonly string[]> =>
  (await client.query<{ name: string }>(`select nspname as name from pg_namespace where nspname like 'syncgen\\_doctor\\_%'`)).rows.map(({ name }) => name)

const until = async (what: () => Promise<boolean>): Promise<void> => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const isAtWork = async ({ client }: Patient): Promise<boolean> =>
  (await client.query(`select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`)).rowCount === 1

/** Lets the doctor wait in the middle of its work, until the returned function is called. */
const stopped = async ({ client }: Patient): Promise<() => Promise<void>> => {
  await client.query(`create function halt() returns event_trigger language plpgsql as
      'begin if current_setting(''search_path'') ~ ''doctor'' then perform pg_advisory_xact_lock_shared(4711); end if; end';
    create event trigger halt on ddl_command_end when tag in ('CREATE TRIGGER') execute function halt();
    select pg_advisory_lock(4711)`)
  return async () => void (await client.query('select pg_advisory_unlock(4711)'))
}

describe('the doctor', { timeout: 60_000 }, () => {
  it('[E64] changes nothing in a database, and leaves nothing in it', async () => {
    const own = await patient(tracker)
    await own.client.query(`insert into users (name, email) values ('Ada', 'ada@example.org')`)
    const state = async (): Promise<unknown> => [
      await catalogOf(own.client),
      (await own.client.query(`select (select count(*) from syncgen.changes), (select last_value from syncgen.version), (select uuid from syncgen.meta), (select count(*) from pg_class), (select count(*) from pg_proc)`)).rows,
    ]
    const before = await state()
    expect(await own.doctor()).toMatchObject({ exitCode: 0 })
    expect(await left(own)).toEqual([])
    expect(await state()).toEqual(before)
  })

  it('[E64] leaves nothing when it fails in the middle, and says why', async () => {
    const own = await patient(tracker)
    await own.client.query(`create function forbid() returns event_trigger language plpgsql as 'begin raise exception ''no triggers here''; end';
      create event trigger forbid on ddl_command_end when tag in ('CREATE TRIGGER') execute function forbid()`)
    expect(await own.doctor()).toEqual({ exitCode: 5, message: 'Cannot look at the database: no triggers here.', findings: [] })
    expect(await left(own)).toEqual([])
  })

  it('[E64] leaves nothing when its process is killed, or its connection', async () => {
    const own = await patient(tracker)
    const go = await stopped(own)
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), command, 'doctor', '--database', own.url, '-o', tracker], { stdio: 'ignore' })
    await until(() => isAtWork(own))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
    await go()
    await until(async () => !(await isAtWork(own)) && (await own.client.query(`select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)).rowCount === 0)
    expect(await left(own)).toEqual([])

    await own.client.query('select pg_advisory_lock(4711)')
    const asked = own.doctor()
    await until(() => isAtWork(own))
    await own.client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
    expect(await asked).toMatchObject({ exitCode: 5, message: expect.stringContaining('terminating connection') })
    expect(await left(own)).toEqual([])
    await go()
    expect(await own.doctor()).toMatchObject({ exitCode: 0 })
  })

  it('[E64] stops nobody while it looks: readers and writers of all tables go on', async () => {
    const own = await patient(tracker)
    const go = await stopped(own)
    const asked = own.doctor()
    await until(() => isAtWork(own))
    const other = new pg.Client({ connectionString: own.url })
    await other.connect()
    onTestFinished(() => other.end())
    await other.query(`set lock_timeout = '1s'; insert into users (name, email) values ('Ada', 'ada@example.org'); update users set name = 'Grace'; alter table tasks add column colour text; delete from users`)
    expect((await other.query('select from syncgen.changes')).rowCount).toBe(3)
    await go()
    expect(await asked).toMatchObject({ exitCode: 0 })
  })

  it('[E64] says which right it needs', async () => {
    const own = await patient(tracker)
    const role = `app_${randomBytes(6).toString('hex')}`
    const password = randomBytes(16).toString('hex')
    const url = new URL(own.url)
    onTestFinished(async () => {
      await own.client.query(`drop owned by ${role}; drop role ${role}`)
    })
    await own.client.query(`create role ${role} login password '${password}'; grant usage on schema syncgen to ${role}; grant select on syncgen.migrations to ${role}`)
    url.username = role
    url.password = password
    expect(await doctor(url.href, tracker)).toMatchObject({ exitCode: 5, message: expect.stringMatching(/permission denied for database .*grant create on database/) })
    await own.client.query(`grant create on database ${pg.escapeIdentifier(url.pathname.slice(1))} to ${role}`)
    expect((await doctor(url.href, tracker)).findings.every(({ kind }) => kind === 'right')).toBe(true)
  })
})

const command = fileURLToPath(new URL('../../generator/cli.ts', import.meta.url))
