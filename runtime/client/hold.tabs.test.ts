/** Tabs ask each other through the browser: Web Locks, of which Node has none yet, and real BroadcastChannels. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { holdExclusively } from './platform.js'
import type { StorageHolder } from './storage.js'

/** What the specification says of exclusive locks, `ifAvailable` and `signal` (https://w3c.github.io/web-locks/). */
class Locks {
  readonly #last = new Map<string, Promise<unknown>>()

  async request(name: string, { ifAvailable, signal }: LockOptions, run: (lock: Lock | null) => unknown): Promise<unknown> {
    const before = this.#last.get(name)
    if (before !== undefined && ifAvailable === true) return run(null)
    const granted = async (): Promise<unknown> => {
      if (signal?.aborted === true) return undefined
      return run({ name, mode: 'exclusive' })
    }
    const done = (before ?? Promise.resolve()).then(granted)
    const settled: Promise<unknown> = done.then(() => this.#last.get(name) === settled && this.#last.delete(name))
    this.#last.set(name, settled)
    const aborted = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))))
    return Promise.race([done, aborted])
  }
}

beforeEach(() => void vi.stubGlobal('navigator', { locks: new Locks() }))
afterEach(() => void vi.unstubAllGlobals())

const holder = (schema: string, older: readonly string[], giveWay: () => void = () => undefined): StorageHolder => ({ schema, older, giveWay, emptied: () => null })

describe('a storage among tabs', () => {
  it('[E69] is handed over when a later version asks', async () => {
    const name = randomUUID()
    const release: (() => void)[] = []
    const heard: string[] = []
    release.push(await holdExclusively(name, undefined, holder('a', [], () => void (heard.push('a'), release[0]?.()))))
    const later = await holdExclusively(name, undefined, holder('b', ['a']))
    expect(heard).toEqual(['a'])
    await expect(holdExclusively(name, undefined, holder('a', []))).rejects.toMatchObject({ code: 'storage-in-use' })
    later()
    // A lock is let go of a moment later.
    ;(await vi.waitFor(() => holdExclusively(name, undefined)))()
  })

  it('[E69] is kept when the asker is of the same version, or of one that knows it not', async () => {
    const name = randomUUID()
    const heard: string[] = []
    const release = await holdExclusively(name, undefined, holder('b', ['a'], () => void heard.push('b')))
    await expect(holdExclusively(name, undefined, holder('b', ['a']))).rejects.toMatchObject({ code: 'storage-in-use' })
    await expect(holdExclusively(name, undefined, holder('x', ['y']))).rejects.toMatchObject({ code: 'storage-in-use' })
    expect(heard).toEqual([])
    release()
    ;(await holdExclusively(name, undefined, holder('c', ['b'])))()
  })
})
