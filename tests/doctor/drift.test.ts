/** Each kind of drift, made by hand in SQL: found and named, and nothing else with it. What the doctor advises mends it. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { outputOf, type Patient, patient } from './database.js'

interface Drift {
  /** What somebody did. */
  readonly sql: string
  /** Kind, object and begin of the sentence of each finding. */
  readonly found: readonly string[]
  /** Whether the advised SQL mends it. */
  readonly mends: boolean
}

const drifts: Readonly<Record<string, Drift>> = {
  'a table is dropped': { sql: 'drop table task_labels', found: ['table task_labels is missing'], mends: false },
  'a table becomes a view': {
    sql: 'alter table task_labels rename to links; create view task_labels as select * from links',
    found: ['table task_labels is a view, should be a table'],
    mends: false,
  },
  'a table is inherited from': { sql: 'create table more () inherits (task_labels)', found: ['table task_labels inherits, or is inherited from'], mends: false },
  'a table is unlogged': { sql: 'alter table task_labels set unlogged', found: ['table task_labels is unlogged'], mends: true },
  'a table of syncgen is dropped': { sql: 'drop table syncgen.outcomes', found: ['table syncgen.outcomes is missing'], mends: false },
  'a column is dropped, with its check': { sql: 'alter table tasks drop column state cascade', found: ['column tasks.state is missing'], mends: false },
  'a nullable column is dropped': { sql: 'alter table tasks drop column estimate', found: ['column tasks.estimate is missing'], mends: true },
  'a column is renamed': { sql: 'alter table tasks rename estimate to guess', found: ['column tasks.estimate is missing', 'column tasks.guess is not in the schema'], mends: false },
  'a type': { sql: 'alter table tasks alter column estimate type numeric', found: ['column tasks.estimate type: is numeric, should be numeric(6,2)'], mends: false },
  'nullable': { sql: 'alter table tasks alter column title drop not null', found: ['column tasks.title may be null, should never be'], mends: true },
  'not nullable': { sql: 'alter table tasks alter column estimate set not null', found: ['column tasks.estimate must not be null, should be nullable'], mends: true },
  'another default': { sql: `alter table tasks alter column state set default 'done'`, found: [`column tasks.state default: is 'done'::text, should be 'todo'::text`], mends: true },
  'no default': { sql: 'alter table tasks alter column id drop default', found: ['column tasks.id default: is none, should be syncgen.uuid_v7()'], mends: true },
  'a column that no server can fill': { sql: 'alter table tasks add column colour text not null', found: ['column tasks.colour is not in the schema, is never null, and has no default'], mends: false },
  'a check is dropped': { sql: 'alter table tasks drop constraint tasks_state_check', found: ['constraint tasks.tasks_state_check is missing'], mends: true },
  'a check is another': {
    sql: `alter table tasks drop constraint tasks_state_check, add constraint tasks_state_check check (state in ('todo', 'done'))`,
    found: ['constraint tasks.tasks_state_check definition: is CHECK'],
    mends: true,
  },
  'a check was never validated': {
    sql: `do $$ declare d text := (select pg_get_constraintdef(oid) from pg_constraint where conname = 'tasks_state_check'); begin
      alter table tasks drop constraint tasks_state_check; execute 'alter table tasks add constraint tasks_state_check ' || d || ' not valid'; end $$`,
    found: ['constraint tasks.tasks_state_check was never validated'],
    mends: true,
  },
  'a constraint is renamed': { sql: 'alter table tasks rename constraint tasks_state_check to state_ok', found: ['constraint tasks.tasks_state_check is called state_ok'], mends: true },
  'a foreign key is dropped': { sql: 'alter table tasks drop constraint tasks_project_id_fkey', found: ['constraint tasks.tasks_project_id_fkey is missing'], mends: true },
  'a foreign key does something else on delete': {
    sql: 'alter table tasks drop constraint tasks_project_id_fkey, add constraint tasks_project_id_fkey foreign key (project_id) references projects (id)',
    found: ['constraint tasks.tasks_project_id_fkey definition: is FOREIGN KEY'],
    mends: true,
  },
  'a primary key is dropped': { sql: 'alter table task_labels drop constraint task_labels_pkey', found: ['constraint task_labels.task_labels_pkey is missing'], mends: true },
  'an index is dropped': { sql: 'drop index tasks_assignee_id_idx', found: ['index tasks.tasks_assignee_id_idx is missing'], mends: true },
  'an index is another': { sql: 'drop index tasks_assignee_id_idx; create index tasks_assignee_id_idx on tasks (title)', found: ['index tasks.tasks_assignee_id_idx definition: is CREATE INDEX'], mends: true },
  'an index is renamed': { sql: 'alter index tasks_assignee_id_idx rename to mine', found: ['index tasks.tasks_assignee_id_idx is called mine'], mends: true },
  'an index is not valid': { sql: `update pg_index set indisvalid = false where indexrelid = 'tasks_assignee_id_idx'::regclass`, found: ['index tasks.tasks_assignee_id_idx is not valid'], mends: true },
  'an index of syncgen is dropped': { sql: 'drop index syncgen.changes_window', found: ['index syncgen.changes.changes_window is missing'], mends: true },
  'a trigger is dropped': { sql: 'drop trigger syncgen_update on tasks', found: ['trigger tasks.syncgen_update is missing'], mends: true },
  'a trigger is disabled': { sql: 'alter table tasks disable trigger syncgen_update', found: ['trigger tasks.syncgen_update fires never, should always'], mends: true },
  'a trigger is enabled in the usual way': {
    sql: 'alter table tasks enable trigger syncgen_update',
    found: ['trigger tasks.syncgen_update fires except where session_replication_role is replica, should always'],
    mends: true,
  },
  'a trigger is another': {
    sql: `drop trigger syncgen_stamp_update on tasks; create trigger syncgen_stamp_update before update on tasks for each row execute function syncgen.stamp(); alter table tasks enable always trigger syncgen_stamp_update`,
    found: ['trigger tasks.syncgen_stamp_update definition: is CREATE TRIGGER'],
    mends: true,
  },
  'foreign keys are silenced': {
    sql: 'alter table task_labels disable trigger all, enable always trigger syncgen_stamp_insert, enable always trigger syncgen_stamp_update, enable always trigger syncgen_insert, enable always trigger syncgen_update, enable always trigger syncgen_delete, enable always trigger syncgen_truncate',
    found: ['constraint task_labels.task_labels_label_id_fkey is not enforced', 'constraint task_labels.task_labels_task_id_fkey is not enforced'],
    mends: false,
  },
  'a function is another': {
    sql: `create or replace function syncgen.stamp() returns trigger language plpgsql security definer as 'begin return new; end'`,
    found: ['function syncgen.stamp() has another text: line 5 is'],
    mends: true,
  },
  'a function lost its rights': { sql: 'alter function syncgen.stamp() security invoker', found: ['function syncgen.stamp() has another text: line 4 is'], mends: true },
  'a function is dropped': { sql: 'drop function syncgen.purge(interval)', found: ['function syncgen.purge(horizon interval) is missing'], mends: true },
  'a sequence is another': { sql: 'alter sequence syncgen.version cache 50', found: ['sequence syncgen.version definition: is bigint'], mends: false },
}

