import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Schema } from '../../generator/model.js'
import { scopeLineSql } from '../../generator/sql/index.js'
import { Database, trackerSchema } from './database.js'

/**
 * 50,000 users, 2,000 projects, 200,000 members, 1,000,000 tasks (50,000 of them in project 1), 20,000 labels, 1,000,000 task labels.
 * User 1 is a member of projects 1 to 4 and has 40 open tasks.
 */
const seedText = `
  set local session_replication_role = replica;
  alter table users disable trigger user; alter table projects disable trigger user; alter table members disable trigger user;
  alter table tasks disable trigger user; alter table labels disable trigger user; alter table task_labels disable trigger user;
  create function pg_temp.k(model int, n bigint) returns uuid language sql immutable as
    $$ select lpad(to_hex(model::bigint << 32 | n), 32, '0')::uuid $$;
  insert into users (id, name, email, version) select pg_temp.k(1, n), 'u', 'u' || n, n from generate_series(1, 50000) n;
  insert into projects (id, title, owner_id, version) select pg_temp.k(2, n), 'p', pg_temp.k(1, 1000 + n), n from generate_series(1, 2000) n;
  insert into members (id, project_id, user_id, version)
    select pg_temp.k(3, n), pg_temp.k(2, 1 + n / 100), pg_temp.k(1, 2000 + n % 40000), n from generate_series(0, 199899) n;
  insert into members (id, project_id, user_id, version) select pg_temp.k(3, 200000 + n), pg_temp.k(2, n), pg_temp.k(1, 1), n from generate_series(1, 4) n;
  insert into tasks (id, project_id, assignee_id, title, state, position, version)
    select pg_temp.k(4, n), pg_temp.k(2, case when n <= 50000 then 1 else 2 + n % 1999 end),
      pg_temp.k(1, case when n % 1250 = 0 and n <= 50000 then 1 else 2000 + n % 40000 end), 't', case n % 3 when 0 then 'done' when 1 then 'todo' else 'doing' end, 'a', n
    from generate_series(1, 1000000) n;
  insert into labels (id, project_id, name, version) select pg_temp.k(5, n), pg_temp.k(2, 1 + n % 2000), 'l' || n, n from generate_series(1, 20000) n;
  insert into task_labels (id, task_id, label_id, version) select pg_temp.k(6, n), pg_temp.k(4, n), pg_temp.k(5, 1 + n % 20000), n from generate_series(1, 1000000) n;
  select setval('syncgen.version', 10000000)`

describe('since with ten changes against tables of 1,000,000 rows', () => {
  let database: Database
  let client: pg.Client
  let schema: Schema
  beforeAll(async () => {
    schema = await trackerSchema()
    database = await Database.of(schema)
    client = await database.connect()
    await client.query('begin')
    console.time('seed')
    await client.query(seedText)
    await client.query('commit')
    console.timeEnd('seed')
    for (const { table } of schema.models) {
      const triggers = await client.query<{ tgname: string }>(`select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal`, [table])
      for (const { tgname } of triggers.rows) await client.query(`alter table ${table} enable always trigger ${tgname}`)
    }
    console.time('analyze')
    await client.query('analyze')
    console.timeEnd('analyze')
  }, 180_000)
  afterAll(() => database[Symbol.asyncDispose]())
  it('[S6] touches few rows on every line of the example', async () => {
    const { rows } = await client.query<{ s: string }>('select pg_current_snapshot()::text as s')
    await client.query(tenChanges)
    for (const scope of schema.scopes)
      for (const line of scope.lines) {
        const { since } = scopeLineSql(schema, scope, line)
        const values = since.values.map((binding) => (binding === 'auth.sub' ? k(1, 1) : k(2, 1)))
        console.log(scope.name, line.model, await touched(client, since.text, [rows[0]?.s ?? '', ...values]))
      }
  })
})

const k = (model: number, n: number): string => {
  const hex = `${model.toString(16).padStart(24, '0')}${n.toString(16).padStart(8, '0')}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const tenChanges = `
  update tasks set title = 'changed' where id in ('${k(4, 1)}', '${k(4, 2)}', '${k(4, 1250)}');
  update tasks set project_id = '${k(2, 1)}' where id = '${k(4, 60000)}';
  update tasks set project_id = '${k(2, 3)}' where id = '${k(4, 3)}';
  delete from tasks where id = '${k(4, 2500)}';
  update labels set name = 'renamed' where id = '${k(5, 2000)}';
  update members set role = 'editor' where id = '${k(3, 200001)}';
  update projects set title = 'renamed' where id = '${k(2, 1)}';
  insert into task_labels (task_id, label_id) values ('${k(4, 5)}', '${k(5, 2000)}');`

const touched = async (client: pg.Client, text: string, values: readonly string[]) => {
  await client.query('begin isolation level repeatable read')
  try {
    await client.query(`set local plan_cache_mode = force_generic_plan`)
    const read = async () => (await client.query<{ n: string }>(`select sum(coalesce(seq_tup_read,0) + coalesce(idx_tup_fetch,0)) as n from pg_stat_xact_all_tables where schemaname in ('public', 'syncgen')`)).rows[0]?.n
    const before = await read()
    await client.query(`prepare s as ${text}`)
    const plan = await client.query(`explain (analyze, format json, timing off) execute s (${values.map((v) => `'${v}'`).join(', ')})`)
    const after = await read()
    const result = await client.query(text, [...values])
    return { stat: Number(after) - Number(before ?? 0), plan: sum(plan.rows[0]['QUERY PLAN'][0]['Plan']), ms: plan.rows[0]['QUERY PLAN'][0]['Execution Time'], rows: result.rows.length }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

const sum = (node: any): number =>
  (/Scan/.test(node['Node Type']) && node['Relation Name'] ? node['Actual Loops'] * (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) : 0) +
  (node['Plans'] ?? []).map(sum).reduce((a: number, b: number) => a + b, 0)
