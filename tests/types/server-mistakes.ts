/** What must not compile on the server. Each directive is an error of its own if its line compiles. */
import { type TrackerServer, createTrackerServer } from '../../generated-example/server/index.js'

export const mistakes = (sync: TrackerServer, id: string): readonly Promise<unknown>[] => [
  // @ts-expect-error a required field is missing
  sync.transaction((tx) => tx.users.create({ name: 'x' })),
  // @ts-expect-error an unknown field
  sync.transaction((tx) => tx.users.create({ name: 'x', email: 'x', nick: 'x' })),
  // @ts-expect-error no such model
  sync.transaction((tx) => tx.people.get(id)),
  // @ts-expect-error a label that the enum does not have
  sync.transaction((tx) => tx.members.update(id, { role: 'admin' })),
  // @ts-expect-error a transaction is asynchronous
  sync.transaction((tx) => tx.users !== undefined),
]

export const listening = (sync: TrackerServer): void => {
  // @ts-expect-error no such model
  sync.on('task', () => undefined)
  // @ts-expect-error a deleted row is gone
  sync.on('tasks', (event) => void event.row.title)
}

export const made = createTrackerServer({
  database: 'postgres://localhost/tracker',
  origins: '*',
  // @ts-expect-error the claim `sub` is missing
  authenticate: () => ({ principal: 'x', claims: { admin: true } }),
  hooks: {
    // @ts-expect-error no such model
    task: {},
  },
})
