/** Writes that fail, depend on each other, or say the same thing twice: what a person would expect. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tracker } from '../../generated-example/client/index.js'
import { openWorld, storageOfDevice, type World } from './world.js'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const online = async (user: string, options: Parameters<World['device']>[1] = {}): Promise<Tracker> => {
  const device = await world.device(user, options)
  await device.scopes.board({ projectId: world.project }).ready
  return device
}

const label = (name: string): Promise<string> =>
  world.lab.sql('insert into labels (project_id, name) values ($1, $2) returning id', [world.project, name]).then(([row]) => String(row?.['id']))

const pairs = async (task: string): Promise<number> => (await world.lab.sql('select id from task_labels where task_id = $1', [task])).length

it('[V80] [C60] two offline devices link one pair: one link, a success for both, and no moment with two', async () => {
  const [task, red] = [await world.task('twice'), await label('red')]
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  phone.goOffline()
  laptop.goOffline()
  const first = phone.taskLabels.create({ taskId: task, labelId: red })
  const second = laptop.taskLabels.create({ taskId: task, labelId: red })
  phone.goOnline()
  expect(await first.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  const seen = new Set<number>()
  laptop.on('change', () => seen.add(laptop.taskLabels.ofTask(task).length))
  laptop.goOnline()
  expect(await second.confirmed).toEqual({ kind: 'merged', lost: [], links: [{ model: 'TaskLabel', id: second.row.id, into: first.row.id }] })
  await world.equal(laptop, world.bob, [world.project])
  expect([...seen]).toEqual([1])
  expect(laptop.taskLabels.ofTask(task).map(({ id }) => id)).toEqual([first.row.id])
  expect(await pairs(task)).toBe(1)
})

it('[V81] what the author does to his own link, he does to the one that stands: unlinked after linked is unlinked', async () => {
  const [task, blue] = [await world.task('linked and unlinked'), await label('blue')]
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  laptop.goOffline()
  const theirs = phone.taskLabels.create({ taskId: task, labelId: blue })
  await theirs.confirmed
  const mine = laptop.taskLabels.create({ taskId: task, labelId: blue })
  const gone = laptop.taskLabels.delete(mine.row.id)
  laptop.goOnline()
  expect(await mine.confirmed).toMatchObject({ kind: 'merged' })
  expect(await gone.confirmed).toEqual({ kind: 'applied' })
  expect(await pairs(task)).toBe(0)
  for (const [device, user] of [[phone, world.ada], [laptop, world.bob]] as const) await world.equal(device, user, [world.project])
  expect(laptop.taskLabels.ofTask(task)).toEqual([])
})

it('[C61] a pair that is linked in the cache is not linked twice; taking the link away takes both', async () => {
  const [task, green] = [await world.task('linked here'), await label('green')]
  const phone = await online(world.ada)
  const first = phone.taskLabels.create({ taskId: task, labelId: green })
  await first.confirmed
  await world.equal(phone, world.ada, [world.project])
  phone.goOffline()
  const second = phone.taskLabels.create({ taskId: task, labelId: green })
  expect(second.row.id).toBe(first.row.id)
  expect(phone.taskLabels.ofTask(task).map(({ id }) => id)).toEqual([first.row.id])
  // Meanwhile another takes the stored link away: the one that was made again would stand.
  await world.lab.sql('delete from task_labels where id = $1', [first.row.id])
  phone.taskLabels.delete(second.row.id)
  expect(phone.taskLabels.ofTask(task)).toEqual([])
  phone.goOnline()
  await world.equal(phone, world.ada, [world.project])
  expect(await pairs(task)).toBe(0)
})

it('[C62] a deleted parent takes its children along at once, and brings them back if the delete is refused', async () => {
  const [task, grey] = [await world.task('a parent'), await label('grey')]
  const phone = await online(world.ada)
  const eve = await online(world.bob)
  await phone.taskLabels.create({ taskId: task, labelId: grey }).confirmed
  await world.equal(phone, world.ada, [world.project])
  phone.goOffline()
  const events: string[] = []
  phone.on('change', ({ kind, model, origin }: { kind: string; model: string; origin?: string }) => events.push(`${kind} ${model} ${origin ?? ''}`))
  phone.labels.delete(grey)
  expect(phone.taskLabels.ofTask(task)).toEqual([])
  expect(events).toEqual(['deleted Label local', 'deleted TaskLabel local'])
  phone.goOnline()
  await world.equal(phone, world.ada, [world.project])
  await world.equal(eve, world.bob, [world.project])

  // Bob edits the project, but is not its owner: what he took along comes back.
  const kept = eve.tasks.ofProject(world.project).length
  const refused = eve.projects.delete(world.project)
  expect([eve.tasks.size, eve.members.ofProject(world.project).length]).toEqual([0, 0])
  expect(await refused.confirmed).toMatchObject({ kind: 'rejected', code: 'forbidden' })
  expect(eve.tasks.ofProject(world.project)).toHaveLength(kept)
  await world.equal(eve, world.bob, [world.project])
})

it('[C63] across a restart, offline: children stay away while the delete is pending', async () => {
  const [task, pink] = [await world.task('restarted'), await label('pink')]
  const storage = storageOfDevice()
  const phone = await online(world.ada, { storage })
  await phone.taskLabels.create({ taskId: task, labelId: pink }).confirmed
  await world.equal(phone, world.ada, [world.project])
  phone.goOffline()
  await phone.tasks.delete(task).durable
  await phone.close()
  const again = await world.device(world.ada, { storage })
  again.goOffline()
  await again.scopes.board({ projectId: world.project }).ready
  expect([again.tasks.get(task), again.taskLabels.ofTask(task)]).toEqual([undefined, []])
  again.goOnline()
  await world.equal(again, world.ada, [world.project])
  expect(await world.lab.sql('select 1 from tasks where id = $1', [task])).toEqual([])
})
