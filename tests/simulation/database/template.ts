/**
 * The database that every world begins as: the schema's migrations, living in virtual time, and a trigger on each table that keeps what
 * was committed. Made once per process and schema; each seed has a copy of it.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from 'syncgen/server'
import { createDatabase } from '../../../runtime/testing/database.js'
import { worldStart } from '../kernel/ports.js'
import type { SimSchema } from '../schema/sim-schema.js'
import { quoted } from '../schema/tables.js'
import { inVirtualTime } from './statements.js'

/** Makes the template and returns its name. `server`: URL of any database of the cluster. */
export const makeTemplate = async (server: string, schema: SimSchema, name: string): Promise<string> => {
  const url = await createDatabase(server, name)
  await script(url, clock)
  const files = (await readdir(schema.migrations)).filter((file) => file.endsWith('.sql')).toSorted()
  const migrations = await Promise.all(
    files.map(async (file) => ({ name: file, sql: inVirtualTime(await readFile(join(schema.migrations, file), 'utf8')) })),
  )
  await migrate({ database: url, files: migrations })
  const audits = schema.ir.models.map((model) => auditOf(model.name, quoted(model.table)))
  // A copy is another database: its first node gives new versions to what is in the log.
  await script(url, [schema.extraSql, audit, ...audits, ...schema.seedSql, 'delete from syncgen.changes'].join(';\n'))
  return name
}

/** A copy of a database: also what a restored backup is. */
export const copyDatabase = async (server: string, template: string, name: string): Promise<string> => {
  await script(server, `create database ${quoted(name)} template ${quoted(template)} strategy file_copy`)
  const url = new URL(server)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

const script = async (url: string, text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

const clock = `
create schema sim;
create unlogged sequence sim.clock;
select setval('sim.clock', ${worldStart});
create function sim.now() returns timestamptz language sql volatile as $$ select to_timestamp(last_value / 1000.0) from sim.clock $$;
create function sim.random() returns float8 language sql volatile as $$ select (hashtextextended(last_value::text, 0) & 4294967295) / 4294967296.0::float8 from sim.clock $$;
`

const audit = `
create unlogged table sim.audit (
  id bigserial, xid text not null default pg_current_xact_id(), who text not null default current_setting('application_name'), tx text, nth int, model text not null, op text not null, key uuid, before jsonb, after jsonb
);
create function sim.keep() returns trigger language plpgsql as $$
begin
  insert into sim.audit (tx, nth, model, op, key, before, after) values (
    nullif(current_setting('sim.tx', true), ''), nullif(current_setting('sim.nth', true), '')::int, tg_argv[0], left(tg_op, 1),
    case when tg_op = 'TRUNCATE' then null when tg_op = 'DELETE' then old.id else new.id end,
    case when tg_op in ('UPDATE', 'DELETE') then to_jsonb(old) end,
    case when tg_op in ('INSERT', 'UPDATE') then to_jsonb(new) end);
  return null;
end $$`

/** What enters a table's changes into the history. */
export const auditOf = (model: string, table: string): string => `
create trigger zz_sim_keep after insert or update or delete on ${table} for each row execute function sim.keep('${model}');
create trigger zz_sim_keep_all after truncate on ${table} for each statement execute function sim.keep('${model}');
alter table ${table} enable always trigger zz_sim_keep;
alter table ${table} enable always trigger zz_sim_keep_all`
