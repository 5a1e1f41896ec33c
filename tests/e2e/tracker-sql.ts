/**
 * What a device of the tracker must hold, as SQL written by hand for the tests: access rules and scopes spelled out anew, sharing
 * nothing with the generator. `$1` is the user, `$2` the project.
 */
import type pg from 'pg'

const readable = (project: string): string =>
  `exists (select from projects seen where seen.id = ${project} and (seen.owner_id = $1
     or exists (select from members mine where mine.project_id = seen.id and mine.user_id = $1)))`

const readableUser = `(u.id = $1 or exists (select from members x where x.user_id = u.id and ${readable('x.project_id')}))`

/** Ids per cache that the scope `home` covers. */
export const home: Readonly<Record<string, string>> = {
  projects: `select p.id from projects p where ${readable('p.id')}`,
  members: `select m.id from members m where m.user_id = $1 and ${readable('m.project_id')}`,
  tasks: `select t.id from tasks t where t.assignee_id = $1 and t.state <> 'done' and ${readable('t.project_id')}`,
}

/** Ids per cache that the scope `board` of the project $2 covers. */
export const board: Readonly<Record<string, string>> = {
  projects: `select p.id from projects p where p.id = $2 and ${readable('p.id')}`,
  members: `select m.id from members m where m.project_id = $2 and ${readable('m.project_id')}`,
  users: `select u.id from users u where exists (select from members y where y.user_id = u.id and y.project_id = $2) and ${readableUser}`,
  tasks: `select t.id from tasks t where t.project_id = $2 and ${readable('t.project_id')}`,
  labels: `select l.id from labels l where l.project_id = $2 and ${readable('l.project_id')}`,
  taskLabels: `select k.id from task_labels k join tasks t on t.id = k.task_id where t.project_id = $2 and ${readable('t.project_id')}`,
}

/** The table behind each cache, and its columns in the order of the row type's fields. */
const columns: Readonly<Record<string, readonly [table: string, columns: string]>> = {
  users: ['users', 'id, created_at, updated_at, name, email'],
  projects: ['projects', 'id, created_at, updated_at, title, owner_id, budget, settings'],
  members: ['members', 'id, created_at, updated_at, project_id, user_id, role'],
  tasks: ['tasks', 'id, created_at, updated_at, project_id, assignee_id, title, state, position, due_at, estimate, votes'],
  labels: ['labels', 'id, created_at, updated_at, project_id, name, color'],
  taskLabels: ['task_labels', 'id, created_at, updated_at, task_id, label_id'],
}

export const caches = Object.keys(columns)

/** Rows as text, per cache, that a device of this user with `home` and these boards must hold. */
export const expectedRows = async (
  session: pg.Client,
  user: string,
  boards: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> => {
  const result: Record<string, readonly string[]> = {}
  for (const [cache, [table, list]] of Object.entries(columns)) {
    const ids = new Set<string>()
    const collect = async (sql: string | undefined, values: readonly string[]): Promise<void> => {
      if (sql === undefined) return
      const found = await session.query<{ id: string }>(sql, [...values])
      for (const row of found.rows) ids.add(row.id)
    }
    await collect(home[cache], [user])
    for (const project of boards) await collect(board[cache], [user, project])
    const rows = await session.query({
      text: `select ${list} from ${table} where id = any($1) order by id`,
      values: [[...ids]],
      rowMode: 'array',
    })
    result[cache] = rows.rows.map((row: unknown[]) => JSON.stringify(row.map(plain)))
  }
  return result
}

/** A cached row in the same text form. */
export const cachedRow = (row: object): string => JSON.stringify(Object.values(row).map(plain))

/** Key order of json does not matter. */
const plain = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
  return value
}
