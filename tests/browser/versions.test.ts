/** Tabs with the code of two versions over one storage, with the browser's own IndexedDB and locks. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type CardsApp, type GeneratedCards, generateCards, openCardsApp } from './cards.js'
import { chromiumIsMissing } from './missing.js'
import { says, settled } from './world.js'

describe.skipIf(chromiumIsMissing)('two versions of an app in one browser', { timeout: 60_000 }, () => {
  let generated: GeneratedCards
  beforeAll(async () => {
    generated = await generateCards()
  })
  afterAll(() => generated?.close())

  /** The old version everywhere, with three tasks. */
  const begin = async (): Promise<CardsApp & { readonly ids: readonly string[] }> => {
    const app = await openCardsApp(generated, crypto.randomUUID())
    onTestFinished(() => app.close())
    await app.migrate('old')
    await app.serve('old')
    const rows = await app.sql(
      `insert into tasks (owner_id, title, notes, state) select $1, 'Task ' || n, 'note ' || n, 'doing' from generate_series(1, 3) n returning id`,
      [app.person],
    )
    return { ...app, ids: rows.map(({ id }) => String(id)) }
  }

  it('[E100] a page with the new code asks the old tab to close, amid its writes; it has all rows and all that waits, and all of it arrives', async () => {
    const app = await begin()
    const [edited = '', deleted = ''] = app.ids
    const device = await app.browser()
    const old = await device.open(app.page('old'))
    await settled(old)
    await app.serve(null)
    await old.evaluate(
      async ([edited, deleted]) => {
        const { tasks } = window.cards
        await Promise.all([tasks.update(edited, { notes: 'edited', state: 'done' }).durable, tasks.delete(deleted).durable, window.write('Waits')])
      },
      [edited, deleted] as const,
    )
    const burst = old.evaluate(async () => {
      for (let at = 0; window.cards.status.get().error?.code !== 'storage-in-use'; at += 1) {
        window.write(`Burst ${at}`).catch(() => undefined) // It is closed while this runs.
        await new Promise((resolve) => setTimeout(resolve))
      }
      return window.write('too late').catch(({ code }: { readonly code: string }) => code)
    })
    await expect.poll(() => device.acknowledged.size, { timeout: 20_000, interval: 1 }).toBeGreaterThan(4)
    const fresh = await device.open(app.page('new'))
    await fresh.getByText('Waits').waitFor()
    await says(old, { error: 'storage-in-use' })
    expect(await old.evaluate(() => window.cards.status.get().error?.message)).toContain('reload')
    expect(await burst).toBe('closed')
    const titles = await fresh.locator('li').allTextContents()
    expect(titles.filter((title) => title.startsWith('Task ')).length).toBe(2)
    await app.migrate('new')
    await app.serve('new')
    await app.inStep(fresh)
    const rows = await app.sql('select id from tasks')
    expect([...device.acknowledged].filter((id) => !rows.some((row) => row['id'] === id))).toEqual([])
    expect(await app.sql('select body, state, slug from tasks where id = $1', [edited])).toEqual([{ body: 'edited', state: 'done', slug: 'task 1' }])
    expect(await app.sql(`select body, state, slug from tasks where title = 'Waits'`)).toEqual([{ body: 'of the old version', state: 'active', slug: 'waits' }])
    expect(await fresh.evaluate(() => window.cards.rejected().length)).toBe(0)
  })

  it('[E101] a page with the old code over storage of the new one fetches its rows again and sends what waits; nothing of it is lost', async () => {
    const app = await begin()
    await app.migrate('new')
    await app.serve('new')
    const device = await app.browser()
    const fresh = await device.open(app.page('new'))
    await app.inStep(fresh)
    await app.serve(null)
    await fresh.evaluate((id) => window.cards.tasks.update(id, { body: 'by the new code', state: 'active' }).durable, app.ids[0] ?? '')
    await fresh.evaluate(() => window.write('By the new code'))
    const tab = await device.open(app.page('old'))
    await says(tab, { connection: 'closed', error: 'storage-in-use' })
    await fresh.close()

    const said = tab.waitForEvent('console', (message) => message.text().includes('stored-by-another-version'))
    await tab.reload()
    await said
    await says(tab, { connection: 'offline', pending: 2 })
    await tab.evaluate(() => window.write('By the old code'))
    await app.serve('new')
    await tab.getByText('By the new code').waitFor()
    await settled(tab)
    expect(await app.sql('select title, body, state, slug from tasks order by title')).toEqual([
      { title: 'By the new code', body: 'of the new version', state: 'active', slug: 'by the new code' },
      { title: 'By the old code', body: 'of the old version', state: 'active', slug: 'by the old code' },
      { title: 'Task 1', body: 'by the new code', state: 'active', slug: 'task 1' },
      { title: 'Task 2', body: 'note 2', state: 'active', slug: 'task 2' },
      { title: 'Task 3', body: 'note 3', state: 'active', slug: 'task 3' },
    ])
    expect((await tab.evaluate(() => window.rows()['tasks']))?.filter((text) => text.includes('"state":"doing"')).length).toBe(5)
    expect(await tab.evaluate(() => window.cards.rejected().length)).toBe(0)

    await tab.close()
    const again = await device.open(app.page('new'))
    await app.inStep(again)
  })

  it('[E102] storage of an earlier layout, open in a tab that closes on versionchange, is brought to this one with rows, claims and what waits', async () => {
    const app = await begin()
    const device = await app.browser()
    const page = await device.open(app.page('old'))
    await settled(page)
    await app.serve(null)
    await page.evaluate(() => window.write('Waits'))
    await page.evaluate(() => window.write('Waits too'))
    const shown = await page.evaluate(() => window.rows())
    await page.goto(app.site.blank)
    const closed = page.evaluate(asFirstLayout)
    await expect.poll(() => page.evaluate(() => indexedDB.databases().then(([first]) => first?.version))).toBe(10)
    const next = await device.open(app.page('old'))
    await closed
    await says(next, { connection: 'offline', pending: 2 })
    expect(await next.evaluate(() => window.rows())).toEqual(shown)
    await app.serve('old')
    await settled(next)
    expect((await app.sql(`select title from tasks where title like 'Waits%' order by title`)).map(({ title }) => title)).toEqual(['Waits', 'Waits too'])
    await next.close()
    await app.serve(null)
    const upgraded = await device.open(app.page('new'))
    await upgraded.getByText('Waits too').waitFor()
    await app.migrate('new')
    await app.serve('new')
    await app.inStep(upgraded)
  })

  it('[E103] a tab that cannot be asked is waited for, and if it does not close, the new page says that storage is in use', async () => {
    const app = await begin()
    const device = await app.browser()
    const deaf = await device.open(app.page('old'))
    await settled(deaf)
    await deaf.evaluate(() => window.write('Waits'))
    const name = `syncgen:${(await deaf.evaluate(() => indexedDB.databases()))[0]?.name}`
    await deaf.goto(app.site.blank)
    deaf.evaluate((name) => navigator.locks.request(name, () => new Promise(() => undefined)), name).catch(() => undefined) // Until it closes.
    await expect.poll(() => deaf.evaluate(() => navigator.locks.query().then(({ held }) => held?.length))).toBe(1)
    const fresh = await device.open(app.page('new'))
    await says(fresh, { connection: 'closed', error: 'storage-in-use' })
    await deaf.close()
    await app.migrate('new')
    await app.serve('new')
    await fresh.reload()
    await app.inStep(fresh)
    expect((await app.sql(`select slug from tasks where title = 'Waits'`)).map(({ slug }) => slug)).toEqual(['waits'])
  })
})

