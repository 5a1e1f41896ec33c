/** The tracker with its real server and PostgreSQL, its app on a site, and people's browsers. */
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Page } from 'playwright-core'
import type { Log } from 'syncgen/protocol'
import { expect } from 'vitest'
import { expectedRows } from '../e2e/tracker-sql.js'
import { openWorld, type World } from '../e2e/world.js'
import { Device } from './device.js'
import { openSite, type Site } from './site.js'

export interface BrowserWorld extends World {
  readonly site: Site
  /** What the server logged. */
  readonly said: readonly string[]
  /** A browser with an empty profile. */
  browser(): Promise<Device>
  /** Address of a person's page of the project. */
  page(user: string, options?: { readonly url?: string }): string
  /** Resolves when the page is in step, has nothing pending, and its caches hold what SQL says. @throws with the difference. */
  inStep(page: Page, user: string): Promise<void>
  /** Which of these tasks the database does not have. */
  lost(ids: ReadonlySet<string>): Promise<readonly string[]>
}

export const openBrowserWorld = async (): Promise<BrowserWorld> => {
  const site = await openSite()
  await site.add('/', fileURLToPath(new URL('page', import.meta.url)))
  const said: string[] = []
  const log: Log = (level, event, details) => void said.push([level, event, JSON.stringify(details)].join(' '))
  const world = await openWorld({ server: { origins: [site.origin], log } })
  const session = new pg.Client({ connectionString: world.lab.database, options: '-c datestyle=ISO' })
  await session.connect()
  const devices: Device[] = []
  return {
    ...world,
    site,
    said,
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
      const expected = await expectedRows(session, user, [world.project])
      await expect.poll(() => page.evaluate(() => window.rows()), { timeout: 10_000 }).toEqual(expected)
    },
    lost: async (ids) => {
      const rows = await world.lab.sql('select id from tasks where id = any($1)', [[...ids]])
      const there = new Set(rows.map((row) => row['id']))
      return [...ids].filter((id) => !there.has(id))
    },
    close: async () => {
      await Promise.all(devices.map((device) => device.destroy()))
      await session.end()
      await world.close()
      await site.close()
    },
  }
}

/** Resolves when a page says this of itself, in attributes of its `<output>`. */
export const says = (page: Page, what: { readonly connection?: string; readonly pending?: number; readonly error?: string }): Promise<void> => {
  const attributes = Object.entries(what).map(([name, value]) => `[data-${name}="${value}"]`)
  return page.locator(`output${attributes.join('')}`).waitFor({ state: 'attached' })
}

/** Resolves when a page is in step, and the server has everything of it. */
export const settled = (page: Page): Promise<void> => says(page, { connection: 'online', pending: 0, error: '' })
