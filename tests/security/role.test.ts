/** A server whose role owns nothing: docs/security.md lists the rights that suffice. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newTask, openTracker, type Tracker } from '../server/tracker-node.js'

let tracker: Tracker
const role = `app_${randomBytes(6).toString('hex')}`
beforeAll(async () => {
  tracker = await openTracker()
})
afterAll(async () => {
  await tracker?.sql(`drop owned by ${role}`)
  await tracker?.sql(`drop role ${role}`)
  await tracker?.stop()
})

it('[X23] [S-28] with the rights of docs/security.md does all its work, and can do nothing else', async () => {
  const page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8')
  const grants = /```sql\n([^`]*)```/.exec(page)?.[1] ?? ''
  expect(grants).toContain('grant')
  const password = randomBytes(16).toString('hex')
  await tracker.sql(`create role ${role} login password '${password}' nosuperuser nocreatedb nocreaterole`)
  await tracker.sql(grants.replaceAll('app_server', role))
  const database = new URL(tracker.database)
  database.username = role
  database.password = password
  const node = await tracker.node({ database: database.href })

  const bob = tracker.device(tracker.bob)
  await bob.connect(node.url)
  await bob.sync(['home'], ['board', { projectId: tracker.project }])
  const task = newTask(tracker.project)
  expect((await bob.push(task)).outcome).toEqual({ kind: 'applied' })
  await bob.until('the task', () => bob.held('Task').includes(task.id))
  expect((await bob.push({ op: 'delete', model: 'Task', id: task.id, version: bob.version('Task', task.id) })).outcome).toEqual({ kind: 'applied' })
  await node.server.purge({ horizon: 0 })
  await bob.cut()
  await bob.connect(node.url)
  await bob.resync()

  const attempt = (text: string): Promise<unknown> => node.server.transaction((tx) => tx.sql(text))
  for (const text of ['drop table tasks', 'alter table tasks disable trigger all', 'truncate tasks', 'delete from syncgen.changes', 'update syncgen.meta set uuid = gen_random_uuid()', 'create table extra (id int)', `copy tasks to program 'true'`, 'set session_replication_role = replica']) {
    await expect(attempt(text), text).rejects.toThrow(/permission denied|must be owner|must be superuser/)
  }
})
