/** Room that runs out, and storage that is cleared. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumIsMissing } from './missing.js'
import { type BrowserWorld, openBrowserWorld, says, settled } from './world.js'

describe.skipIf(chromiumIsMissing)('storage of a browser', { timeout: 60_000 }, () => {
  let world: BrowserWorld
  beforeAll(async () => {
    world = await openBrowserWorld()
  })
  beforeEach(() => world.lab.sql('delete from tasks'))
  afterAll(() => world?.close())

  /** A page whose origin has so many bytes of room; null: as many as there are. */
  const pageWithRoom = async (bytes: number) => {
    const device = await world.browser()
    // A browser counts on the room that it saw last: it is taken away before the page comes.
    const tools = await device.tools(await device.open('about:blank'))
    const room = (quotaSize?: number) =>
      tools.send('Storage.overrideQuotaForOrigin', { origin: world.site.origin, ...(quotaSize === undefined ? {} : { quotaSize }) })
    await room(bytes)
    return { device, page: await device.open(world.page(world.ada)), makeRoom: () => room() }
  }

  it('[C185] without room refuses a write with a typed error, keeps and shows all else, and stores it all when there is room', async () => {
    const { device, page, makeRoom } = await pageWithRoom(600_000)
    await settled(page)
    await page.evaluate(() => window.write('fits'))
    let fitted = 0
    let ended = await large(page)
    for (; ended === 'stored' && fitted < 10; fitted += 1) ended = await large(page)
    expect(ended).toEqual({ code: 'storage-failed', details: { full: true, cause: 'QuotaExceededError' } })
    await says(page, { error: 'storage-failed' })
    await world.task('of somebody else')
    await page.getByText('of somebody else').waitFor()
    const waiting = await page.evaluate(() => window.db.pending().length)
    expect(waiting).toBeGreaterThan(0)
    await makeRoom()
    await page.evaluate(() => window.write('there is room again'))
    await world.inStep(page, world.ada)
    expect((await world.lab.sql(`select id from tasks where length(title) > 100000`)).length).toBe(fitted + 1)
    await page.reload()
    await world.inStep(page, world.ada)
    expect(await world.lost(device.acknowledged)).toEqual([])
  })

  it('[C185] shows a first sync for which there is no room, and begins anew after a restart', async () => {
    const text = `(select string_agg(md5(n || '/' || m), '') from generate_series(1, 30) m)`
    await world.lab.sql(`insert into tasks (project_id, title, position) select $1, ${text}, 'b' from generate_series(1, 1000) n`, [world.project])
    const { device, page, makeRoom } = await pageWithRoom(500_000)
    await says(page, { connection: 'online', error: 'storage-failed' })
    expect(await page.locator('li').count()).toBe(1000)
    await page.reload()
    await says(page, { connection: 'online', error: 'storage-failed' })
    await makeRoom()
    await page.evaluate(() => window.write('there is room now'))
    await world.inStep(page, world.ada)
    const { length } = await page.locator('li').all()
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await page.context().setOffline(true)
    await page.reload()
    await page.locator('li').nth(length - 1).waitFor()
    expect(await world.lost(device.acknowledged)).toEqual([])
  })

  it('[C186] that was cleared while the page was closed is a new device: it begins anew, and shows nothing of before', async () => {
    const device = await world.browser()
    const page = await device.open(world.page(world.ada))
    await settled(page)
    await page.evaluate(() => window.write('before the eviction'))
    await settled(page)
    const clients = async () => (await world.lab.sql('select count(*)::int as clients from syncgen.clients'))[0]?.['clients']
    const before = await clients()
    await page.close()
    await world.lab.sql(`update members set role = 'viewer' where user_id = $1`, [world.bob])
    const blank = await device.open('about:blank')
    await (await device.tools(blank)).send('Storage.clearDataForOrigin', { origin: world.site.origin, storageTypes: 'indexeddb' })

    await world.lab.kill()
    const next = await device.open(world.page(world.ada))
    await says(next, { connection: 'offline', pending: 0 })
    expect(Object.values(await next.evaluate(() => window.rows())).flat()).toEqual([])
    await next.evaluate(() => window.write('after the eviction'))
    await world.lab.start()
    await world.inStep(next, world.ada)
    expect(await clients()).toBe(Number(before) + 1)
    expect([device.acknowledged.size, await world.lost(device.acknowledged)]).toEqual([2, []])
  })

  it('[C187] that is cleared while the page is open is filled again: what waits arrives, once, and a restart without a network shows all', async () => {
    const device = await world.browser()
    const page = await device.open(world.page(world.ada))
    await settled(page)
    for (const title of ['one', 'two', 'three']) await page.evaluate((title) => window.write(title), title)
    await settled(page)
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await page.context().setOffline(true)
    await says(page, { connection: 'offline' })
    await page.evaluate(() => window.write('waits'))
    await (await device.tools(page)).send('Storage.clearDataForOrigin', { origin: world.site.origin, storageTypes: 'indexeddb' })
    await page.evaluate(() => window.write('written after it'))
    await expect.poll(() => stored(page, 'log')).toBeGreaterThan(0)
    const shown = await page.locator('li').count()
    await page.reload()
    await page.getByText('written after it').waitFor()
    expect(await page.locator('li').count()).toBe(shown)
    await page.evaluate(() => window.write('written after a restart'))
    await page.context().setOffline(false)
    await world.inStep(page, world.ada)
    expect([device.acknowledged.size, await world.lost(device.acknowledged)]).toEqual([6, []])
  })

  it('[C186] holds nothing after somebody has signed out', async () => {
    const device = await world.browser()
    const page = await device.open(world.page(world.ada))
    await settled(page)
    expect(await stored(page, 'meta')).toBeGreaterThan(0)
    await page.evaluate(() => window.db.signOut())
    expect(await page.evaluate(() => indexedDB.databases().then((all) => all.map(({ name }) => name)))).toEqual([])
  })
})

/** Writes a task of 200 kB: how that ended. */
const large = (page: Page): Promise<unknown> =>
  page.evaluate(() => {
    const text = Array.from({ length: 200_000 }, () => String.fromCharCode(97 + Math.random() * 26)).join('')
    return window.write(text).then(
      () => 'stored',
      ({ code, details }: { readonly code: string; readonly details: unknown }) => ({ code, details }),
    )
  })

/** Records in a store of the page's only database. */
const stored = (page: Page, store: string): Promise<number> =>
  page.evaluate(async (store) => {
    const [first] = await indexedDB.databases()
    return new Promise<number>((resolve, reject) => {
      const request = indexedDB.open(first?.name ?? '')
      request.addEventListener('error', () => reject(new Error('cannot be opened')))
      request.addEventListener('success', () => {
        const counting = request.result.transaction(store).objectStore(store).count()
        counting.addEventListener('success', () => {
          request.result.close()
          resolve(counting.result)
        })
      })
    })
  }, store)
