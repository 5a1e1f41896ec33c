/** Pages and browsers that end without notice. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FrameProxy } from '../e2e/frame-proxy.js'
import type { Device } from './device.js'
import { chromiumIsMissing } from './missing.js'
import { type BrowserWorld, openBrowserWorld, settled } from './world.js'

/** How a page ends, and the tab that comes after it. */
const ends: readonly (readonly [name: string, end: (device: Device, page: Page) => Promise<Page>])[] = [
  ['its process crashes', (device, page) => device.crash(page).then(() => device.open(page.url()))],
  ['its tab is closed', (device, page) => page.close().then(() => device.open(page.url()))],
  ['it is loaded again', (_device, page) => page.reload().then(() => page)],
  ['its browser is killed', (device, page) => device.kill().then(() => device.open(page.url()))],
]

describe.skipIf(chromiumIsMissing)('a page that ends without notice', { timeout: 60_000 }, () => {
  let world: BrowserWorld
  beforeAll(async () => {
    world = await openBrowserWorld()
  })
  afterAll(() => world?.close())

  it.each(ends)('[C182] keeps every write that it was told to be stored, and comes in step, when amid a burst of writes %s', async (_name, end) => {
    const device = await world.browser()
    const page = await device.open(world.page(world.ada))
    await settled(page)
    page.evaluate(burst).catch(() => undefined) // It ends with its page.
    await expect.poll(() => device.acknowledged.size, { timeout: 20_000, interval: 1 }).toBeGreaterThan(12)
    const next = await end(device, page)
    await world.inStep(next, world.ada)
    expect(await world.lost(device.acknowledged)).toEqual([])
  })

  it('[C183] has nothing of a first sync that was not finished, and all of the next one', async () => {
    const proxy = await FrameProxy.to(world.lab.url())
    onTestFinished(() => proxy.close())
    await world.lab.sql(`insert into tasks (project_id, title, position) select $1, 'of many ' || n, 'b' from generate_series(1, 4000) n`, [world.project])
    let pages = 0
    const third = new Promise<void>((resolve) => {
      proxy.rule = ({ kind }) => {
        if (kind === 'page' && (pages += 1) === 3) resolve()
        return pages < 3 ? 'pass' : 'drop'
      }
    })
    const device = await world.browser()
    const page = await device.open(world.page(world.bob, { url: proxy.url }))
    await third
    await page.evaluate(() => window.write('amid the first sync'))
    expect(await page.evaluate(() => window.db.position)).toBeNull()
    const next = await device.crash(page).then(() => device.open(page.url()))
    await next.getByText('amid the first sync').waitFor()
    expect(await next.locator('li').count()).toBe(1)
    proxy.rule = () => 'pass'
    proxy.cut()
    proxy.heal()
    await world.inStep(next, world.bob)
    expect(await world.lost(device.acknowledged)).toEqual([])
  })
})

/** Runs in the page: writes without an end, several in one task. */
const burst = async (): Promise<void> => {
  for (let at = 0; ; at += 1) {
    void window.write(`burst ${at}`)
    if (at % 5 === 4) await new Promise((resolve) => setTimeout(resolve))
  }
}
