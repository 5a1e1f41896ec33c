/** Storage that fails, waits or dies when told, around a real one. */
import { SyncError } from '../../runtime/client/index.js'
import type { OpenStorage, Storage } from '../../runtime/client/index.js'

export interface FailingStorage {
  readonly storage: OpenStorage
  /** Every transaction is refused from now on. */
  fail(): void
  heal(): void
  /** Transactions wait until the returned function is called. */
  hold(): () => void
}

export const failing = (inner: OpenStorage): FailingStorage => {
  let isFailing = false
  let gate: Promise<void> = Promise.resolve()
  return {
    storage: async (name) =>
      intercepted(await inner(name), async (_method, run) => {
        await gate
        if (isFailing) throw new SyncError('storage-failed', 'the test lets it fail')
        return run()
      }),
    fail: () => void (isFailing = true),
    heal: () => void (isFailing = false),
    hold: () => {
      let release: () => void = () => undefined
      gate = new Promise((resolve) => (release = resolve))
      return () => release()
    },
  }
}

/** Tells of each transaction that was begun. */
export const watched =
  (inner: OpenStorage, tell: (method: string, given: readonly unknown[]) => void): OpenStorage =>
  async (name) =>
    intercepted(await inner(name), (method, run, given) => {
      tell(method, given)
      return run()
    })

/** Refuses transactions when `refuses` says so. */
export const moody = (inner: OpenStorage, refuses: () => boolean): OpenStorage => async (name) =>
  intercepted(await inner(name), async (method, run) => {
    if (method !== 'load' && method !== 'close' && refuses()) throw new SyncError('storage-failed', 'the test lets it fail')
    return run()
  })

export interface DyingStorage {
  readonly storage: OpenStorage
  /** Transactions that were begun. */
  readonly count: () => number
  readonly isDead: () => boolean
}

/**
 * Dies at its k-th transaction (from 1), before or after it is durable: that one and all later ones never settle, as in a
 * process that is gone. The storage behind it can be opened again at once.
 */
export const dying = (inner: OpenStorage, at: number, when: 'before' | 'after'): DyingStorage => {
  let count = 0
  let isDying = false
  let isDead = false
  const forever = new Promise<never>(() => undefined)
  return {
    count: () => count,
    isDead: () => isDead,
    storage: async (name) => {
      const real = await inner(name)
      return intercepted(real, async (method, run) => {
        if (isDying) return forever
        if (method === 'close') return run()
        count += 1
        if (count !== at) return run()
        isDying = true
        if (when === 'after') await run()
        await real.close()
        isDead = true
        return forever
      })
    },
  }
}

const methods = ['load', 'stage', 'unstage', 'append', 'enqueue', 'update', 'compact', 'close', 'destroy'] as const

/** The cast is the boundary: each method is called with its own arguments. */
const intercepted = (
  real: Storage,
  around: (method: (typeof methods)[number], run: () => Promise<unknown>, given: readonly unknown[]) => Promise<unknown>,
): Storage =>
  Object.fromEntries(
    methods.map((method) => {
      const call = real[method].bind(real) as (...given: readonly unknown[]) => Promise<unknown>
      return [method, (...given: readonly unknown[]) => around(method, () => call(...given), given)]
    }),
  ) as unknown as Storage

/** Every transaction waits for some turns of the event loop first. */
export const slow = (inner: OpenStorage, turns: () => number): OpenStorage => async (name) =>
  intercepted(await inner(name), async (_method, run) => {
    for (let left = turns(); left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve))
    return run()
  })
