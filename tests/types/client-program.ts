/** The client program of the README, as it stands, and what else an app may write. Compiled, never run. */
import { type Label, type Task, type TaskEvent, type Tracker, type User, openTracker } from '../../generated-example/client/index.js'

declare const url: string
declare const user: { readonly id: string }
declare const getToken: () => Promise<string>
declare const projectId: string
declare const labelId: string
declare const toast: (code: string, fields: readonly string[], discarded: unknown) => void
declare const showStatus: (status: { readonly pending: number; readonly connection: string }) => void
declare const render: (tasks: readonly Card[]) => void
declare const explain: (code: string) => void

interface Card extends Task {
  readonly assignee: User | undefined
  readonly labels: readonly Label[]
}

export const program = async (): Promise<void> => {
  const db = await openTracker({ url, principal: user.id, token: getToken })
  db.on('rejected', (r) => toast(r.code, r.fields, r.discarded))
  db.status.subscribe(showStatus)
  const board = db.scopes.board({ projectId })
  await board.ready
  const open = db.tasks.query({
    where: { projectId, state: { not: 'done' } }, orderBy: { position: 'asc' }, include: { assignee: true, labels: true },
  })
  const stop = open.subscribe(render)
  const made = db.tasks.create({ projectId, title: 'Ship', position: 'a1' })
  await made.durable
  db.transaction((tx) => {
    tx.tasks.update(made.row.id, { votes: { add: 1 } })
    tx.taskLabels.create({ taskId: made.row.id, labelId })
  })
  const outcome = await made.confirmed
  if (outcome.kind === 'rejected') explain(outcome.code)
  stop()
}

export const reads = (db: Tracker, task: Task): void => {
  const project: string | undefined = db.tasks.project(task)?.title
  const assignee: string | undefined = db.tasks.assignee(task)?.email
  const labels: readonly string[] = db.tasks.labels(task).map((label) => label.name)
  const siblings: readonly Task[] = db.tasks.ofProject(task.projectId)
  const label: string | undefined = db.labels.byProjectAndName(task.projectId, 'urgent')?.color
  const accent: string | undefined = db.projects.all()[0]?.settings.color
  const owners = db.users.query({
    where: { ownedProjects: { title: { startsWith: 'A' } } },
    include: { memberships: { include: { project: true } } },
  })
  const titles: readonly (string | undefined)[] = owners.rows.flatMap(({ memberships }) => memberships.map((each) => each.project?.title))
  void [project, assignee, labels, siblings, label, accent, titles, db.scopes.home()]
}

export const events = (db: Tracker): void => {
  db.on('tasks', (event: TaskEvent) => {
    switch (event.kind) {
      case 'added':
        return void event.after.title.toUpperCase()
      case 'changed':
        return void [event.before.votes + event.after.votes, event.fields.includes('votes'), event.origin]
      case 'deleted':
      case 'left-scope':
        return void event.before.dueAt?.getTime()
      default:
        return event satisfies never
    }
  })
  db.on('change', (event) => {
    if (event.model === 'Label' && event.kind === 'added') void event.after.color.length
  })
}
