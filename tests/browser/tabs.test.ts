/** Several tabs of one origin, with the browser's own locks. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumIsMissing } from './missing.js'
import { type BrowserWorld, openBrowserWorld, says, settled } from './world.js'

describe.skipIf(chromiumIsMissing)('tabs of one browser', { timeout: 60_000 }, () => {
  let world: BrowserWorld
  beforeAll(async () => {
    world = await openBrowserWorld()
  })
  afterAll(() => world?.close())

  it('[C184] the second is told that the storage is in use, and disturbs nobody; another person\'s is opened', async () => {
    const device = await world.browser()
    const first = await device.open(world.page(world.ada))
    await settled(first)
    const second = await device.open(world.page(world.ada))
    await says(second, { connection: 'closed', error: 'storage-in-use' })
    await second.getByText('another tab').waitFor()
    await first.evaluate(() => window.write('with a second tab'))
    await world.inStep(first, world.ada)
    const other = await device.open(world.page(world.bob))
    await world.inStep(other, world.bob)
    expect(await world.lost(device.acknowledged)).toEqual([])
  })

  it.each<readonly [string, (first: Page) => Promise<unknown>]>([
    ['is closed', (first) => first.close()],
    ['closes its client', (first) => first.evaluate(() => window.db.close())],
    ['goes elsewhere', (first) => first.goto('about:blank')],
  ])('[C184] once the first %s, the second opens it, with what waits', async (_how, end) => {
    const device = await world.browser()
    const first = await device.open(world.page(world.ada))
    await settled(first)
    const second = await device.open(world.page(world.ada))
    await says(second, { error: 'storage-in-use' })
    await first.evaluate(() => window.db.goOffline())
    await first.evaluate(() => window.write('waits in the first tab'))
    await end(first)
    await second.reload()
    await second.getByText('waits in the first tab').first().waitFor()
    await world.inStep(second, world.ada)
    expect([device.acknowledged.size, await world.lost(device.acknowledged)]).toEqual([1, []])
  })

  it('[C184] once the first crashes, the second opens it', async () => {
    const device = await world.browser()
    const first = await device.open(world.page(world.ada))
    await settled(first)
    await first.evaluate(() => window.write('before the crash'))
    await device.crash(first)
    const second = await device.open(world.page(world.ada))
    await world.inStep(second, world.ada)
    expect(await world.lost(device.acknowledged)).toEqual([])
  })

  it('[C188] a page that is loaded again, or left and gone back to, finds its storage free, each time', async () => {
    const device = await world.browser()
    const page = await device.open(world.page(world.ada))
    for (let times = 0; times < 6; times += 1) {
      await page.reload()
      await page.locator('output[data-connection]').waitFor({ state: 'attached' })
      expect(await page.locator('output').getAttribute('data-error')).toBe('')
    }
    await settled(page)
    for (let times = 0; times < 3; times += 1) {
      await page.goto(world.site.blank)
      await page.goBack()
      await settled(page)
      await page.evaluate((title) => window.write(title), `back ${times}`)
      await settled(page)
    }
    await world.inStep(page, world.ada)
    expect([device.acknowledged.size, await world.lost(device.acknowledged)]).toEqual([3, []])
  })
})
