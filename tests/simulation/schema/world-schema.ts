/** The world of the simulation, with six people in two organisations. */
import { fileURLToPath } from 'node:url'
import { readSchema } from '../../../generator/read/read-schema.js'
import * as client from './generated/client/index.js'
import * as server from './generated/server/index.js'
import * as shared from './generated/shared/schema.js'
import { type SimSchema, simSchema } from './sim-schema.js'

const read = await readSchema([fileURLToPath(new URL('world.yaml', import.meta.url))])
if (!read.ok) throw new Error(read.problems.map(({ line, message }) => `${line}: ${message}`).join('\n'))

/** The n-th row of a model that is there from the beginning. */
export const worldId = (model: string, n: number): string => {
  const at = (read.ok ? read.schema.models : []).findIndex((each) => each.name === model)
  return `00000000-0000-4000-8000-0000000${at.toString(16).padStart(2, '0')}${n.toString(16).padStart(3, '0')}`
}

const people = ['ada', 'bob', 'cy', 'dee', 'eve', 'fay'].map((handle, at) => ({ handle, id: worldId('Person', at) }))

const insert = (model: string, table: string, columns: string, rows: readonly (readonly string[])[]): string => {
  const values = rows.map((row, at) => `('${worldId(model, at)}', ${row.join(', ')})`)
  return `insert into ${table} (id, ${columns}) values ${values.join(', ')}`
}

const person = (n: number): string => `'${worldId('Person', n)}'`
const organisation = (n: number): string => `'${worldId('Organisation', n)}'`
const project = (n: number): string => `'${worldId('Project', n)}'`
const task = (n: number): string => `'${worldId('Task', n)}'`
const tag = (n: number): string => `'${worldId('Tag', n)}'`

const seedSql = [
  insert('Person', 'people', 'handle, boss_id, secret', people.map(({ handle }, at) => [`'${handle}'`, at === 0 ? 'null' : person(0), `'secret of ${handle}'`])),
  insert('Organisation', 'organisations', 'name, slug, owner_id', [[`'Works'`, `'works'`, person(0)], [`'Club'`, `'club'`, person(4)]]),
  insert('Membership', 'memberships', 'organisation_id, person_id, role', [
    [organisation(0), person(0), `'owner'`],
    [organisation(0), person(1), `'editor'`],
    [organisation(0), person(2), `'viewer'`],
    [organisation(1), person(1), `'viewer'`],
    [organisation(1), person(3), `'editor'`],
    [organisation(1), person(4), `'owner'`],
  ]),
  insert('Project', 'projects', 'organisation_id, lead_id, title', [[organisation(0), person(1), `'Rocket'`], [organisation(0), 'null', `'Boat'`], [organisation(1), person(3), `'Garden'`]]),
  insert('Task', 'tasks', 'project_id, assignee_id, parent_id, title, votes', [
    [project(0), person(1), 'null', `'Engine'`, '1'],
    [project(0), person(2), task(0), `'Valve'`, '2'],
    [project(0), 'null', 'null', `'Paint'`, '0'],
    [project(1), person(0), 'null', `'Hull'`, '3'],
    [project(2), person(3), 'null', `'Roses'`, '0'],
  ]),
  insert('Comment', 'comments', 'task_id, author_id, body', [[task(0), person(1), `'Loud'`], [task(1), person(2), `'Leaks'`], [task(4), person(3), `'Red'`]]),
  insert('Tag', 'tags', 'organisation_id, name', [[organisation(0), `'urgent'`], [organisation(0), `'nice'`], [organisation(1), `'green'`]]),
  insert('Tagging', 'taggings', 'task_id, tag_id, reason', [[task(0), tag(0), `'late'`], [task(1), tag(0), 'null'], [task(4), tag(2), `''`]]),
]

/** Money and effort are not negative: the database says so, the schema does not. */
const extraSql = `
alter table tasks add constraint tasks_estimate_not_negative check (estimate >= 0);
alter table organisations add constraint organisations_credit_enough check (credit >= -1000);
`

/** Everybody who is there from the beginning can sign in; Eve is an admin, Bob says that he is none. */
export const worldSchema: SimSchema = simSchema(
  read.schema,
  { client, server, shared, folder: new URL('generated/', import.meta.url) },
  {
    extraSql,
    seedSql,
    principals: people.map(({ id, handle }) => ({
      principal: id,
      claims: { sub: id, admin: handle === 'eve' ? true : handle === 'bob' ? false : null },
    })),
  },
)
