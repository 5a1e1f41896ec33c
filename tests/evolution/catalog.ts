/** What a database is made of, in PostgreSQL's own words: the same lines for the same tables, however they came to be so. */
import type { Client } from 'pg'

/** One line for each column, constraint, index, trigger and function, sorted. The order of columns is no difference. */
export const catalogOf = async (client: Client): Promise<readonly string[]> => {
  const { rows } = await client.query<{ line: string }>({ text: lines })
  return rows.map(({ line }) => line).toSorted()
}

const lines = `
with tables as (
  select c.oid, n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname in ('public', 'syncgen') and c.relname <> 'migrations'
)
select 'table ' || name as line from tables
union all
select format('column %s.%s %s%s%s', t.name, a.attname, format_type(a.atttypid, a.atttypmod),
  case when a.attnotnull then ' not null' else '' end, coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''))
from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
union all
select format('constraint %s.%s %s', t.name, c.conname, pg_get_constraintdef(c.oid))
from tables t join pg_constraint c on c.conrelid = t.oid and c.contype <> 'n'
union all
select format('index %s%s', pg_get_indexdef(i.indexrelid), case when i.indisvalid then '' else ' INVALID' end)
from tables t join pg_index i on i.indrelid = t.oid
union all
select format('trigger %s.%s %s %s', t.name, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid))
from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
union all
select format('function %s %s', pg_get_functiondef(p.oid), p.proacl)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'syncgen'`
