/** Values that are unique, exchanged by rows: over a schema that says they may be, from its text to the caches of others. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { initialMigration } from '../../generator/migrate.js'
import { readSchema } from '../../generator/read/read-schema.js'
import type { Tracker } from '../../generated-example/client/index.js'
import { openWorld, type World } from './world.js'

let world: World
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncgen-exchange-'))
  const text = await readFile('schemas/tracker.yaml', 'utf8')
  const changed = text.replace('unique: [[projectId, name]]', 'unique: [{ on: [projectId, name], deferrable: true }]')
  expect(changed).not.toBe(text)
  await writeFile(join(folder, 'tracker.yaml'), changed)
  await copyFile('schemas/json-types.ts', join(folder, 'json-types.ts'))
  const read = await readSchema([join(folder, 'tracker.yaml')])
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  await writeFile(join(folder, '0001_initial.sql'), initialMigration(read.schema))
  world = await openWorld({ migrations: folder })
})
afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

const online = async (user: string): Promise<Tracker> => {
  const device = await world.device(user)
  await device.scopes.board({ projectId: world.project }).ready
  return device
}

const label = (name: string): Promise<string> =>
  world.lab.sql('insert into labels (project_id, name) values ($1, $2) returning id', [world.project, name]).then(([row]) => String(row?.['id']))

const namesOf = (device: Tracker, ids: readonly string[]) => ids.map((id) => device.labels.get(id)?.name)

/** Every state of these labels that the device shows from now on. */
const moments = (device: Tracker, ids: readonly string[]): readonly string[] => {
  const seen: string[] = []
  device.labels.query({}).subscribe(() => seen.push(namesOf(device, ids).join()))
  return seen
}

it.each([2, 3])('[V93] %i labels exchange their names, offline, in one transaction: no refusal, no flicker, here or elsewhere', async (count) => {
  const names = Array.from({ length: count }, (_, at) => `${count}: ${at}`)
  const ids: string[] = []
  for (const name of names) ids.push(await label(name))
  const [phone, laptop] = [await online(world.ada), await online(world.bob)]
  for (const [device, user] of [[phone, world.ada], [laptop, world.bob]] as const) await world.equal(device, user, [world.project])
  const [before, after] = [names, [...names.slice(1), ...names.slice(0, 1)]]
  const [mine, theirs] = [moments(phone, ids), moments(laptop, ids)]
  phone.goOffline()
  const exchanged = phone.transaction((tx) => {
    for (const [at, id] of ids.entries()) tx.labels.update(id, { name: after[at] ?? '' })
  })
  expect(namesOf(phone, ids)).toEqual(after)
  expect(after.map((name) => phone.labels.byProjectAndName(world.project, name)?.id)).toEqual(ids)
  phone.goOnline()
  expect(await exchanged.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  await world.equal(laptop, world.bob, [world.project])
  for (const device of [phone, laptop]) expect(after.map((name) => device.labels.byProjectAndName(world.project, name)?.id)).toEqual(ids)
  expect([new Set(mine), new Set(theirs)]).toEqual([new Set([before.join(), after.join()]), new Set([before.join(), after.join()])])
})

it('[V93] a name that another label keeps is refused as ever, with the fields; the whole exchange is undone', async () => {
  const ids = [await label('one'), await label('two'), await label('kept')]
  const phone = await online(world.ada)
  const refused = phone.transaction((tx) => {
    tx.labels.update(ids[0] ?? '', { name: 'two' })
    tx.labels.update(ids[1] ?? '', { name: 'kept' })
  })
  expect(await refused.confirmed).toMatchObject({ kind: 'rejected', code: 'unique', model: 'Label', fields: ['projectId', 'name'] })
  expect(namesOf(phone, ids)).toEqual(['one', 'two', 'kept'])
  await world.equal(phone, world.ada, [world.project])
})

it('[V93] an exchange in two mutations is two refusals; from what they discarded, the app makes one that is applied', async () => {
  const ids = [await label('left'), await label('right')]
  const phone = await online(world.ada)
  phone.goOffline()
  const halves = [phone.labels.update(ids[0] ?? '', { name: 'right' }), phone.labels.update(ids[1] ?? '', { name: 'left' })]
  expect(namesOf(phone, ids)).toEqual(['right', 'left'])
  phone.goOnline()
  for (const half of halves) expect(await half.confirmed).toMatchObject({ kind: 'rejected', code: 'unique', fields: ['projectId', 'name'] })
  expect(namesOf(phone, ids)).toEqual(['left', 'right'])
  const rejections = phone.rejected().slice(-2)
  const together = phone.transaction((tx) => {
    for (const { discarded } of rejections) for (const { id, values } of discarded) tx.labels.update(id, { name: String(values['name']) })
  })
  for (const rejection of rejections) await rejection.dismiss()
  expect(await together.confirmed).toEqual({ kind: 'applied' })
  await world.equal(phone, world.ada, [world.project])
  expect([namesOf(phone, ids), phone.rejected().length]).toEqual([['right', 'left'], 0])
})
