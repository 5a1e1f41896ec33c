/** Whether roles may do what they have to: asked of PostgreSQL, which knows about membership and ownership. */
import { type Asked, fields } from './asked.js'
import type { Place } from './catalog.js'
import type { Finding } from './compare.js'

/** What is missing for a server that connects as `role`, and for the owners of the functions that capture. docs/security.md lists the rights. */
export const missingRights = async ({ rows }: Asked, place: Place, role: string): Promise<readonly Finding[]> => {
  const found = await rows(statement, [place.tables.map(({ oid }) => oid), role])
  return found.map((row) => {
    const [who, right, object, why] = fields(row)
    if (right === 'row security') return {
      severity: 'drift', kind: 'right', object,
      what: `row security hides rows from ${who}`,
      advice: 'The server would take hidden rows for deleted ones. Access is decided by the schema: let this role see all rows.',
      sql: null,
    }
    const to = object.endsWith(')') ? `function ${object}` : why === 'schema' || why === 'sequence' ? `${why} ${object}` : object
    return {
      severity: 'drift', kind: 'right', object,
      what: `${who} lacks ${right}`,
      advice: why === 'owner' || why === 'sequence' ? 'Its functions write the log with the rights of their owner.' : 'A server that connects as this role needs it.',
      sql: `grant ${right} on ${to} to ${who};`,
    }
  })
}

/** Whether there is such a role, and who asks. */
export const roleNamed = async ({ rows }: Asked, role: string | null): Promise<string | null> => {
  const [found] = await rows('select rolname from pg_roles where rolname = coalesce(nullif($1, $$$$), current_user)', [role ?? ''])
  return typeof found?.[0] === 'string' ? found[0] : null
}

const statement = `
with server(name) as (select $2::name),
needs(role, object, rights, why) as (
  select s.name, o.oid, array['select', 'insert', 'update', 'delete'], 'table' from server s, unnest($1::oid[]) o(oid)
  union all
  select s.name, to_regclass('syncgen.' || o.name)::oid, o.rights, 'table'
  from server s, (values ('meta', array['select']), ('changes', array['select']), ('clients', array['select', 'insert', 'update']),
    ('outcomes', array['select', 'insert', 'update'])) o(name, rights)
  union all
  select distinct pg_get_userbyid(p.proowner), to_regclass('syncgen.' || o.name)::oid, o.rights, 'owner'
  from pg_proc p, (values ('changes', array['insert', 'delete']), ('meta', array['select', 'update']), ('outcomes', array['delete']),
    ('horizons', array['select', 'insert', 'delete'])) o(name, rights)
  where p.pronamespace = to_regnamespace('syncgen') and p.prosecdef
)
select quote_ident(n.role), r.name, n.object::regclass::text, n.why
from needs n cross join lateral unnest(n.rights) r(name)
where n.object is not null and not has_table_privilege(n.role, n.object, r.name)
union all
select distinct quote_ident(o.role), 'usage', 'syncgen.version', 'sequence'
from needs o where o.why = 'owner' and to_regclass('syncgen.version') is not null and not has_sequence_privilege(o.role, to_regclass('syncgen.version'), 'usage')
union all
select distinct quote_ident(n.role), 'usage', quote_ident(s.nspname), 'schema'
from needs n join pg_class c on c.oid = n.object join pg_namespace s on s.oid = c.relnamespace
where not has_schema_privilege(n.role, s.oid, 'usage')
union all
select quote_ident(s.name), 'execute', format('%s(%s)', p.oid::regproc, pg_get_function_identity_arguments(p.oid)), 'function'
from server s, pg_proc p
where p.pronamespace = to_regnamespace('syncgen') and p.prorettype <> 'trigger'::regtype and not has_function_privilege(s.name, p.oid, 'execute')
union all
select quote_ident(s.name), 'row security', c.oid::regclass::text, 'table'
from server s join pg_roles r on r.rolname = s.name, pg_class c
where c.oid = any($1::oid[]) and c.relrowsecurity and not r.rolsuper and not r.rolbypassrls
  and (c.relforcerowsecurity or not pg_has_role(s.name, c.relowner, 'usage'))
order by 1, 3, 2`