describe('the doctor finds', { timeout: 60_000 }, () => {
  it.for(Object.entries(drifts))('[E61] %s', async ([, { sql, found, mends }]) => {
    const { client, doctor } = await patient(outputOf('generated-example'))
    await client.query(sql)
    const told = await doctor()
    expect(told.exitCode).toBe(4)
    expect(told.findings.map(({ kind, object, what }) => `${kind} ${object} ${what}`)).toEqual(found.map((begin) => expect.stringMatching(new RegExp(`^${begin.replaceAll(/[^\w ]/g, '\\$&')}`))))
    if (!mends) return
    for (const { sql: advised } of told.findings) for (const statement of statementsOf(advised ?? '')) await client.query(statement)
    expect((await doctor()).exitCode).toBe(0)
  })

  it('[E61] rights that a server lacks, and those of the owner of the functions', async () => {
    const { client, doctor } = await patient(outputOf('generated-example'))
    const role = `app_${randomBytes(6).toString('hex')}`
    onTestFinished(async () => {
      await client.query(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`)
    })
    await client.query(`create role ${role}; revoke all on schema public from public;
      grant usage on schema public, syncgen to ${role}; grant select, insert, update, delete on all tables in schema public to ${role};
      grant select on syncgen.meta, syncgen.changes to ${role}; grant select, insert, update on syncgen.clients, syncgen.outcomes to ${role}`)
    expect(await doctor('--role', role)).toMatchObject({ exitCode: 0, findings: [] })
    await client.query(`revoke update on tasks from ${role}; revoke usage on schema syncgen from ${role}; revoke execute on function syncgen.epoch() from public`)
    expect(await named(doctor('--role', role))).toEqual([`right syncgen.epoch() ${role} lacks execute`, `right syncgen ${role} lacks usage`, `right tasks ${role} lacks update`].toSorted())
    for (const { sql } of (await doctor('--role', role)).findings) await client.query(sql ?? '')
    expect(await doctor('--role', role)).toMatchObject({ exitCode: 0, findings: [] })
    await client.query('alter table tasks enable row level security')
    expect(await named(doctor('--role', role))).toEqual([`right tasks row security hides rows from ${role}`])
    expect(await doctor()).toMatchObject({ exitCode: 0 })
    await client.query(`alter table tasks disable row level security; alter function syncgen.stamp() owner to ${role}`)
    expect((await named(doctor())).filter((each) => each.includes('syncgen.version'))).toEqual([`right syncgen.version ${role} lacks usage`])
  })
})

const named = async (told: ReturnType<Patient['doctor']>): Promise<readonly string[]> => (await told).findings.map(({ kind, object, what }) => `${kind} ${object} ${what}`).toSorted()

/** What is to be run outside a transaction goes one by one; functions hold semicolons. */
const statementsOf = (sql: string): readonly string[] => (sql.startsWith('CREATE OR REPLACE') ? [sql] : sql.split(/;\s/))
