/** A device: one browser with a profile on disk, as a person has it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { findChromium } from './chromium.js'

export class Device {
  /** Ids of the rows of which its pages said that they are stored. */
  readonly acknowledged = new Set<string>()
  readonly #profile: string
  #context: BrowserContext | null = null

  private constructor(profile: string) {
    this.#profile = profile
  }

  static async make(): Promise<Device> {
    return new Device(await mkdtemp(join(tmpdir(), 'syncgen-browser-')))
  }

  /** A new tab on this address. The browser starts with the first one. */
  async open(url: string): Promise<Page> {
    const page = await (await this.#running()).newPage()
    await page.goto(url)
    return page
  }

  /** The DevTools protocol of a tab. What is said to it holds as long as the tab is there. */
  async tools(page: Page): Promise<CDPSession> {
    return (await this.#running()).newCDPSession(page)
  }

  /** Ends the process of a tab, at once. */
  async crash(page: Page): Promise<void> {
    const tools = await this.tools(page)
    const crashed = new Promise((resolve) => page.once('crash', resolve))
    tools.send('Page.crash').catch(() => undefined) // Nobody is left to answer.
    await crashed
  }

  /** Ends all processes of the browser, at once. */
  async kill(): Promise<void> {
    const context = await this.#running()
    const tools = await context.browser()?.newBrowserCDPSession()
    const processes = (await tools?.send('SystemInfo.getProcessInfo'))?.processInfo ?? []
    const gone = new Promise((resolve) => context.once('close', resolve))
    for (const { id } of processes) process.kill(id, 'SIGKILL')
    await gone
    this.#context = null
  }

  /** Ends the browser as its user does; the profile stays. */
  async quit(): Promise<void> {
    await this.#context?.close()
    this.#context = null
  }

  /** Ends the browser, and forgets the device. */
  async destroy(): Promise<void> {
    await this.quit()
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  async #running(): Promise<BrowserContext> {
    if (this.#context !== null) return this.#context
    const context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: findChromium() ?? '',
      args: ['--disable-dev-shm-usage'], // It is small in containers.
      ignoreDefaultArgs: ['--disable-back-forward-cache'], // People have it.
    })
    await context.exposeFunction('acknowledged', (id: string) => void this.acknowledged.add(id))
    this.#context = context
    return context
  }
}
