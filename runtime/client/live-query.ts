/** A query that can be read at any time and watched. */
import { Assembler, shared } from './assembler.js'
import { guarded } from './events.js'
import type { CompiledQuery } from './query.js'
import type { Store, Watcher } from './store.js'

export interface Query<Result> {
  /** What matches now. The same array, with the same objects, until the result changes. */
  readonly rows: readonly Result[]
  /** `rows`, under the name that UI bindings expect. */
  getSnapshot(): readonly Result[]
  /** Calls the listener at once with the rows, then after each batch that changed them. Returns the function that ends it. */
  subscribe(listener: (rows: readonly Result[]) => void): () => void
}

/**
 * Reads again when a model that decides was touched, and tells only if the result differs. Results are structurally shared: a row
 * (with its included relations) that did not change is the same object as before.
 */
export class LiveQuery<Result> implements Query<Result>, Watcher {
  readonly #store: Store
  readonly #query: CompiledQuery
  readonly #assembler: Assembler
  /** Each listener, with what it heard last. */
  readonly #listeners = new Map<(rows: readonly Result[]) => void, readonly Result[]>()
  #rows: readonly Result[] = Object.freeze([])
  #revision = -1
  #stopWatching: (() => void) | null = null

  constructor(store: Store, query: CompiledQuery) {
    this.#store = store
    this.#query = query
    this.#assembler = new Assembler(query.includes)
  }

  get rows(): readonly Result[] {
    const revision = this.#store.revisionOf(this.#query.models)
    if (revision !== this.#revision) {
      this.#revision = revision
      // The cast is the boundary: what includes a query has is what its result type says.
      this.#rows = shared(this.#rows, this.#assembler.assembleAll(this.#query.rows()) as readonly Result[])
    }
    return this.#rows
  }

  getSnapshot(): readonly Result[] {
    return this.rows
  }

  subscribe(listener: (rows: readonly Result[]) => void): () => void {
    const own = (rows: readonly Result[]): void => listener(rows)
    this.#stopWatching ??= this.#store.watch(this)
    this.#tell(own, this.rows)
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size > 0) return
      this.#stopWatching?.()
      this.#stopWatching = null
    }
  }

  changed(models: ReadonlySet<string>): void {
    if (![...this.#query.models].some((model) => models.has(model))) return
    const rows = this.rows
    for (const [listener, heard] of [...this.#listeners]) {
      if (heard !== rows && this.#listeners.has(listener)) this.#tell(listener, rows)
    }
  }

  #tell(listener: (rows: readonly Result[]) => void, rows: readonly Result[]): void {
    this.#listeners.set(listener, rows)
    guarded(this.#store.log, 'query', () => listener(rows))
  }
}
