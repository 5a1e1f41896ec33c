import type pg from 'pg'

/** The people and projects of the story; the same ids in every run. */
export interface Cast {
  readonly ada: string
  readonly bob: string
  readonly cy: string
  /** Ada's; Bob and Cy are editors. */
  readonly apollo: string
  /** Ada's; Bob and Cy are viewers. */
  readonly borealis: string
}

/**
 * Fills the tracker by plain SQL, as some other program would: 20 people, 8 projects, 10,000 tasks, labels and links. Everything
 * is computed from numbers, nothing is drawn.
 */
export const seed = async (sql: pg.Client): Promise<Cast> => {
  await sql.query(text)
  const id = async (kind: string, number: number): Promise<string> => {
    const { rows } = await sql.query<{ id: string }>('select pg_temp.id_of($1, $2) as id', [kind, number])
    return rows[0]?.id ?? ''
  }
  return {
    ada: await id('user', 1),
    bob: await id('user', 2),
    cy: await id('user', 3),
    apollo: await id('project', 1),
    borealis: await id('project', 2),
  }
}

/** A task of a project by its number; Apollo has 1 to 4000, Borealis 4001 to 6000. */
export const taskId = async (sql: pg.Client, number: number): Promise<string> => {
  const { rows } = await sql.query<{ id: string }>(`select pg_temp.id_of('task', $1) as id`, [number])
  return rows[0]?.id ?? ''
}

const text = `
create function pg_temp.id_of(kind text, number bigint) returns uuid language sql immutable
as $$ select md5(kind || ' ' || number)::uuid $$;

begin;
insert into users (id, name, email)
select pg_temp.id_of('user', n), name, lower(name) || '@example.org'
from unnest(array['Ada', 'Bob', 'Cy', 'Dora', 'Emil', 'Fay', 'Gus', 'Hana', 'Ivo', 'Jil', 'Kim', 'Lou', 'Mia', 'Ned', 'Oda', 'Pia',
  'Quin', 'Rui', 'Sue', 'Tom']) with ordinality as u(name, n);

insert into projects (id, title, owner_id, budget)
select pg_temp.id_of('project', n), title, pg_temp.id_of('user', case when n <= 2 then 1 else n + 1 end), n * 1000
from unnest(array['Apollo', 'Borealis', 'Cosmos', 'Delta', 'Europa', 'Fermi', 'Gemini', 'Hubble']) with ordinality as p(title, n);

insert into members (id, project_id, user_id, role)
select pg_temp.id_of('member', p * 100 + u), pg_temp.id_of('project', p), pg_temp.id_of('user', u),
  case when u = 1 then 'owner' when p = 1 then 'editor' else 'viewer' end
from generate_series(1, 2) p, generate_series(1, 3) u
union all
select pg_temp.id_of('member', p * 100 + u), pg_temp.id_of('project', p), pg_temp.id_of('user', u), 'editor'
from generate_series(3, 8) p, generate_series(4, 20) u where u % 5 = p % 5 or u = p + 1;

insert into tasks (id, project_id, assignee_id, title, state, position, due_at, estimate)
select pg_temp.id_of('task', n), pg_temp.id_of('project', p),
  case when n % 20 = 0 then pg_temp.id_of('user', case when p <= 2 then 1 + n / 60 % 3 else p + 1 end) end,
  'Task ' || n, (array['todo', 'doing', 'done'])[1 + n % 3], 'a' || lpad(n::text, 6, '0'),
  case when n % 4 = 0 then timestamptz '2026-01-01 00:00+00' + n * interval '1 hour' end,
  case when n % 5 = 0 then (n % 40)::numeric / 4 end
from (select n, case when n <= 4000 then 1 when n <= 6000 then 2 else 3 + n % 6 end as p from generate_series(1, 10000) n) t;

insert into labels (id, project_id, name, color)
select pg_temp.id_of('label', p * 10 + n), pg_temp.id_of('project', p), name, '#' || substr(md5(name), 1, 6)
from generate_series(1, 8) p, unnest(array['bug', 'idea', 'urgent', 'design', 'docs']) with ordinality as l(name, n);

insert into task_labels (id, task_id, label_id)
select pg_temp.id_of('link', n), pg_temp.id_of('task', n), pg_temp.id_of('label', p * 10 + 1 + n % 5)
from (select n, case when n <= 4000 then 1 when n <= 6000 then 2 else 3 + n % 6 end as p from generate_series(1, 10000) n) t
where n % 5 < 2;
commit;
analyze;
`
