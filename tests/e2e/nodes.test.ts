/** Several server nodes over one database. */
import { until } from 'syncgen/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openWorld, type World } from './world.js'

let world: World

beforeEach(async () => {
  world = await openWorld({ nodes: 2 })
})

afterEach(async () => {
  await world.close()
})

it('[M11] a write through one node reaches the devices of the other', async () => {
  const phone = await world.device(world.ada, { node: 0 })
  const laptop = await world.device(world.bob, { node: 1 })
  for (const device of [phone, laptop]) await device.scopes.board({ projectId: world.project }).ready
  const made = phone.tasks.create({ projectId: world.project, title: 'across', position: 'a' })
  await until('it arrived', () => laptop.tasks.get(made.row.id) !== undefined)
  laptop.tasks.update(made.row.id, { state: 'done' })
  await until('the answer arrived', () => phone.tasks.get(made.row.id)?.state === 'done')
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
})

it('[M12] server events reach listeners on every node, for writes of clients and of psql', async () => {
  const heard: string[][] = [[], []]
  world.lab.servers.forEach((server, node) => server.on('tasks', (event) => void heard[node]?.push(`${event.kind} ${event.row?.title}`)))
  const phone = await world.device(world.ada)
  await phone.scopes.board({ projectId: world.project }).ready
  phone.tasks.create({ projectId: world.project, title: 'by a client', position: 'a' })
  await world.task('by psql')
  await until('both nodes heard both', () => heard.every((events) => events.length >= 2))
  for (const events of heard) expect(events.toSorted()).toEqual(['created by a client', 'created by psql'])
})
