import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Schema } from '../../generator/model.js'
import { scopeLineSql, type Statement } from '../../generator/sql/index.js'
import { Database, trackerSchema } from './database.js'
import { rowsTouched, type Touched } from './rows-touched.js'

describe('since against tables of 1,000,000 rows', () => {
  let database: Database
  let client: pg.Client
  let schema: Schema
  let position: string

  beforeAll(async () => {
    schema = await trackerSchema()
    database = await Database.of(schema)
    client = await database.connect()
    await client.query(`begin; ${unlogged(schema)}; ${million}; ${logged(schema)}; commit`)
    await client.query('analyze')
    position = await snapshot(client)
  }, 300_000)

  afterAll(() => database[Symbol.asyncDispose]())

  const every = async (measure: (line: { readonly since: Statement; readonly keys: Statement }) => Promise<Touched>): Promise<Readonly<Record<string, Touched>>> => {
    const all: Record<string, Touched> = {}
    for (const scope of schema.scopes)
      for (const line of scope.lines) all[`${scope.name}.${line.model}`] = await measure(scopeLineSql(schema, scope, line))
    return all
  }
  const bound = ({ values }: Statement): readonly string[] => values.map((binding) => (binding === 'auth.sub' ? user : project))
  const sinceOf = ({ since }: { readonly since: Statement }) => rowsTouched(client, since.text, [position, ...bound(since)])

  it('[S6] reads a bounded number of rows on every line for ten changes; reading the scopes does not', async () => {
    await client.query(tenChanges)
    const touched = await every(sinceOf)
    for (const [line, { tables, log }] of Object.entries(touched)) expect([line, tables + log < 100]).toEqual([line, true])
    expect(Object.values(touched).filter(({ rows }) => rows > 0).length).toBe(8)

    const whole = await every(({ keys }) => rowsTouched(client, keys.text, [null, ...bound(keys)]))
    expect(whole['board.Task']?.tables).toBeGreaterThan(50_000)
    expect(whole['board.TaskLabel']?.tables).toBeGreaterThan(50_000)
  })

  it('[S7] looks nothing up for 20,000 rows that changed elsewhere', async () => {
    await client.query(`update tasks set title = 'elsewhere' where id between '${key(4, 500_001)}' and '${key(4, 520_000)}'`)
    const { 'home.Task': home, 'board.Task': board, 'board.Label': label } = await every(sinceOf)
    for (const touched of [home, board]) {
      expect(touched?.log).toBeGreaterThan(20_000)
      expect(touched?.tables).toBeLessThan(100)
    }
    expect(label?.log).toBeLessThan(100)
  })

  it('[S7] does not read 20,000 changes of a hop that move nobody', async () => {
    await client.query(`update members set role = 'owner' where id between '${key(3, 50_001)}' and '${key(3, 70_000)}'`)
    const touched = await every(sinceOf)
    for (const line of ['board.Label', 'board.Project', 'home.Project']) expect([line, (touched[line]?.log ?? 0) < 100]).toEqual([line, true])
    expect(touched['home.Member']?.log).toBeGreaterThan(20_000)
    expect(touched['home.Member']?.tables).toBeLessThan(100)
  })

  it('[S5] says that a gate flipped, and reads no board for it', async () => {
    await client.query(`delete from members where user_id = '${user}' and project_id = '${project}'`)
    const flipped = await every(sinceOf)
    for (const model of ['Member', 'Task', 'Label', 'TaskLabel']) expect([model, flipped[`board.${model}`]?.rows]).toEqual([model, 1])
    for (const line of ['board.Task', 'board.TaskLabel']) expect(flipped[line]?.tables).toBeLessThan(100)
    // 40 of 50,000 tasks of a project that was lost, by the index on assignees.
    expect(flipped['home.Task']?.tables).toBeLessThan(1_000)
  })
})

/** By model: 1 users, 2 projects, 3 members, 4 tasks, 5 labels, 6 task labels. */
const key = (model: number, n: number): string => {
  const hex = `${model.toString(16).padStart(24, '0')}${n.toString(16).padStart(8, '0')}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const user = key(1, 1)
const project = key(2, 1)

/**
 * 50,000 users, 2,000 projects, 200,000 members, 1,000,000 tasks, 20,000 labels, 1,000,000 task labels. Project 1 has 50,000
 * tasks; user 1 is a member of projects 1 to 4 and has 40 tasks, 27 of them open.
 */
const million = `
  create function pg_temp.k(model int, n bigint) returns uuid language sql immutable as
    $$ select lpad(to_hex(model::bigint << 32 | n), 32, '0')::uuid $$;
  insert into users (id, name, email, version) select pg_temp.k(1, n), 'u', 'u' || n, n from generate_series(1, 50000) n;
  insert into projects (id, title, owner_id, version) select pg_temp.k(2, n), 'p', pg_temp.k(1, 1000 + n), n from generate_series(1, 2000) n;
  insert into members (id, project_id, user_id, version)
    select pg_temp.k(3, n), pg_temp.k(2, 1 + n / 100), pg_temp.k(1, 2000 + n % 40000), n from generate_series(0, 199899) n;
  insert into members (id, project_id, user_id, version) select pg_temp.k(3, 200000 + n), pg_temp.k(2, n), pg_temp.k(1, 1), n from generate_series(1, 4) n;
  insert into tasks (id, project_id, assignee_id, title, state, position, version)
    select pg_temp.k(4, n), pg_temp.k(2, case when n <= 50000 then 1 else 2 + n % 1999 end),
      pg_temp.k(1, case when n % 1250 = 0 and n <= 50000 then 1 else 2000 + n % 40000 end), 't', (array['done', 'todo', 'doing'])[1 + n % 3], 'a', n
    from generate_series(1, 1000000) n;
  insert into labels (id, project_id, name, version) select pg_temp.k(5, n), pg_temp.k(2, 1 + n % 2000), 'l' || n, n from generate_series(1, 20000) n;
  insert into task_labels (id, task_id, label_id, version) select pg_temp.k(6, n), pg_temp.k(4, n), pg_temp.k(5, 1 + n % 20000), n from generate_series(1, 1000000) n;
  select setval('syncgen.version', 10000000)`

/** The rows of the beginning have no log, as after a purge. */
const unlogged = ({ models }: Schema): string =>
  ['set local session_replication_role = replica', ...models.map(({ table }) => `alter table ${table} disable trigger user`)].join('; ')

const logged = ({ models }: Schema): string =>
  models
    .map(
      ({ table }) => `do $$ declare t name; begin
        for t in select tgname from pg_trigger where tgrelid = '${table}'::regclass and not tgisinternal loop
          execute format('alter table ${table} enable always trigger %I', t);
        end loop; end $$`,
    )
    .join('; ')

const tenChanges = `
  update tasks set title = 'changed' where id in ('${key(4, 1)}', '${key(4, 1250)}');
  update tasks set assignee_id = '${user}', state = 'todo' where id = '${key(4, 2)}';
  update tasks set project_id = '${project}' where id = '${key(4, 60_000)}';
  update tasks set project_id = '${key(2, 3)}' where id = '${key(4, 3)}';
  delete from tasks where id = '${key(4, 2500)}';
  update labels set name = 'renamed' where id = '${key(5, 2000)}';
  update members set role = 'editor' where id = '${key(3, 200_001)}';
  update projects set title = 'renamed' where id = '${project}';
  insert into task_labels (task_id, label_id) values ('${key(4, 5)}', '${key(5, 2000)}')`

const snapshot = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ s: string }>('select pg_current_snapshot()::text as s')
  return rows[0]?.s ?? ''
}
