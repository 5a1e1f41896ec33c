/**
 * What a device must hold, as SQL written by hand: the access rules and scopes of schemas/tracker.yaml spelled out anew. Nothing
 * here comes from the generator, so that agreeing with it means something. `$1` is the user, `$2` the project.
 */
import type pg from 'pg'
import { rowText } from './digest.js'

/** Rows by id, all their values as text. */
export type RowsById = Readonly<Record<string, string>>

/** The rows of the scope `home`. */
export const expectedHome = (sql: pg.Client, user: string): Promise<RowsById> => read(sql, home, [user])

/** The rows of the scope `board` of a project. */
export const expectedBoard = (sql: pg.Client, user: string, project: string): Promise<RowsById> => read(sql, board, [user, project])

const mayRead = (project: string): string => `exists (
  select from projects p where p.id = ${project}
    and (p.owner_id = $1 or exists (select from members m where m.project_id = p.id and m.user_id = $1)))`

const home = {
  projects: `select t.* from projects t where ${mayRead('t.id')}`,
  members: `select t.* from members t where t.user_id = $1 and ${mayRead('t.project_id')}`,
  tasks: `select t.* from tasks t where t.assignee_id = $1 and t.state <> 'done' and ${mayRead('t.project_id')}`,
}

const board = {
  projects: `select t.* from projects t where t.id = $2 and ${mayRead('t.id')}`,
  members: `select t.* from members t where t.project_id = $2 and ${mayRead('t.project_id')}`,
  users: `select t.* from users t where exists (select from members y where y.user_id = t.id and y.project_id = $2)
    and (t.id = $1 or exists (select from members x where x.user_id = t.id and ${mayRead('x.project_id')}))`,
  tasks: `select t.* from tasks t where t.project_id = $2 and ${mayRead('t.project_id')}`,
  labels: `select t.* from labels t where t.project_id = $2 and ${mayRead('t.project_id')}`,
  taskLabels: `select t.* from task_labels t join tasks k on k.id = t.task_id
    where k.project_id = $2 and ${mayRead('k.project_id')}`,
}

/** The columns of each table that clients hold, in the order of the generated row types. */
const columns: Readonly<Record<string, string>> = {
  users: 'id, created_at, updated_at, name, email',
  projects: 'id, created_at, updated_at, title, owner_id, budget, settings',
  members: 'id, created_at, updated_at, project_id, user_id, role',
  tasks: 'id, created_at, updated_at, project_id, assignee_id, title, state, position, due_at, estimate, votes',
  labels: 'id, created_at, updated_at, project_id, name, color',
  taskLabels: 'id, created_at, updated_at, task_id, label_id',
}

const read = async (sql: pg.Client, scope: Readonly<Record<string, string>>, values: readonly string[]): Promise<RowsById> => {
  const byId: Record<string, string> = {}
  for (const [table, text] of Object.entries(scope)) {
    const columnsAndRows = `select ${columns[table]} from (${text}) r`
    const { rows } = await sql.query<unknown[]>({ text: columnsAndRows, values: [...values], rowMode: 'array' })
    for (const row of rows) byId[String(row[0])] = rowText(row)
  }
  return byId
}
