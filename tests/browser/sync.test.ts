/** The generated client in a real browser: IndexedDB, WebSocket and the network's signals are Chromium's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumIsMissing } from './missing.js'
import { type BrowserWorld, openBrowserWorld, says, settled } from './world.js'

describe.skipIf(chromiumIsMissing)('two people, each in a browser', { timeout: 60_000 }, () => {
  let world: BrowserWorld
  beforeAll(async () => {
    world = await openBrowserWorld()
  })
  afterAll(() => world?.close())

  it('[C180] a page shows what another page wrote', async () => {
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

  it('[C181] without a network a page writes, is loaded again, shows all, writes more; with one, all of it arrives', async () => {
    const [kept, edited, deleted] = [await world.task('kept'), await world.task('edited'), await world.task('deleted')]
    const [phone, laptop] = [await world.browser(), await world.browser()]
    const [ada, bob] = [await phone.open(world.page(world.ada)), await laptop.open(world.page(world.bob))]
    await Promise.all([world.inStep(ada, world.ada), world.inStep(bob, world.bob)])
    await ada.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))

    await ada.context().setOffline(true)
    await says(ada, { connection: 'offline' })
    await ada.evaluate(
      async ([edited, deleted]) => {
        const { tasks } = window.db
        await Promise.all([
          window.write('made offline'),
          tasks.update(edited, { title: 'edited offline', votes: { add: 1 } }).durable,
          tasks.delete(deleted).durable,
        ])
      },
      [edited, deleted] as const,
    )
    await world.lab.sql(`update tasks set title = 'edited meanwhile', votes = votes + 1 where id = $1`, [kept])
    await world.lab.sql(`update tasks set votes = votes + 1 where id = $1`, [edited])
    await world.task('made meanwhile')
    await bob.getByText('made meanwhile').waitFor()

    await ada.reload()
    await says(ada, { pending: 3 })
    expect((await ada.locator('li').allTextContents()).toSorted()).toEqual(['Ship', 'edited offline', 'kept', 'made offline'])
    await ada.evaluate(() => window.write('made after the reload'))
    await says(ada, { pending: 4 })

    await ada.context().setOffline(false)
    await Promise.all([ada.getByText('made meanwhile').waitFor(), bob.getByText('made after the reload').waitFor()])
    await Promise.all([world.inStep(ada, world.ada), world.inStep(bob, world.bob)])
    expect(await world.lost(phone.acknowledged)).toEqual([])
    expect(await world.lab.sql('select title, votes from tasks where id = any($1) order by title', [[kept, edited, deleted]])).toEqual([
      { title: 'edited meanwhile', votes: 1 },
      { title: 'edited offline', votes: 2 },
    ])
  })

  it('[C181] a server that is gone is as good as no network', async () => {
    const phone = await world.browser()
    const page = await phone.open(world.page(world.ada))
    await settled(page)
    await world.lab.kill()
    await says(page, { connection: 'offline' })
    await page.evaluate(() => window.write('made without a server'))
    await page.reload()
    await says(page, { pending: 1 })
    await page.getByText('made without a server').waitFor()
    await world.lab.start()
    await world.inStep(page, world.ada)
    expect([phone.acknowledged.size, await world.lost(phone.acknowledged)]).toEqual([1, []])
  })

  it('[C190] a page of an origin that is not listed works without a server, whose log says once what to list', async () => {
    const elsewhere = new URL(world.page(world.ada))
    elsewhere.hostname = '127.0.0.1'
    const device = await world.browser()
    const page = await device.open(elsewhere.href)
    await expect.poll(() => world.said).toContainEqual(expect.stringContaining(`warn origin-refused {"origin":"${elsewhere.origin}"`))
    await page.evaluate(() => window.write('unheard'))
    await says(page, { pending: 1, error: 'unreachable' })
    await page.evaluate(() => window.db.goOnline())
    await page.reload()
    await says(page, { pending: 1, error: 'unreachable' })
    expect(world.said.filter((each) => each.includes('origin-refused')).length).toBe(1)
    expect(await world.lost(device.acknowledged)).toEqual([...device.acknowledged])
  })

  it('[C189] a client for nobody is not opened', async () => {
    const page = await (await world.browser()).open(world.page(''))
    await says(page, { connection: 'closed', error: 'invalid-value' })
    await page.getByText('principal must name who is signed in').waitFor()
    expect(await page.evaluate(() => indexedDB.databases())).toEqual([])
  })
})
