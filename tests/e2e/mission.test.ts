/** Every sentence of what apps can rely on, on real sockets and real PostgreSQL. Laws: docs/laws.md, group M. */
import { until } from 'syncgen/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openWorld, storageOfDevice, type World } from './world.js'

let world: World

beforeEach(async () => {
  world = await openWorld()
})

afterEach(async () => {
  await world.close()
})

it('[M1] a first sync brings what the scopes cover under the identity, and nothing else', async () => {
  await world.task('in scope')
  await world.task('not for ada', { project_id: world.other })
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.all().map((task) => task.title)).toEqual(['in scope'])
  const foreign = phone.scopes.board({ projectId: world.other })
  await foreign.ready
  await world.equal(phone, world.ada, [world.project, world.other])
  expect(phone.tasks.size).toBe(1)
})

it('[M2] two devices that created, edited and deleted offline are equal after reconnection', async () => {
  const kept = await world.task('kept')
  const doomed = await world.task('doomed')
  const phone = await world.device(world.ada)
  const laptop = await world.device(world.bob)
  for (const device of [phone, laptop]) await device.scopes.board({ projectId: world.project }).ready
  phone.goOffline()
  laptop.goOffline()
  const made = phone.tasks.create({ projectId: world.project, title: 'made offline', position: 'b' })
  phone.tasks.update(kept, { title: 'edited by ada' })
  laptop.tasks.update(kept, { state: 'doing' })
  laptop.tasks.delete(doomed)
  expect(phone.tasks.get(made.row.id)?.title).toBe('made offline')
  expect(laptop.tasks.get(doomed)).toBeUndefined()
  laptop.goOnline()
  phone.goOnline()
  expect(await made.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
  expect(phone.tasks.get(kept)).toMatchObject({ title: 'edited by ada', state: 'doing' })
  expect(phone.tasks.get(doomed)).toBeUndefined()
  expect(laptop.tasks.get(made.row.id)?.title).toBe('made offline')
})

it('[M3] join rows are synced explicitly, linked and unlinked offline and online', async () => {
  const task = await world.task('labelled')
  const phone = await world.device(world.ada)
  const laptop = await world.device(world.bob)
  for (const device of [phone, laptop]) await device.scopes.board({ projectId: world.project }).ready
  phone.goOffline()
  const label = phone.labels.create({ projectId: world.project, name: 'urgent' })
  const link = phone.taskLabels.create({ taskId: task, labelId: label.row.id })
  phone.goOnline()
  await link.confirmed
  await until('the laptop has the link', () => laptop.taskLabels.size === 1)
  const [withLabels] = laptop.tasks.query({ where: { id: task }, include: { labels: true } }).rows
  expect(withLabels?.labels.map((each) => each.name)).toEqual(['urgent'])
  laptop.goOffline()
  laptop.taskLabels.delete(link.row.id)
  laptop.goOnline()
  await until('the phone lost the link', () => phone.taskLabels.size === 0)
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
})

it('[M4] a scope is entered and left when only a joined row changes, live', async () => {
  await world.task('secret', { project_id: world.other, assignee_id: world.bob })
  const phone = await world.device(world.bob)
  const board = phone.scopes.board({ projectId: world.other })
  await board.ready
  await world.equal(phone, world.bob, [world.other])
  expect(phone.tasks.size).toBe(0)
  await world.lab.sql('insert into members (project_id, user_id) values ($1, $2)', [world.other, world.bob])
  await until('the board came in', () => phone.tasks.size === 1)
  await world.equal(phone, world.bob, [world.other])
  await world.lab.sql('delete from members where project_id = $1 and user_id = $2', [world.other, world.bob])
  await until('the board went out', () => phone.tasks.size === 0)
  await world.equal(phone, world.bob, [world.other])
})

it('[M5] a scope is entered and left through a joined row while the device is offline', async () => {
  await world.task('mine', { assignee_id: world.bob })
  await world.task('secret', { project_id: world.other, assignee_id: world.bob })
  const phone = await world.device(world.bob)
  await world.equal(phone, world.bob)
  phone.goOffline()
  await world.lab.sql('insert into members (project_id, user_id) values ($1, $2)', [world.other, world.bob])
  await world.lab.sql('delete from members where project_id = $1 and user_id = $2', [world.project, world.bob])
  phone.goOnline()
  await world.equal(phone, world.bob)
  expect(phone.tasks.all().map((task) => task.title)).toEqual(['secret'])
})

it('[M6] another application writes through SQL while a client is online and while it is offline', async () => {
  const task = await world.task('before')
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  await world.lab.sql(`update tasks set title = 'by psql, online' where id = $1`, [task])
  await until('the change arrived', () => phone.tasks.get(task)?.title === 'by psql, online')
  phone.goOffline()
  await world.lab.sql(`update tasks set title = 'by psql, offline' where id = $1`, [task])
  await world.task('new by psql')
  phone.goOnline()
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.size).toBe(2)
})

