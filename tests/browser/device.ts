/** A device: one browser with a profile on disk, as a person has it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from './chromium.js'

export class Device {
  readonly #profile: string
  #context: BrowserContext | null = null

  private constructor(profile: string) {
    this.#profile = profile
  }

  static async make(): Promise<Device> {
    return new Device(await mkdtemp(join(tmpdir(), 'syncgen-browser-')))
  }

  /** The running browser, which starts when it is first asked for. */
  async context(): Promise<BrowserContext> {
    this.#context ??= await chromium.launchPersistentContext(this.#profile, {
      executablePath: findChromium() ?? '',
      // Shared memory is small in containers.
      args: ['--disable-dev-shm-usage'],
    })
    return this.#context
  }

  /** A new tab on this address. */
  async open(url: string): Promise<Page> {
    const page = await (await this.context()).newPage()
    await page.goto(url)
    return page
  }

  /** Ends the browser as its user does; the profile stays. */
  async quit(): Promise<void> {
    await this.#context?.close()
    this.#context = null
  }

  /** Ends the browser, and forgets the device. */
  async destroy(): Promise<void> {
    await this.quit()
    await rm(this.#profile, { recursive: true, force: true })
  }
}
