/** One device, a process of its own: does what its parent tells it, and ends when its parent goes. */
import type { Outcome } from 'syncgen/client'
import { includes, parsePosition } from 'syncgen/protocol'
import { openTracker, type Tracker } from '../generated-example/client/index.js'
import type { Commands, Request, Response } from './commands.js'
import { rowText } from './digest.js'
import type { ScopeRows } from './expected.js'

type Handlers = { readonly [Name in keyof Commands]: (options: Parameters<Commands[Name]>[0]) => Promise<ReturnType<Commands[Name]>> }

let db: Tracker
let user = ''
let boards: readonly string[] = []
let written: Promise<{ readonly what: string; readonly outcome: Outcome }>[] = []

const remember = (what: string, confirmed: Promise<Outcome>): void => {
  written.push(confirmed.then((outcome) => ({ what, outcome })))
}

const handlers: Handlers = {
  open: async ({ url, principal, boards: projects }) => {
    user = principal
    boards = projects
    db = await openTracker({ url, principal, token: principal, log: () => undefined })
    await Promise.all([db.scopes.home().ready, ...projects.map((projectId) => db.scopes.board({ projectId }).ready)])
    await until(() => db.status.get().connection === 'online')
    return { rows: Object.values(held()).reduce((sum, count) => sum + count, 0) }
  },
  edit: async ({ task, patch }) => {
    const { row, confirmed } = db.tasks.update(task, patch)
    remember(`edited ${Object.keys(patch).join(' and ')} of ${row.title}`, confirmed)
    return { title: row.title }
  },
  remove: async ({ task }) => {
    const { row, confirmed } = db.tasks.delete(task)
    remember(`deleted ${row.title}`, confirmed)
    return { title: row.title }
  },
  add: async ({ project, title }) => {
    const { row, confirmed } = db.tasks.create({ projectId: project, title, position: 'a0' })
    remember(`added ${title}`, confirmed)
    return { id: row.id }
  },
  see: async ({ task, title }) => {
    await new Promise<void>((resolve) => {
      const isThere = (): boolean => (db.tasks.get(task)?.title ?? null) === title
      if (isThere()) return resolve()
      const stop = db.tasks.on(() => {
        if (!isThere()) return
        stop()
        resolve()
      })
    })
    return null
  },
  offline: async () => {
    await until(() => db.status.get().connection !== 'online')
    return null
  },
  caughtUp: async ({ position }) => {
    const wanted = parsePosition(position)
    if (wanted === undefined) throw new TypeError(`no position: ${position}`)
    await until(() => {
      const reached = db.position === null ? undefined : parsePosition(db.position)
      const { connection, pending } = db.status.get()
      return connection === 'online' && pending === 0 && reached !== undefined && includes(reached, wanted)
    })
    return null
  },
  outcomes: async () => {
    const all = await Promise.all(written)
    written = []
    return all
  },
  task: async ({ task }) => {
    const row = db.tasks.get(task)
    return row === undefined ? null : { title: row.title, state: row.state, votes: row.votes }
  },
  report: async () => ({
    scopes: { home: homeRows(), ...Object.fromEntries(boards.map((project) => [project, boardRows(project)])) },
    held: held(),
  }),
}

/** The scopes of the schema as queries on the cache. */
const homeRows = (): ScopeRows => ({
  projects: texts(db.projects.query({ where: { any: [{ ownerId: user }, { members: { userId: user } }] } }).rows),
  members: texts(db.members.query({ where: { userId: user } }).rows),
  tasks: texts(db.tasks.query({ where: { assigneeId: user, state: { not: 'done' } } }).rows),
})

const boardRows = (projectId: string): ScopeRows => ({
  projects: texts(db.projects.query({ where: { id: projectId } }).rows),
  members: texts(db.members.query({ where: { projectId } }).rows),
  users: texts(db.users.query({ where: { memberships: { projectId } } }).rows),
  tasks: texts(db.tasks.query({ where: { projectId } }).rows),
  labels: texts(db.labels.query({ where: { projectId } }).rows),
  taskLabels: texts(db.taskLabels.query({ where: { task: { projectId } } }).rows),
})

const texts = (rows: readonly object[]): readonly string[] => rows.map((row) => rowText(Object.values(row)))

const held = (): Readonly<Record<string, number>> => ({
  users: db.users.size,
  projects: db.projects.size,
  members: db.members.size,
  tasks: db.tasks.size,
  labels: db.labels.size,
  taskLabels: db.taskLabels.size,
})

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}

process.on('message', (request: Request) => {
  const answer = (response: Response): void => void process.send?.(response)
  // The cast is the boundary: the parent sends only what `Commands` says.
  const handle = handlers[request.name] as (options: unknown) => Promise<unknown>
  handle(request.options).then(
    (result) => answer({ id: request.id, result }),
    (error: unknown) => answer({ id: request.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.once('disconnect', () => process.exit(0))
