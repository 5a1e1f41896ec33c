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

it('[V82] what the second link says beyond the link is an edit of the first, under the policies of its fields', async () => {
  const person = async (name: string): Promise<string> =>
    String((await world.lab.sql('insert into users (name, email) values ($1, $2) returning id', [name, `${name}@x.org`]))[0]?.['id'])
  const [kim, lee] = [await person('kim'), await person('lee')]
  const [phone, laptop] = [await online(world.ada), await online(world.ada)]
  laptop.goOffline()
  const roleOf = async (user: string): Promise<unknown> =>
    (await world.lab.sql('select role from members where project_id = $1 and user_id = $2', [world.project, user])).map((row) => row['role'])
  await phone.members.create({ projectId: world.project, userId: kim, role: 'editor' }).confirmed
  await phone.members.create({ projectId: world.project, userId: lee, role: 'editor' }).confirmed
  const meant = laptop.members.create({ projectId: world.project, userId: kim, role: 'owner' })
  const byDefault = laptop.members.create({ projectId: world.project, userId: lee })
  laptop.goOnline()
  expect(await meant.confirmed).toMatchObject({ kind: 'merged', lost: [] })
  expect(await byDefault.confirmed).toMatchObject({ kind: 'merged', lost: [] })
  expect([await roleOf(kim), await roleOf(lee)]).toEqual([['owner'], ['editor']])
  await world.equal(laptop, world.ada, [world.project])
})

it('[V83] of two devices that link one pair at the same moment, neither is refused', async () => {
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  for (let round = 0; round < 8; round += 1) {
    const [task, tag] = [await world.task(`race ${round}`), await label(`race ${round}`)]
    await world.equal(phone, world.ada, [world.project])
    await world.equal(laptop, world.bob, [world.project])
    const outcomes = await Promise.all([phone, laptop].map((device) => device.taskLabels.create({ taskId: task, labelId: tag }).confirmed))
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['applied', 'merged'])
    expect(await pairs(task)).toBe(1)
  }
})

it('[V84] a link by somebody who may not make or see it is refused alike, whether the pair is linked or not', async () => {
  const [task, red, blue] = [await world.task('not for eve'), await label('hers'), await label('nobody\'s')]
  await world.lab.sql('insert into task_labels (task_id, label_id) values ($1, $2)', [task, red])
  const eve = await world.device(world.eve)
  const outcomes = [red, blue].map((labelId) => eve.taskLabels.create({ taskId: task, labelId }).confirmed)
  const heard = (await Promise.all(outcomes)).map((outcome) => (outcome.kind === 'rejected' ? [outcome.code, outcome.fields] : outcome))
  expect(heard).toEqual([['forbidden', []], ['forbidden', []]])
})

it('[V85] a child under a parent that another deleted meanwhile is refused, with the reference where no right hangs on it; what follows goes on', async () => {
  const task = await world.task('deleted meanwhile')
  const phone = await online(world.ada)
  phone.goOffline()
  const orphan = phone.taskLabels.create({ taskId: task, labelId: await label('orphaned') })
  const [passing] = await world.lab.sql(`insert into users (name, email) values ('passing', 'passing@x.org') returning id`)
  const assigneeId = String(passing?.['id'])
  const assigned = phone.tasks.create({ projectId: world.project, title: 'to nobody', position: 'a', assigneeId })
  const next = phone.tasks.create({ projectId: world.project, title: 'goes on', position: 'a' })
  await world.lab.sql('delete from tasks where id = $1', [task])
  await world.lab.sql('delete from users where id = $1', [assigneeId])
  phone.goOnline()
  expect(await orphan.confirmed).toMatchObject({ kind: 'rejected', code: 'forbidden', model: 'TaskLabel' })
  expect(await assigned.confirmed).toMatchObject({ kind: 'rejected', code: 'reference', model: 'Task', fields: ['assigneeId'] })
  expect(await next.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect(phone.rejected()).toMatchObject([
    { code: 'forbidden', discarded: [{ op: 'create', model: 'TaskLabel' }] },
    { code: 'reference', discarded: [{ op: 'create', model: 'Task', values: { title: 'to nobody' } }] },
  ])
})

it('[V86] children before parents in one transaction, made and deleted before they were sent: no ghost anywhere', async () => {
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  phone.goOffline()
  const ghosts = new Set<string>()
  laptop.on('change', ({ id }: { id: string }) => ghosts.add(id))
  const [task, tag, kept] = ['01981c6e-7a13-7000-8000-0000000000a1', '01981c6e-7a13-7000-8000-0000000000a2', '01981c6e-7a13-7000-8000-0000000000a3']
  phone.transaction((tx) => {
    tx.taskLabels.create({ taskId: task, labelId: tag })
    tx.tasks.create({ id: task, projectId: world.project, title: 'made and deleted', position: 'a' })
    tx.labels.create({ id: tag, projectId: world.project, name: 'made and deleted' })
  })
  phone.tasks.delete(task)
  phone.labels.delete(tag)
  phone.tasks.create({ id: kept, projectId: world.project, title: 'first', position: 'a' })
  phone.tasks.delete(kept)
  phone.tasks.create({ id: kept, projectId: world.project, title: 'again', position: 'a' })
  phone.goOnline()
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
  expect([phone.rejected(), laptop.tasks.get(kept)?.title, [...ghosts]]).toEqual([[], 'again', [kept]])
})

it('[V87] serialization failures and deadlocks are tried again; beyond the bound the client comes back, and nothing is lost', { timeout: 60_000 }, async () => {
  const task = await world.task('contended')
  const phone = await online(world.ada)
  await world.lab.sql('create sequence failures')
  await world.lab.sql(`create function fail() returns trigger language plpgsql as $$ begin
    if nextval('failures') < 3 then raise exception using errcode = '40001'; end if; return new; end $$`)
  await world.lab.sql(`create trigger fail before update on tasks for each row when (new.id = '${task}') execute function fail()`)
  expect(await phone.tasks.update(task, { votes: { add: 1 } }).confirmed).toEqual({ kind: 'applied' })
  await world.lab.sql(`select setval('failures', 1)`)
  await world.lab.sql(`create or replace function fail() returns trigger language plpgsql as $$ begin
    if nextval('failures') < 9 then raise exception using errcode = '40P01'; end if; return new; end $$`)
  expect(await phone.tasks.update(task, { votes: { add: 1 } }).confirmed).toEqual({ kind: 'applied' })
  await world.lab.sql('drop function fail cascade')
  await world.equal(phone, world.ada, [world.project])
  expect(phone.tasks.get(task)?.votes).toBe(2)
})

it('[V88] two unique values exchanged: refused whole, with the fields, and possible by way of a third', async () => {
  const [left, right] = [await label('left'), await label('right')]
  const phone = await online(world.ada)
  const exchanged = phone.transaction((tx) => {
    tx.labels.update(left, { name: 'right' })
    tx.labels.update(right, { name: 'left' })
  })
  expect(await exchanged.confirmed).toMatchObject({ kind: 'rejected', code: 'unique', model: 'Label', fields: ['projectId', 'name'] })
  expect([phone.labels.get(left)?.name, phone.labels.get(right)?.name]).toEqual(['left', 'right'])
  const between = phone.transaction((tx) => {
    tx.labels.update(left, { name: 'between' })
    tx.labels.update(right, { name: 'left' })
    tx.labels.update(left, { name: 'right' })
  })
  expect(await between.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect([phone.labels.get(left)?.name, phone.labels.get(right)?.name]).toEqual(['right', 'left'])
})
