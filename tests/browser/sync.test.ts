/** The generated client in a real browser: IndexedDB, WebSocket, Web Locks and the network's signals are Chromium's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumIsMissing } from './missing.js'
import { type BrowserWorld, openBrowserWorld } from './world.js'

describe.skipIf(chromiumIsMissing)('two people, each in a browser', { timeout: 30_000 }, () => {
  let world: BrowserWorld
  beforeAll(async () => {
    world = await openBrowserWorld()
  })
  afterAll(() => world?.close())

  it('[C180] shows what another page wrote', async () => {
    const [ada, bob] = [await (await world.browser()).open(world.page(world.ada)), await (await world.browser()).open(world.page(world.bob))]
    await Promise.all([world.inStep(ada, world.ada), world.inStep(bob, world.bob)])
    const outcome = await ada.evaluate(async (projectId) => {
      const made = window.db.tasks.create({ projectId, title: 'Ship', position: 'a' })
      await made.durable
      return made.confirmed
    }, world.project)
    expect(outcome).toEqual({ kind: 'applied' })
    await bob.getByText('Ship', { exact: true }).waitFor()
    await Promise.all([world.inStep(ada, world.ada), world.inStep(bob, world.bob)])
  })
})
