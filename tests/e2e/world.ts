/** The tracker on real sockets and real PostgreSQL, with a few people and a project: what every end-to-end test starts from. */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import pg from 'pg'
import { dexieStorage, type OpenStorage } from 'syncgen/client'
import { type Lab, openLab, until } from 'syncgen/testing'
import { openTracker, type Tracker } from '../../generated-example/client/index.js'
import { createTrackerServer, type TrackerServer } from '../../generated-example/server/index.js'
import { cachedRow, caches, expectedRows } from './tracker-sql.js'

export interface World {
  readonly lab: Lab<{ readonly sub: string }, TrackerServer, Tracker>
  readonly ada: string
  readonly bob: string
  readonly eve: string
  /** Ada's, with Bob as an editor. */
  readonly project: string
  /** Eve's own. */
  readonly other: string
  /** A device of a person with a storage of its own; `home` is open. */
  device(user: string, options?: { readonly url?: string; readonly node?: number; readonly storage?: OpenStorage }): Promise<Tracker>
  /** Resolves when the device holds exactly what SQL says for `home` and these boards. @throws with the difference. */
  equal(device: Tracker, user: string, boards?: readonly string[]): Promise<void>
  task(title: string, values?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

/** One storage for successive clients of a device. */
export const storageOfDevice = (): OpenStorage => dexieStorage({ indexedDB: new IDBFactory(), IDBKeyRange })

export const openWorld = async (options: { readonly nodes?: number; readonly server?: object; readonly migrations?: URL | string } = {}): Promise<World> => {
  const lab = await openLab({
    createServer: createTrackerServer,
    openClient: openTracker,
    migrations: new URL('../../generated-example/migrations/', import.meta.url),
    ...options,
  })
  const id = async (text: string, values: readonly unknown[]): Promise<string> => {
    const [row] = await lab.sql(`${text} returning id`, values)
    return String(row?.['id'])
  }
  const person = (name: string): Promise<string> => id('insert into users (name, email) values ($1, $2)', [name, `${name}@example.org`])
  const [ada, bob, eve] = [await person('ada'), await person('bob'), await person('eve')]
  const project = await id('insert into projects (title, owner_id) values ($1, $2)', ['Rocket', ada])
  const other = await id('insert into projects (title, owner_id) values ($1, $2)', ['Secret', eve])
  await id(`insert into members (project_id, user_id, role) values ($1, $2, 'editor')`, [project, ada])
  await id(`insert into members (project_id, user_id, role) values ($1, $2, 'editor')`, [project, bob])
  await id(`insert into members (project_id, user_id, role) values ($1, $2, 'owner')`, [other, eve])
  const session = new pg.Client({ connectionString: lab.database, options: '-c datestyle=ISO' })
  await session.connect()

  const differences = async (device: Tracker, user: string, boards: readonly string[]): Promise<readonly string[]> => {
    const expected = await expectedRows(session, user, boards)
    return caches.flatMap((cache) => {
      const want = expected[cache] ?? []
      const have = rowsOf(device, cache)
      return [
        ...want.filter((row) => !have.includes(row)).map((row) => `${cache} lacks ${row}`),
        ...have.filter((row) => !want.includes(row)).map((row) => `${cache} should not hold ${row}`),
      ]
    })
  }

  return {
    lab,
    ada,
    bob,
    eve,
    project,
    other,
    device: (user, { storage = storageOfDevice(), ...rest } = {}) =>
      lab.device({ principal: user, claims: { sub: user }, storage, ...rest }),
    equal: async (device, user, boards = []) => {
      let last: readonly string[] = []
      const isEqual = async (): Promise<boolean> => {
        last = await differences(device, user, boards)
        return last.length === 0 && device.status.get().pending === 0
      }
      // A machine that is busy is slow: in vain is to wait while nothing moves.
      for (let before = ''; ;) {
        try {
          return await until('the device equals SQL', isEqual, 10_000)
        } catch (error) {
          const now = JSON.stringify([last, device.status.get()])
          if (now === before) throw new Error(`the cache differs from SQL:\n${last.slice(0, 10).join('\n')}\n${JSON.stringify(device.status.get())}`, { cause: error })
          before = now
        }
      }
    },
    task: (title, values = {}) => {
      const entries = Object.entries({ project_id: project, title, position: 'a', ...values })
      const names = entries.map(([name]) => `"${name}"`).join(', ')
      return id(`insert into tasks (${names}) values (${entries.map((_, at) => `$${at + 1}`).join(', ')})`, entries.map(([, value]) => value))
    },
    close: async () => {
      await session.end()
      await lab.close()
    },
  }
}

/** The rows of a cache as the text that `expectedRows` gives, ordered by id. */
const rowsOf = (device: Tracker, cache: string): readonly string[] => {
  const caches: Readonly<Record<string, { all(): readonly { readonly id: string }[] }>> = {
    users: device.users,
    projects: device.projects,
    members: device.members,
    tasks: device.tasks,
    labels: device.labels,
    taskLabels: device.taskLabels,
  }
  return [...(caches[cache]?.all() ?? [])].toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(cachedRow)
}
