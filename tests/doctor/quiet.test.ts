/** Databases in which nothing is wrong. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { doctor, emptyDatabase, outputOf, patient } from './database.js'

const healthy = { exitCode: 0, message: 'The database is as its migrations made it.', findings: [] }
const tracker = outputOf('generated-example')
const chain = outputOf('tests/evolution/chain/generated')

describe('the doctor is quiet', { timeout: 60_000 }, () => {
  it.for(['generated-example', 'tests/chinook/generated', 'tests/security/vault/generated', 'tests/simulation/schema/generated', 'tests/golden/everything/generated', 'tests/golden/hostile/generated'])(
    '[E60] on a new database of %s',
    async (path) => {
      expect(await (await patient(outputOf(path))).doctor()).toEqual(healthy)
    },
  )

  it('[E60] on a database with rows that came through a whole chain of versions', async () => {
    const { url, client } = await emptyDatabase()
    const folder = join(chain, 'migrations')
    const [first = ''] = await filesOf(folder)
    await migrate({ database: url, files: [{ name: first, sql: await textOf(folder, first) }] })
    await client.query(`insert into people (name, email) select 'person ' || n, n || '@example.org' from generate_series(0, 9) n`)
    await client.query(`insert into tasks (title, notes, state, owner_id, position)
      select 'task ' || n, 'note', (array['todo', 'doing', 'done'])[n % 3 + 1], (select id from people order by name limit 1), n from generate_series(0, 99) n`)
    await migrate({ database: url, folder })
    expect(await doctor(url, chain)).toEqual(healthy)
  })

  it('[E62] whatever else lives in the database: tables, schemas, roles, default rights, indexes, publications, row security of others', async () => {
    const { client, doctor: ask } = await patient(tracker)
    const role = `app_${randomBytes(6).toString('hex')}`
    onTestFinished(async () => {
      await client.query(`drop owned by ${role}; drop role ${role}`)
    })
    await client.query(`create role ${role}; grant usage on schema public, syncgen to ${role}; grant select on all tables in schema public, syncgen to ${role};
      alter default privileges grant all on tables to ${role}; alter default privileges revoke execute on functions from public;
      create schema other; create schema syncgen_archive;
      create table other.tasks (id int primary key, title text); create index on other.tasks (title);
      create table public.invoices (id int primary key, task uuid references public.tasks (id), amount numeric check (amount > 0));
      create view public.open_tasks as select id, title from public.tasks where state <> 'done';
      create materialized view public.counts as select count(*) from public.tasks;
      create function public.stamp() returns trigger language plpgsql as 'begin return new; end';
      create trigger stamp before insert on public.invoices for each row execute function public.stamp();
      create type public.mood as enum ('good'); create domain public.percent as int check (value between 0 and 100); create sequence public.numbers;
      create index tasks_by_title on public.tasks using hash (title); create index tasks_open on public.tasks (position) where state = 'todo';
      create statistics public.correlated on project_id, state from public.tasks;
      alter table public.tasks set (fillfactor = 90); alter index public.tasks_pkey set (fillfactor = 80); alter table public.tasks alter column title set statistics 500;
      alter table public.invoices enable row level security; create publication feed for table public.tasks;
      comment on table public.tasks is 'Others may say this.'; comment on function syncgen.stamp() is 'And that.'; cluster public.tasks using tasks_pkey; analyze`)
    expect(await ask()).toEqual(healthy)
  })

  it('[E62] where tables stand in other schemas, and whatever the search_path of the user is', async () => {
    const { url, client } = await emptyDatabase()
    const name = decodeURIComponent(new URL(url).pathname.slice(1))
    await client.query(`create schema app; create schema decoy; create table decoy.unrelated (id int); alter database ${pg.escapeIdentifier(name)} set search_path = app, public`)
    await migrate({ database: url, folder: `${tracker}/migrations` })
    expect(await doctor(url, tracker)).toEqual(healthy)
    await client.query(`alter database ${pg.escapeIdentifier(name)} set search_path = decoy, syncgen, app`)
    expect(await doctor(url, tracker)).toEqual(healthy)
  })

  it('[E62] after a dump and a restore by other words: line ends, and functions made anew', async () => {
    const { client, doctor: ask } = await patient(tracker)
    const { rows } = await client.query<{ text: string }>(`select replace(pg_get_functiondef(oid), E'\\n', E'\\r\\n') as text from pg_proc where pronamespace = 'syncgen'::regnamespace`)
    for (const { text } of rows) await client.query(text)
    expect(await ask()).toEqual(healthy)
  })

  it('[E62] about what people added to tables of the schema, but for a note', async () => {
    const { client, doctor: ask } = await patient(tracker)
    await client.query(`alter table tasks add column colour text, add column weight int not null default 1, add constraint short check (char_length(title) < 10000);
      create unique index tasks_once on tasks (title, id);
      create function touch() returns trigger language plpgsql as 'begin return new; end';
      create trigger touch before update on tasks for each row execute function touch();
      create table syncgen.mine (id int); create function syncgen.mine() returns int language sql as 'select 1'`)
    const told = await ask()
    expect(told).toMatchObject({ exitCode: 0, message: 'The database is as its migrations made it (7 notes).' })
    expect(told.findings.map(({ severity, kind, object }) => `${severity} ${kind} ${object}`)).toEqual([
      'note column tasks.colour',
      'note column tasks.weight',
      'note constraint tasks.short',
      'note function syncgen.mine()',
      'note index tasks.tasks_once',
      'note table syncgen.mine',
      'note trigger tasks.touch',
    ])
  })

  it('[E63] and has no database of its own to be quiet about: there are other answers where there is nothing to compare', async () => {
    const { url, client } = await emptyDatabase()
    expect(await doctor(url, tracker)).toMatchObject({ exitCode: 6, message: expect.stringContaining('No migration was applied') })
    expect(await doctor('postgres://nobody@127.0.0.1:1/nothing', tracker)).toMatchObject({ exitCode: 5, message: expect.stringContaining('Cannot connect') })
    const nothing = await mkdtemp(join(tmpdir(), 'syncgen-doctor-'))
    onTestFinished(() => rm(nothing, { recursive: true }))
    expect(await doctor(url, nothing)).toMatchObject({ exitCode: 1, message: expect.stringContaining('schema.lock.json is missing') })
    const folder = join(chain, 'migrations')
    const files = await filesOf(folder)
    const sqls = await Promise.all(files.map(async (file) => ({ name: file, sql: await textOf(folder, file) })))
    await migrate({ database: url, files: sqls.slice(0, -1) })
    expect(await doctor(url, chain)).toMatchObject({ exitCode: 2, message: expect.stringContaining(`Not applied yet: ${files.at(-1) ?? ''}`) })
    await migrate({ database: url, files: sqls })
    expect(await doctor(url, chain)).toEqual(healthy)
    expect(await doctor(url, chain, '--role', 'nobody_here')).toMatchObject({ exitCode: 1, message: 'There is no role nobody_here.' })
    await client.query(`insert into syncgen.migrations (name, checksum) values ('20990101000000_later.sql', '')`)
    expect(await doctor(url, chain)).toMatchObject({ exitCode: 2, message: expect.stringContaining('not here: 20990101000000_later.sql') })
    await client.query(`update syncgen.migrations set checksum = 'x' where name = $1`, [files[0]])
    expect(await doctor(url, chain)).toMatchObject({ exitCode: 3, message: expect.stringContaining(`${files[0] ?? ''} was edited`) })
  })
})

const filesOf = async (folder: string): Promise<readonly string[]> => (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()

const textOf = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8')
