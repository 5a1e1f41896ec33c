/** The tracker with its real server and PostgreSQL, its app on a site, and people's browsers. */
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectedRows } from '../e2e/tracker-sql.js'
import { openWorld, type World } from '../e2e/world.js'
import { Device } from './device.js'
import { openSite, type Site } from './site.js'

export interface BrowserWorld extends World {
  readonly site: Site
  /** A browser with an empty profile. */
  browser(): Promise<Device>
  /** Address of a person's page of the project. */
  page(user: string, options?: { readonly url?: string }): string
  /** Resolves when the page is in step, has nothing pending, and its caches hold what SQL says. @throws with the difference. */
  inStep(page: Page, user: string): Promise<void>
}

export const openBrowserWorld = async (): Promise<BrowserWorld> => {
  const site = await openSite()
  await site.add('/', fileURLToPath(new URL('page', import.meta.url)))
  const world = await openWorld({ server: { origins: [site.origin] } })
  const session = new pg.Client({ connectionString: world.lab.database, options: '-c datestyle=ISO' })
  await session.connect()
  const devices: Device[] = []
  return {
    ...world,
    site,
    browser: async () => {
      const device = await Device.make()
      devices.push(device)
      return device
    },
    page: (user, { url = world.lab.url() } = {}) => {
      const token = JSON.stringify({ principal: user, claims: { sub: user } })
      return `${site.origin}/?${new URLSearchParams({ url, principal: user, token, project: world.project }).toString()}`
    },
    inStep: async (page, user) => {
      await settled(page)
      await expect.poll(() => page.evaluate(() => window.rows()), { timeout: 10_000 }).toEqual(await expectedRows(session, user, [world.project]))
    },
    close: async () => {
      for (const device of devices) await device.destroy()
      await session.end()
      await world.close()
      await site.close()
    },
  }
}

/** Resolves when a page says that it is connected, and that the server has everything of it. */
export const settled = (page: Page): Promise<void> => page.locator('output[data-connection=online][data-pending="0"]').waitFor({ state: 'attached' })
