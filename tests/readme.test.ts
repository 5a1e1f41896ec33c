/** The programs of README.md, run as they stand against a real server and a real PostgreSQL. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { openLab, testDatabase, until } from 'syncgen/testing'
import { expect, it } from 'vitest'
import { openTracker, type Tracker } from '../generated-example/client/index.js'
import { createTrackerServer, type TrackerServer } from '../generated-example/server/index.js'
import { migrate } from '../runtime/server/migrations.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const migrations = fileURLToPath(new URL('../generated-example/migrations', import.meta.url))

/** The TypeScript block under a heading, without its import: the test gives what it imports. None of them has a type. */
const blockUnder = (heading: string): string => {
  const block = new RegExp(`## ${heading}\n[^#]*?\`\`\`ts\nimport [^\n]+\n([^]*?)\`\`\``).exec(readme)?.[1]
  if (block === undefined) throw new TypeError(`README.md has no program under “${heading}”`)
  return block
}

/** Runs a program with these names in scope, and returns the named ones of its own. */
const run = async (program: string, scope: Readonly<Record<string, unknown>>, wanted: string): Promise<unknown> => {
  const source = `return (async () => {\n${program}\nreturn { ${wanted} }\n})()`
  // The text is our own README: that is what is under test.
  return Reflect.apply(Reflect.construct(Function, [...Object.keys(scope), source]) as () => unknown, undefined, Object.values(scope))
}

/** What the client program leaves. */
interface ClientProgram {
  readonly db: Tracker
  readonly made: { readonly row: { readonly id: string } }
  readonly outcome: unknown
  readonly stop: () => void
}

it('[T7] the programs for client and server work together', async () => {
  const database = await testDatabase()
  await migrate({ database: database.url, folder: migrations })
  const http = createServer()
  const heard: unknown[] = []
  const { sync } = (await run(
    blockUnder('Use it in the server'),
    {
      createTrackerServer,
      http,
      log: () => undefined,
      name: 'Ada',
      email: 'ada@example.org',
      verify: async (token: string) => ({ sub: token, admin: false, exp: Date.now() / 1000 + 3600 }),
      audit: (event: unknown) => heard.push(event),
      process: { env: { DATABASE_URL: database.url }, once: () => undefined },
    },
    'sync',
  )) as { readonly sync: TrackerServer }
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')

  const sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  const { rows } = await sql.query<{ id: string }>('select id from users')
  const user = rows[0]?.id ?? ''
  const ids = await sync.transaction(async (tx) => {
    const project = await tx.projects.create({ title: 'Launch', ownerId: user })
    await tx.members.create({ projectId: project.id, userId: user, role: 'owner' })
    const label = await tx.labels.create({ projectId: project.id, name: 'urgent' })
    return { projectId: project.id, labelId: label.id }
  })

  const rejections: string[] = []
  const shown: number[] = []
  const { db, made, outcome, stop } = (await run(
    blockUnder('Use it in the client'),
    {
      openTracker,
      url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/sync`,
      user: { id: user },
      getToken: async () => user,
      toast: (code: string) => rejections.push(code),
      showStatus: () => undefined,
      render: (tasks: readonly unknown[]) => shown.push(tasks.length),
      explain: (code: string) => rejections.push(code),
      ...ids,
    },
    'db, made, outcome, stop',
  )) as ClientProgram

  expect(outcome).toEqual({ kind: 'applied' })
  await until('everything is confirmed', () => db.status.get().pending === 0)
  const stored = await sql.query(
    'select title, votes, (select count(*)::int from task_labels where task_id = tasks.id) as labels from tasks',
  )
  expect(stored.rows).toEqual([{ title: 'Ship', votes: 1, labels: 1 }])
  expect(shown.at(-1)).toBe(1)
  await until('the server told its app', () => heard.length > 0)

  db.tasks.update(made.row.id, { title: '' })
  await until('the hook has rejected it', () => rejections.length > 0)
  expect(rejections).toEqual(['empty'])
  stop()
  await db.close()
  await sync.close()
  http.close()
  await sql.end()
  await database.drop()
})

it('[T7] so does the program for tests', async () => {
  const program = blockUnder('Use it in tests').replace(`'generated/migrations'`, JSON.stringify(migrations))
  await run(program, { openLab, createTrackerServer, openTracker, expect }, 'lab')
})
