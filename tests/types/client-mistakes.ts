/** What must not compile on the client. Each directive is an error of its own if its line compiles. */
import type { Task, Tracker } from '../../generated-example/client/index.js'

export const mistakes = (db: Tracker, task: Task): void => {
  // @ts-expect-error rows are read-only
  task.title = 'x'
  // @ts-expect-error an unknown field
  db.tasks.create({ projectId: task.projectId, title: 'x', position: 'a', colour: 'red' })
  // @ts-expect-error a required field is missing
  db.tasks.create({ projectId: task.projectId, title: 'x' })
  // @ts-expect-error a label that the enum does not have
  db.tasks.create({ projectId: task.projectId, title: 'x', position: 'a', state: 'finished' })
  // @ts-expect-error a timestamp is a Date
  db.tasks.update(task.id, { dueAt: '2026-01-31' })
  // @ts-expect-error a decimal is a string
  db.tasks.update(task.id, { estimate: 1.5 })
  // @ts-expect-error a counter takes an amount
  db.tasks.update(task.id, { votes: 3 })
  // @ts-expect-error immutable after creation
  db.tasks.update(task.id, { projectId: task.projectId })
  // @ts-expect-error set by the server
  db.tasks.update(task.id, { createdAt: new Date(0) })
  // @ts-expect-error not nullable
  db.tasks.update(task.id, { title: null })
  // @ts-expect-error serverOnly fields do not exist here
  void db.users.get(task.id)?.passwordHash
  // @ts-expect-error nor in queries
  db.users.query({ where: { passwordHash: 'x' } })
  // @ts-expect-error an operator that numbers do not have
  db.tasks.query({ where: { votes: { startsWith: '1' } } })
  // @ts-expect-error an unknown relation
  db.tasks.query({ include: { owner: true } })
  // @ts-expect-error the assignee was not included
  void db.tasks.query({ include: { labels: true } }).rows[0]?.assignee
  // @ts-expect-error to-one may be missing
  void db.tasks.query({ include: { assignee: true } }).rows[0]?.assignee.name
  // @ts-expect-error the scope takes a parameter
  db.scopes.board()
  // @ts-expect-error of this name
  db.scopes.board({ project: task.projectId })
  // @ts-expect-error no such scope
  db.scopes.everything()
  // @ts-expect-error a label is no task
  db.tasks.project(db.labels.all()[0])
  // @ts-expect-error no such event
  db.on('task', () => undefined)
  // @ts-expect-error a join row has two sides
  db.transaction((tx) => void tx.taskLabels.create({ taskId: task.id }))
  // @ts-expect-error `create` of the transaction gives the row, not a promise
  db.transaction((tx) => void tx.labels.create({ projectId: task.projectId, name: 'x' }).durable)
}
