/** Several server nodes over one database. */
import pg from 'pg'
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

it('[M13] server events miss no row that is committed between a look that found nothing and the reading after it', async () => {
  const heard = new Set<string>()
  world.lab.server.on('tasks', ({ id }) => void heard.add(id))
  const phone = await world.device(world.ada, { node: 0 })
  const made: string[] = []
  const looks = betweenLooks(async () => void made.push(await world.task('in between')))
  try {
    // Who reconnects makes the next look a reading, whether or not it found a change.
    while (made.length < 60) {
      phone.goOffline()
      phone.goOnline()
      await until('it is online', () => phone.status.get().connection === 'online')
    }
  } finally {
    looks.end()
  }
  await until('all were heard', () => made.every((id) => heard.has(id)))
})

/** Does something after every other look that a tailer takes at the log, before the tailer hears of what it saw. */
const betweenLooks = (run: () => Promise<void>): { end(): void } => {
  // The cast is the boundary: pg's method takes callbacks or gives promises, and the runtime asks for promises.
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown }
  const { query } = prototype
  let looks = 0
  prototype.query = function (this: unknown, ...given) {
    const answer = query.apply(this, given)
    const { text } = given[0] as { readonly text?: string }
    if (text?.startsWith('select s.now, ') !== true || (looks += 1) % 2 === 0) return answer
    return (answer as Promise<unknown>).then(async (result) => {
      await run()
      return result
    })
  }
  return { end: () => void (prototype.query = query) }
}
