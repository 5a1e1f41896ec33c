/** The page of one board: its tasks, and how the client is. `?url=…&principal=…&token=…&project=…` */
import { openTracker, type Tracker } from '../../../generated-example/client/index.js'
import { cachedRow } from '../../e2e/tracker-sql.js'
import { show } from './show.js'

declare global {
  interface Window {
    db: Tracker
    /** Rows per cache, as text, by id. */
    rows: () => Readonly<Record<string, readonly string[]>>
  }
}

const { searchParams } = new URL(location.href)
const given = (name: string): string => searchParams.get(name) ?? ''

void show(async () => {
  const db = await openTracker({ url: given('url'), principal: given('principal'), token: given('token') })
  window.db = db
  const { users, projects, members, tasks, labels, taskLabels } = db
  window.rows = () =>
    Object.fromEntries(
      Object.entries({ users, projects, members, tasks, labels, taskLabels }).map(([name, cache]) => [
        name,
        cache.all().toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(cachedRow),
      ]),
    )
  db.scopes.board({ projectId: given('project') })
  return { status: db.status, titles: db.tasks.query({ where: { projectId: given('project') }, orderBy: { position: 'asc' } }) }
})
