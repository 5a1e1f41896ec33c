/** What a database is made of, in PostgreSQL's own words: the same facts for the same things, however they came to be so. */
import { type Asked, fields } from './asked.js'

/** A thing in a database, and what there is to say of it. */
export interface Thing {
  readonly kind: 'table' | 'column' | 'constraint' | 'index' | 'trigger' | 'rule' | 'function' | 'sequence'
  /** Its table; for what has none, the schema `syncgen`. Names of syncgen's own tables begin with `syncgen.`. */
  readonly table: string
  readonly name: string
  /** By name: `type`, `default`, `definition`. */
  readonly facts: Readonly<Record<string, string | boolean | null>>
}

/** Where to look. */
export interface Place {
  /** The schema of tables that belong to nobody but syncgen. */
  readonly own: string
  /** Tables of the app, with their object identifiers. */
  readonly tables: readonly { readonly name: string; readonly oid: string }[]
}

/**
 * The things of these tables and of the schema `syncgen`. Definitions name tables as the session's search_path lets them: it must hold
 * the schemas of the tables, and not `syncgen`. Documentation, owners, storage parameters, statistics and the order of columns are no facts.
 */
export const thingsIn = async ({ rows }: Asked, { own, tables }: Place): Promise<readonly Thing[]> => {
  const found = await rows(statement, [tables.map(({ name }) => name), tables.map(({ oid }) => oid), own])
  return found.map((row) => {
    const [kind, table, name, facts] = fields(row)
    const plain = (text: string): string => text.replaceAll(`${own}.`, 'syncgen.').replaceAll('\\r\\n', '\\n')
    return { kind: kind as Thing['kind'], table: plain(table), name: plain(name), facts: JSON.parse(plain(facts)) as Thing['facts'] }
  })
}

/** Not its own table of applied migrations: the runner makes it. */
const statement = `
with place as (select oid from pg_namespace where nspname = $3),
tables as (
  select t.name, c.* from unnest($1::text[], $2::oid[]) t(name, id) join (select oid, relkind, relpersistence from pg_class) c on c.oid = t.id
  union all
  select $3 || '.' || c.relname, c.oid, c.relkind, c.relpersistence
  from pg_class c join place p on p.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname <> 'migrations'
)
select 'table', t.name, t.name, jsonb_build_object(
  'form', case t.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'relation' end,
  'unlogged', t.relpersistence = 'u',
  'inherits', exists (select from pg_inherits i where t.oid in (i.inhrelid, i.inhparent)),
  'subscribed', exists (select from pg_subscription_rel s where s.srrelid = t.oid)
    and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'syncgen_row'))::text
from tables t
union all
select 'column', t.name, a.attname, jsonb_build_object(
  'type', format_type(a.atttypid, a.atttypmod),
  'required', a.attnotnull and not exists (
    select from pg_constraint c where c.conrelid = a.attrelid and c.contype = 'n' and not c.convalidated and c.conkey = array[a.attnum]),
  'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid, true) end,
  'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid, true) end,
  'identity', nullif(a.attidentity, ''))::text
from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
union all
select 'constraint', t.name, c.conname, jsonb_build_object(
  'form', case c.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key' when 'c' then 'check' when 'x' then 'exclusion' else 'constraint' end,
  'definition', regexp_replace(regexp_replace(pg_get_constraintdef(c.oid, true), ' NOT VALID$', ''), $$ WITH \\([a-z_]+='?[^)]*'?\\)$$, ''),
  'validated', c.convalidated,
  'enforced', not exists (select from pg_trigger g where g.tgconstraint = c.oid and g.tgisinternal and g.tgenabled not in ('O', 'A')),
  'silenced', (select string_agg(format('alter table %s enable trigger %I;', g.tgrelid::regclass, g.tgname), ' ' order by g.tgname)
    from pg_trigger g where g.tgconstraint = c.oid and g.tgisinternal and g.tgenabled not in ('O', 'A')))::text
from tables t join pg_constraint c on c.conrelid = t.oid and c.contype in ('p', 'u', 'f', 'c', 'x')
union all
select 'index', t.name, x.relname, jsonb_build_object(
  'unique', i.indisunique,
  'definition', regexp_replace(pg_get_indexdef(i.indexrelid, 0, true), $$ WITH \\([a-z_]+='?[^)]*'?\\)$$, ''),
  'valid', i.indisvalid and i.indisready)::text
from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
where not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.conrelid = t.oid and c.contype in ('p', 'u', 'x'))
union all
select 'trigger', t.name, g.tgname, jsonb_build_object(
  'definition', pg_get_triggerdef(g.oid, true),
  'enabled', case g.tgenabled when 'A' then 'always' when 'O' then 'except where session_replication_role is replica'
    when 'R' then 'only where session_replication_role is replica' else 'never' end)::text
from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
union all
select 'rule', t.name, r.rulename, jsonb_build_object('definition', pg_get_ruledef(r.oid, true))::text
from tables t join pg_rewrite r on r.ev_class = t.oid where r.rulename <> '_RETURN'
union all
select 'function', 'syncgen', format('%s.%I(%s)', $3, p.proname, pg_get_function_identity_arguments(p.oid)), jsonb_build_object('definition', pg_get_functiondef(p.oid))::text
from pg_proc p join place n on n.oid = p.pronamespace where p.prokind in ('f', 'p')
union all
select 'sequence', 'syncgen', format('%s.%I', $3, c.relname), jsonb_build_object(
  'definition', format('%s from %s to %s by %s, cache %s%s', format_type(s.seqtypid, null), s.seqmin, s.seqmax, s.seqincrement, s.seqcache, case when s.seqcycle then ', cycle' else '' end))::text
from pg_sequence s join pg_class c on c.oid = s.seqrelid join place n on n.oid = c.relnamespace
order by 1, 2, 3`
