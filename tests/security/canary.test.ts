/**
 * The differential leak test (SECURITY S-26): random tracker databases in which every text column of every row holds a canary of
 * its own, and clients that ask for everything. What SQL written by hand says may be read is what came over the wire, and nothing else.
 * SECURITY_DATABASES: how many databases (200). SECURITY_SEED: where they begin.
 */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { board, home } from '../e2e/tracker-sql.js'
import { type Tracker, openTracker } from '../server/tracker-node.js'
import { writeKeys } from '../../runtime/protocol/index.js'
import { RawClient } from './raw-client.js'

const databases = Number(process.env['SECURITY_DATABASES'] ?? 200)
const firstSeed = Number(process.env['SECURITY_SEED'] ?? 1)

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker({ limits: { connectionsPerPrincipal: 1000 } })
})
afterAll(async () => {
  await tracker?.stop()
})

type Next = (below: number) => number

/** mulberry32 */
const random = (seed: number): Next => {
  let state = seed * 0x9e3779b9
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Tables with their caches, and the columns that hold canaries; those of `hidden` may never travel. */
const tables = {
  users: { columns: ['name', 'email'], hidden: ['password_hash'] },
  projects: { columns: ['title'], hidden: [] },
  tasks: { columns: ['title', 'position'], hidden: [] },
  labels: { columns: ['name'], hidden: [] },
} as const
type Table = keyof typeof tables

const canary = (table: Table, column: string, id: string): string => `~${table}.${column}.${id}~`

interface World {
  readonly users: readonly string[]
  readonly projects: readonly string[]
  readonly tasks: readonly string[]
  readonly labels: readonly string[]
}

const insert = async (sql: pg.Client, table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> => {
  const [first] = rows
  if (first === undefined) return
  const names = Object.keys(first)
  await sql.query(`insert into ${table} (${names.join()}) select ${names.join()} from jsonb_populate_recordset(null::${table}, $1) on conflict do nothing`, [JSON.stringify(rows)])
}

/** A small database of its own among all those before it, none of whose rows its people may read. */
const populate = async (sql: pg.Client, next: Next): Promise<World> => {
  const ids = (most: number): string[] => Array.from({ length: 1 + next(most) }, () => randomUUID())
  const one = (from: readonly string[]): string => from[next(from.length)] ?? ''
  const [users, projects] = [ids(4), ids(4)]
  const marked = (table: Table, id: string) =>
    Object.fromEntries([...tables[table].columns, ...tables[table].hidden].map((column) => [column, canary(table, column, id)]))
  const [tasks, labels] = [ids(8), ids(5)]
  await insert(sql, 'users', users.map((id) => ({ id, ...marked('users', id) })))
  await insert(sql, 'projects', projects.map((id) => ({ id, owner_id: one(users), settings: {}, ...marked('projects', id) })))
  await insert(sql, 'members', Array.from({ length: next(8) }, () => ({ id: randomUUID(), project_id: one(projects), user_id: one(users), role: ['owner', 'editor', 'viewer'][next(3)] })))
  await insert(sql, 'tasks', tasks.map((id) => ({ id, project_id: one(projects), assignee_id: next(2) === 0 ? one(users) : null, state: ['todo', 'done'][next(2)], votes: 0, ...marked('tasks', id) })))
  await insert(sql, 'labels', labels.map((id) => ({ id, project_id: one(projects), color: '#000000', ...marked('labels', id) })))
  // Links that cross projects are what a join gets wrong first.
  await insert(sql, 'task_labels', Array.from({ length: next(6) }, () => ({ id: randomUUID(), task_id: one(tasks), label_id: one(labels) })))
  return { users, projects, tasks, labels }
}

/** Ids by table that the user's scopes cover now, and whose rows are in none of them. */
const readable = async (sql: pg.Client, user: string, projects: readonly string[]): Promise<ReadonlySet<string>> => {
  const found = new Set<string>()
  for (const table of Object.keys(tables) as Table[]) {
    const collect = async (text: string | undefined, values: readonly string[]): Promise<void> => {
      if (text === undefined) return
      for (const { id } of (await sql.query<{ id: string }>(text, [...values])).rows) for (const column of tables[table].columns) found.add(canary(table, column, id))
    }
    await collect(home[table], [user])
    for (const project of projects) await collect(board[table], [user, project])
  }
  return found
}

const canariesIn = (texts: readonly string[]): ReadonlySet<string> => new Set(texts.join('\n').match(/~[a-z_]+\.[a-z_]+\.[0-9a-f-]{36}~/g) ?? [])

/** Writes by others that move rows in and out while the client watches. */
const disturb = async (sql: pg.Client, next: Next, { users, projects, tasks, labels }: World): Promise<void> => {
  const one = (from: readonly string[]): string => from[next(from.length)] ?? ''
  const moves: readonly (readonly [string, readonly string[]])[] = [
    ['update projects set owner_id = $2 where id = $1', [one(projects), one(users)]],
    ['update tasks set project_id = $2 where id = $1', [one(tasks), one(projects)]],
    ['update tasks set assignee_id = $2, state = \'todo\' where id = $1', [one(tasks), one(users)]],
    ['delete from members where project_id = $1', [one(projects)]],
    ['insert into members (project_id, user_id) values ($1, $2) on conflict do nothing', [one(projects), one(users)]],
    ['update labels set project_id = $2 where id = $1', [one(labels), one(projects)]],
    ['update tasks set votes = votes + 1 where id = $1', [one(tasks)]],
  ]
  await sql.query('begin')
  for (let count = 1 + next(3); count > 0; count -= 1) {
    const [text, values] = moves[next(moves.length)] ?? ['select 1', []]
    await sql.query(text, [...values])
  }
  await sql.query('commit')
}

/** One database, one client that asks for all of it. How many canaries it may have, and how many not. */
const attack = async (sql: pg.Client, seed: number, before: readonly string[]): Promise<{ readonly projects: readonly string[]; readonly seen: number; readonly withheld: number }> => {
  const next = random(seed)
  const world = await populate(sql, next)
  const user = world.users[next(world.users.length)] ?? ''
  // Boards of everybody, those of an earlier database among them.
  const projects = [...world.projects, ...before].slice(0, 6)
  const client = await RawClient.greeted(tracker.url, user)
  const call = { hash: null, position: next(4) === 0 ? 'forged' : null }
  client.send({ kind: 'sync', attempt: 1, scopes: [{ id: 0, name: 'home', params: {}, ...call }, ...projects.map((projectId, at) => ({ id: at + 1, name: 'board', params: { projectId }, ...call }))] })
  if (call.position !== null) {
    await client.heard('"kind":"wanted"')
    client.send({ kind: 'hold', attempt: 1, scope: 1, model: 'Task', form: 'keys', bytes: writeKeys([...world.tasks, ...world.users].map((id) => [id, 1])), last: true })
  }
  await client.heard('"kind":"synced"')
  const allowed = new Set(await readable(sql, user, projects))
  expect([...canariesIn(client.texts)].sort(), `first sync, seed ${seed}`).toEqual([...allowed].sort())

  // Whatever is asked of rows by key, `pushed` brings what may be read, and live batches what became readable.
  const keys = [['Task', world.tasks], ['User', world.users], ['Project', world.projects], ['Label', world.labels]] as const
  const ops = keys.flatMap(([model, ids]) => ids.map((id) => ({ op: 'delete', model, id, version: 1, seen: {} })))
  client.send({ kind: 'push', mutations: ops.map((op, at) => ({ seq: at + 1, run: 'r', schema: 'f'.repeat(64), at: 0, strict: false, ops: [op] })) })
  await client.heard(`"seq":${ops.length},`)
  for (const each of await ruled(sql, user, world)) allowed.add(each)
  await disturb(sql, next, world)
  client.send({ kind: 'sync', attempt: 2, scopes: [{ id: 60, name: 'home', params: {}, hash: null, position: null }] })
  await client.heard('"attempt":2,"from"')
  for (const each of await readable(sql, user, projects)) allowed.add(each)
  expect([...canariesIn(client.texts)].filter((each) => !allowed.has(each)), `seed ${seed}`).toEqual([])
  client.cut()
  const all = keys.reduce((sum, [, ids]) => sum + ids.length * 2, 0)
  return { projects: world.projects, seen: allowed.size, withheld: all - allowed.size }
}

it(`[X14] [S-26] over ${databases} random databases the wire carries every readable row that was asked for, and nothing of any other`, { timeout: 60_000 + databases * 1000 }, async () => {
  let [seed, seen, withheld] = [firstSeed, 0, 0]
  const lane = async (): Promise<void> => {
    const sql = new pg.Client({ connectionString: tracker.database })
    await sql.connect()
    let before: readonly string[] = []
    try {
      while (seed < firstSeed + databases) {
        const attacked = await attack(sql, seed++, before)
        seen += attacked.seen
        withheld += attacked.withheld
        before = attacked.projects.slice(0, 2)
      }
    } finally {
      await sql.end()
    }
  }
  await Promise.all(Array.from({ length: 4 }, lane))
  expect(seen).toBeGreaterThan(databases)
  expect(withheld).toBeGreaterThan(databases)
})

/** Rows of this database that the read rules admit, in a scope or not: boards of all projects hold them, and the user himself. */
const ruled = async (sql: pg.Client, user: string, { projects }: World): Promise<readonly string[]> => [
  ...(await readable(sql, user, projects)),
  ...tables.users.columns.map((column) => canary('users', column, user)),
]
