/** Devices whose queues write the same rows in opposite orders. */
import { expect, it } from 'vitest'
import { openWorld } from './world.js'
it('[V94] pushes of many mutations that cross are all applied, each once', { timeout: 60_000 }, async () => {
  const world = await openWorld()
  const tasks: string[] = []
  for (let n = 0; n < 30; n += 1) tasks.push(await world.task(`t ${n}`))
  const devices = await Promise.all([world.ada, world.bob, world.ada].map((u) => world.device(u)))
  for (const d of devices) await d.scopes.board({ projectId: world.project }).ready
  for (const d of devices) d.goOffline()
  const writes = devices.flatMap((d, at) => (at === 1 ? tasks.toReversed() : tasks).map((id) => d.tasks.update(id, { votes: { add: 1 } })))
  for (const d of devices) d.goOnline()
  await Promise.all(writes.map((w) => w.confirmed))
  for (const [at, d] of devices.entries()) await world.equal(d, [world.ada, world.bob, world.ada][at] ?? '', [world.project])
  expect((await world.lab.sql('select distinct votes from tasks')).map((r) => r['votes'])).toEqual([3])
  await world.close()
})
