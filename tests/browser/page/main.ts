/** The page of one board: its tasks, and how the client is. `?url=…&principal=…&token=…&project=…` */
import { openTracker, type Tracker } from '../../../generated-example/client/index.js'
import { cachedRow } from '../../e2e/tracker-sql.js'
import { show } from './show.js'

declare global {
  interface Window {
    /** Set once it is open. */
    db: Tracker
    /** Rows per cache, as text, by id. */
    rows(): Readonly<Record<string, readonly string[]>>
    /** Makes a task, and resolves when it is stored, which the test is told, too: the page may not live to say so. */
    write(title: string): Promise<void>
    /** The test's; see device.ts. */
    acknowledged(id: string): Promise<void>
  }
}

const { searchParams } = new URL(location.href)
const given = (name: string): string => searchParams.get(name) ?? ''
const projectId = given('project')

void navigator.serviceWorker.register('./sw.js')
void show(async () => {
  const db = await openTracker({ url: given('url'), principal: given('principal'), token: given('token') })
  const { users, projects, members, tasks, labels, taskLabels } = db
  window.db = db
  window.rows = () =>
    Object.fromEntries(
      Object.entries({ users, projects, members, tasks, labels, taskLabels }).map(([name, cache]) => [
        name,
        cache.all().toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(cachedRow),
      ]),
    )
  window.write = async (title) => {
    const made = tasks.create({ projectId, title, position: 'a' })
    await made.durable
    await window.acknowledged(made.row.id)
  }
  db.scopes.board({ projectId })
  return { status: db.status, titles: tasks.query({ where: { projectId }, orderBy: { position: 'asc' } }) }
})
