/** One device, a process of its own: does what its parent tells it, and ends when its parent goes. */
import type { OnlineSignal, Outcome, ScopeHandle } from 'syncgen/client'
import { includes, parsePosition } from 'syncgen/protocol'
import { openTracker, type Tracker } from '../generated-example/client/index.js'
import type { Commands, Request, Response } from './commands.js'
import { rowText } from './digest.js'

type Handlers = {
  readonly [Name in keyof Commands]: (options: Parameters<Commands[Name]>[0]) => Promise<ReturnType<Commands[Name]>>
}

let db: Tracker
let scopes: Readonly<Record<string, ScopeHandle>> = {}
let written: Promise<{ readonly what: string; readonly outcome: Outcome }>[] = []

/** What a browser says with its `online` event: there is a network, try at once. */
let hearOfNetwork: (isOnline: boolean) => void = () => undefined
const onlineSignal: OnlineSignal = {
  isOnline: () => true,
  subscribe: (listener) => {
    hearOfNetwork = listener
    return () => undefined
  },
}

const remember = (what: string, confirmed: Promise<Outcome>): void => {
  written.push(confirmed.then((outcome) => ({ what, outcome })))
}

const handlers: Handlers = {
  open: async ({ url, principal, boards }) => {
    db = await openTracker({ url, principal, token: principal, log: () => undefined, ports: { onlineSignal } })
    const opened = boards.map((projectId) => [projectId, db.scopes.board({ projectId })] as const)
    scopes = { home: db.scopes.home(), ...Object.fromEntries(opened) }
    await Promise.all(Object.values(scopes).map(({ ready }) => ready))
    await until(() => db.status.get().connection === 'online')
    return { rows: allRows().length }
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
  reconnect: async () => {
    hearOfNetwork(true)
    await until(() => db.status.get().connection === 'online')
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
    held: Object.fromEntries(allRows().map((row) => [row.id, rowText(Object.values(row))])),
    claimed: Object.fromEntries(Object.entries(scopes).map(([name, { status }]) => [name, status.get().rows])),
  }),
}

type Row = { readonly id: string }

const allRows = (): readonly Row[] =>
  [db.users, db.projects, db.members, db.tasks, db.labels, db.taskLabels].flatMap((cache): readonly Row[] => cache.all())

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
