/**
 * A device without room, as Chrome has it: the request that finds none never settles, and its transaction aborts with a
 * QuotaExceededError. Takes the place of two methods of fake-indexeddb, once per process.
 */
import { IDBObjectStore } from 'fake-indexeddb'

/** Asked for each record whether there is no room for it. */
type Crowded = () => boolean

const limits = new WeakMap<object, Crowded>()
let installed = false

/** @param database - the inside of a database of fake-indexeddb */
export const limitRoom = (database: object, isCrowded: Crowded): void => {
  if (!installed) install()
  limits.set(database, isCrowded)
}

/** The inside of fake-indexeddb, as far as it is needed. */
interface Inside {
  readonly transaction: {
    readonly db: { readonly _rawDatabase: object }
    readonly _requests: { operation: () => void; request: object }[]
    _abort(name: string): void
  }
}

const install = (): void => {
  installed = true
  // The cast is the boundary: requests of a transaction are private to fake-indexeddb.
  const prototype = IDBObjectStore.prototype as unknown as Record<'add' | 'put', (this: Inside, ...given: unknown[]) => unknown>
  for (const name of ['add', 'put'] as const) {
    const real = prototype[name]
    prototype[name] = function (this: Inside, ...given: unknown[]) {
      const request = real.apply(this, given)
      const { transaction } = this
      const last = transaction._requests.at(-1)
      if (last === undefined || limits.get(transaction.db._rawDatabase)?.() !== true) return request
      // One without a source settles nothing.
      Object.assign(last, { operation: () => transaction._abort('QuotaExceededError'), request: { readyState: 'pending', source: null } })
      return request
    }
  }
}