it('[M7] a server transaction over two scopes is never half visible', async () => {
  const phone = await world.device(world.ada)
  const board = phone.scopes.board({ projectId: world.project })
  await board.ready
  const task = await world.task('assigned elsewhere')
  await until('the task is there', () => phone.tasks.size === 1)
  const seen: (readonly [number, string | undefined])[] = []
  phone.on('change', () => seen.push([phone.labels.size, phone.tasks.get(task)?.title]))
  for (let round = 0; round < 20; round += 1) {
    await world.lab.servers[0]?.transaction(async (tx) => {
      await tx.labels.create({ projectId: world.project, name: `label ${round}` })
      await tx.tasks.update(task, { title: `round ${round}`, assigneeId: round % 2 === 0 ? world.ada : null })
    })
  }
  await until('all rounds arrived', () => phone.labels.size === 20)
  for (const [labels, title] of seen) expect(title).toBe(labels === 0 ? 'assigned elsewhere' : `round ${labels - 1}`)
  await world.equal(phone, world.ada, [world.project])
})

it('[M8] a write is visible at once, stored before it is sent, and confirmed by the server', async () => {
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  const made = phone.tasks.create({ projectId: world.project, title: 'now', position: 'a' })
  expect(phone.tasks.get(made.row.id)).toEqual(made.row)
  await made.durable
  expect(await made.confirmed).toEqual({ kind: 'applied' })
  const [row] = await world.lab.sql('select title from tasks where id = $1', [made.row.id])
  expect(row).toEqual({ title: 'now' })
})

it('[M9] a rejected write goes, alone, with its reason and the discarded change', async () => {
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  const rejections: unknown[] = []
  phone.on('rejected', (rejection) => rejections.push(rejection))
  phone.goOffline()
  const first = phone.labels.create({ projectId: world.project, name: 'bug' })
  const twin = phone.labels.create({ projectId: world.project, name: 'bug' })
  const foreign = phone.tasks.create({ projectId: world.other, title: 'not mine', position: 'a' })
  const last = phone.labels.create({ projectId: world.project, name: 'idea' })
  phone.goOnline()
  expect(await first.confirmed).toEqual({ kind: 'applied' })
  expect(await twin.confirmed).toMatchObject({ kind: 'rejected', code: 'unique' })
  expect(await foreign.confirmed).toMatchObject({ kind: 'rejected', code: 'forbidden' })
  expect(await last.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect(rejections).toHaveLength(2)
  expect(rejections[0]).toMatchObject({ code: 'unique', fields: ['projectId', 'name'], discarded: [{ op: 'create', model: 'Label' }] })
})

it('[M10] a device that starts offline shows what it held, and its unsent writes go out later', async () => {
  await world.task('held')
  const storage = storageOfDevice()
  const first = await world.device(world.ada, { storage })
  await first.scopes.board({ projectId: world.project }).ready
  await world.equal(first, world.ada, [world.project])
  first.goOffline()
  const made = first.tasks.create({ projectId: world.project, title: 'unsent', position: 'b' })
  await made.durable
  await first.close()
  const again = await world.device(world.ada, { storage, url: 'ws://127.0.0.1:9/sync' })
  await again.scopes.board({ projectId: world.project }).ready
  expect(again.tasks.all().map((task) => task.title).toSorted()).toEqual(['held', 'unsent'])
  expect(again.status.get().pending).toBe(1)
  await again.close()
  const online = await world.device(world.ada, { storage })
  online.scopes.board({ projectId: world.project })
  await world.equal(online, world.ada, [world.project])
  expect(online.tasks.get(made.row.id)?.title).toBe('unsent')
})
