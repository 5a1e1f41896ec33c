/**
 * What caches stand on: the rows, the listeners, and the one way to write. Generated clients pass it to their caches as
 * `this.store`.
 */
import type { Draft } from './draft.js'
import type { Emitter } from './events.js'
import type { Writing } from './query-types.js'
import type { Store } from './store.js'

export interface CacheStore {
  readonly rows: Store
  readonly emitter: Emitter
  /** Runs a local transaction: nothing of it is visible if `write` throws, all of it once this returns. */
  write<Result>(write: (draft: Draft) => Result, strict: boolean): Writing & { readonly result: Result }
}