/**
 * Runs in a page: makes of the only database one as the first layout was, without rejections, and keeps it open until another tab
 * wants to upgrade it.
 */
const asFirstLayout = async (): Promise<void> => {
  const done = <Result>(request: IDBRequest<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(new Error(String(request.error))))
    })
  const [{ name = '' } = {}] = await indexedDB.databases()
  const before = await done(indexedDB.open(name))
  const stores: Readonly<Record<string, IDBObjectStoreParameters>> = {
    pages: { keyPath: ['attempt', 'index'] },
    log: { autoIncrement: true },
    outbox: { keyPath: 'seq' },
    meta: {},
  }
  const records = new Map<string, readonly (readonly [key: IDBValidKey, value: unknown])[]>()
  for (const store of Object.keys(stores)) {
    const all = before.transaction(store).objectStore(store)
    const [keys, values] = await Promise.all([done(all.getAllKeys()), done(all.getAll())])
    records.set(store, keys.map((key, at) => [key, values[at]] as const))
  }
  before.close()
  await done(indexedDB.deleteDatabase(name))
  const making = indexedDB.open(name, 10)
  making.addEventListener('upgradeneeded', () => {
    for (const [store, options] of Object.entries(stores)) {
      const made = making.result.createObjectStore(store, options)
      if (store === 'pages') made.createIndex('attempt', 'attempt')
      for (const [key, value] of records.get(store) ?? []) made.put(value, options.keyPath === undefined ? key : undefined)
    }
  })
  const database = await done(making)
  await new Promise((resolve) => database.addEventListener('versionchange', resolve))
  database.close()
}
