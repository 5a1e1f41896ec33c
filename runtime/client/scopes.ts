/**
 * The scopes of this client, open and closed ones. Opening and closing change what is visible at once; what the device's facts
 * say of it changes in a job of the journal, in the order of the frames: a batch that was received before a scope closed still
 * counts for it.
 */
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { ClaimChange, ScopeClaim } from '../protocol/messages.js'
import type { Clock, Log } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import type { BaseLog } from './base-log.js'
import { type Deferred, deferred } from './deferred.js'
import type { Journal } from './journal.js'
import { type Observable, Observed } from './observable.js'
import { keyOf, wireParams } from './scope-params.js'
import type { DeviceState, Storage, StoredScope } from './storage.js'
import type { Store } from './store.js'

/** One use of an open scope. Scopes with equal parameters are one; it closes with its last handle. */
export interface ScopeHandle {
  /**
   * Resolves when the content suffices: at once if it was synced before (even offline), else with its first sync.
   * Rejects with SyncError `closed` if the scope is closed before.
   */
  readonly ready: Promise<void>
  readonly status: Observable<ScopeStatus>
  /** Its rows leave, unless another open scope claims them; they are kept in storage for a while. */
  close(): void
}

export interface ScopeStatus {
  /**
   * `waiting` never synced, nothing here yet; `partial` its first content is arriving (not shown before all is here); `cached`
   * as it was when last connected; `synced` in step.
   */
  readonly state: 'waiting' | 'partial' | 'cached' | 'synced'
  /** Rows it claims, or (`partial`) that arrived. */
  readonly rows: number
}

/** What the scopes say to the connection. */
export interface ScopeListener {
  /** Some open scope is not in step. */
  scopeOpened(): void
  /** The server need not send this scope any more. */
  scopeClosed(id: number): void
}

export interface ScopesParts {
  readonly schema: SchemaDescriptor
  readonly store: Store
  readonly journal: Journal
  readonly baseLog: BaseLog
  readonly clock: Clock
  readonly log: Log
}

export class Scopes {
  readonly #parts: ScopesParts
  /** What the app has open, by name and parameters. */
  readonly #open = new Map<string, OpenScope>()
  /** What the device's facts have open, by id: the same, as soon as the journal has come to it. */
  readonly #known = new Map<number, OpenScope>()
  #nextId: number
  #isClosed = false
  #listener: ScopeListener = { scopeOpened: () => undefined, scopeClosed: () => undefined }

  constructor(parts: ScopesParts) {
    this.#parts = parts
    this.#nextId = parts.journal.device.nextScope
  }

  listen(listener: ScopeListener): void {
    this.#listener = listener
  }

  /** @throws SyncError `scope-unknown` or `closed`. */
  open(name: string, given: Readonly<Record<string, unknown>>): ScopeHandle {
    if (this.#isClosed) throw new SyncError('closed', 'this client was closed: open it again to open scopes')
    const params = wireParams(this.#parts.schema, name, given)
    const key = keyOf({ name, params })
    const scope = this.#open.get(key) ?? this.#begin(key, name, params)
    scope.handles += 1
    return this.#handleOf(scope)
  }

  /** Claims of the open scopes that are not in step on this connection, or are doubted; or of all. */
  claims(all = false): readonly ScopeClaim[] {
    return [...this.#known.values()]
      .filter((scope) => all || !scope.isLive || scope.isDoubted)
      .map(({ id, name, params }) => ({ id, name, params, hash: this.#stored(id)?.hash ?? null, position: this.#positionOf(id) }))
  }

  /** These scopes are asked for in this attempt. */
  attempted(claims: readonly ScopeClaim[], attempt: number): void {
    for (const { id } of claims) {
      const scope = this.#known.get(id)
      if (scope !== undefined) scope.attempt = attempt
    }
  }

  /** Ids of the scopes whose claims a frame may change: those in step, and those of the attempt that it ends. */
  accepting(attempt: number | null): readonly number[] {
    return [...this.#known.values()]
      .filter((scope) => scope.isLive || (attempt !== null && scope.attempt === attempt))
      .map(({ id }) => id)
  }

  /** Ids of the scopes that an attempt brings into step, as far as they are still open. */
  attemptedIn(attempt: number): readonly number[] {
    return [...this.#known.values()].filter((scope) => scope.attempt === attempt).map(({ id }) => id)
  }

  /** What is to be stored of all scopes once these follow the device, with what the server said of each. */
  following(ids: readonly number[], hashes: ReadonlyMap<number, string>): readonly StoredScope[] {
    return this.#parts.journal.device.scopes.map((stored) =>
      ids.includes(stored.id) ? { ...stored, position: 'device', hash: hashes.get(stored.id) ?? stored.hash } : stored,
    )
  }

  /** These follow the device now, and (`isLive`) the connection that brought them so far still stands. */
  arrived(ids: readonly number[], isLive: boolean): void {
    for (const id of ids) {
      const scope = this.#known.get(id)
      if (scope === undefined) continue
      Object.assign(scope, { attempt: null, isLive, arriving: 0, isDoubted: false })
      scope.ready.resolve()
    }
    this.counted()
  }

  /** Inside a job: what is held of these scopes is not what the database has. Their next claims have no hash, even after a crash. */
  async doubt(storage: Storage, ids: readonly number[]): Promise<void> {
    for (const id of ids) Object.assign(this.#known.get(id) ?? {}, { isDoubted: true })
    await this.#parts.baseLog.save(storage, { scopes: this.doubted(ids) })
  }

  /** What is to be stored of all scopes if these are to be compared. */
  doubted(ids: readonly number[], scopes = this.#parts.journal.device.scopes): readonly StoredScope[] {
    return scopes.map((stored) => (ids.includes(stored.id) ? { ...stored, hash: null } : stored))
  }

  /** An open scope, as far as the journal has come. */
  named(id: number): { readonly scope: string; readonly params: Readonly<Record<string, Wire>> } | undefined {
    const scope = this.#known.get(id)
    return scope === undefined ? undefined : { scope: scope.name, params: scope.params }
  }

  /** Claims of scopes, on rows that are not shown yet. */
  receiving(claims: readonly ClaimChange[]): void {
    for (const { scope: id, add } of claims) {
      const scope = this.#known.get(id)
      if (scope !== undefined) scope.arriving += add.length
    }
    this.counted()
  }

  /** The connection is lost: nothing is in step. */
  disconnected(): void {
    for (const scope of this.#known.values()) Object.assign(scope, { isLive: false, attempt: null, arriving: 0 })
    this.counted()
  }

  /** Says anew how many rows each scope has. */
  counted(): void {
    for (const scope of this.#open.values()) scope.status.set(this.#statusOf(scope))
  }

  /** Gives up the rows of scopes that closed before `before` (ms since 1970), or that the schema does not have any more. */
  evict(before: number): Promise<void> {
    const { journal, baseLog, store, schema } = this.#parts
    return journal.run(async (storage) => {
      const isOpen = new Set([...this.#open.values()].map(({ id }) => id))
      const isOver = (stored: StoredScope): boolean =>
        !isOpen.has(stored.id) &&
        !this.#known.has(stored.id) &&
        ((stored.closedAt !== null && stored.closedAt < before) || !Object.hasOwn(schema.scopes, stored.name))
      const over = journal.device.scopes.filter(isOver)
      if (over.length === 0) return
      const nothing = { reset: true, add: [], out: [], deleted: [] } as const
      const claims = over.flatMap(({ id }) => store.base.models.map((model): ClaimChange => ({ scope: id, model, ...nothing })))
      await baseLog.commit(storage, {
        batch: { attempts: [], delta: { rows: {}, claims }, scopes: over.map(({ id }) => id) },
        device: { scopes: journal.device.scopes.filter((stored) => !over.includes(stored)) },
        removed: [],
        isStaged: true,
        size: 0,
        apply: () => over.forEach(({ id }) => store.scopeForgotten(id)),
      })
    })
  }

  /** Ends the promises of scopes that will never be ready. */
  close(): void {
    this.#isClosed = true
    for (const scope of this.#open.values()) scope.ready.reject(closedEarly())
  }

  #begin(key: string, name: string, params: Readonly<Record<string, Wire>>): OpenScope {
    const { journal, store, log, baseLog } = this.#parts
    const id = journal.device.scopes.find((stored) => keyOf(stored) === key)?.id ?? this.#nextId++
    const status = new Observed<ScopeStatus>({ state: 'waiting', rows: 0 }, log)
    const unused = { handles: 0, isLive: false, attempt: null, arriving: 0, isDoubted: false }
    const scope: OpenScope = { key, id, name, params, ready: deferred<void>(), status, ...unused }
    this.#open.set(key, scope)
    store.scopeOpened(id)
    if (this.#positionOf(id) !== null) scope.ready.resolve()
    status.set(this.#statusOf(scope))
    void journal
      .run(async (storage) => {
        if (this.#open.get(key) !== scope) return
        this.#known.set(id, scope)
        await baseLog.save(storage, this.#facts(id, { name, params, closedAt: null }))
        this.#listener.scopeOpened()
      })
      .catch(ignoreClosed)
    return scope
  }

  #end(scope: OpenScope): void {
    const { journal, store, baseLog, clock } = this.#parts
    this.#open.delete(scope.key)
    scope.ready.reject(closedEarly())
    store.scopeClosed(scope.id)
    void journal
      .run(async (storage) => {
        if (this.#known.get(scope.id) === scope) this.#known.delete(scope.id)
        else if (this.#stored(scope.id) === undefined) return
        if (scope.isLive || scope.attempt !== null) this.#listener.scopeClosed(scope.id)
        await baseLog.save(storage, this.#facts(scope.id, { position: this.#positionOf(scope.id), closedAt: clock.now() }))
      })
      .catch(ignoreClosed)
  }

  #handleOf(scope: OpenScope): ScopeHandle {
    let isOpen = true
    const close = (): void => {
      if (isOpen) scope.handles -= 1
      if (isOpen && scope.handles === 0) this.#end(scope)
      isOpen = false
    }
    return { ready: scope.ready.promise, status: scope.status, close }
  }

  /** The device's facts with one scope's changed. */
  #facts(id: number, change: Partial<StoredScope>): Partial<DeviceState> {
    const { scopes } = this.#parts.journal.device
    const others = scopes.filter((stored) => stored.id !== id)
    const unknown: StoredScope = { id, name: '', params: {}, hash: null, position: null, closedAt: null }
    return { nextScope: this.#nextId, scopes: [...others, { ...(this.#stored(id) ?? unknown), ...change }] }
  }

  #stored(id: number): StoredScope | undefined {
    return this.#parts.journal.device.scopes.find((stored) => stored.id === id)
  }

  /** The position that a scope's rows have; null: never synced. */
  #positionOf(id: number): string | null {
    const position = this.#stored(id)?.position ?? null
    return position === 'device' ? this.#parts.journal.device.position : position
  }

  #statusOf({ id, isLive, arriving }: OpenScope): ScopeStatus {
    const rows = this.#parts.store.base.keysOf(id).size
    if (isLive) return { state: 'synced', rows }
    if (this.#positionOf(id) !== null) return { state: 'cached', rows }
    return arriving > 0 ? { state: 'partial', rows: arriving } : { state: 'waiting', rows: 0 }
  }
}

interface OpenScope {
  readonly key: string
  readonly id: number
  readonly name: string
  readonly params: Readonly<Record<string, Wire>>
  readonly ready: Deferred<void>
  readonly status: Observed<ScopeStatus>
  handles: number
  /** In step with the device on this connection. */
  isLive: boolean
  /** The attempt that will bring it into step. */
  attempt: number | null
  /** Claims that came with pages of its attempt. */
  arriving: number
  /** Differs from the database: it is to be compared, although it is in step. */
  isDoubted: boolean
}

const closedEarly = (): SyncError => new SyncError('closed', 'the scope was closed before it was ready')

/** A closed client runs no jobs, and needs none. */
const ignoreClosed = (error: unknown): void => {
  if (!(error instanceof SyncError && error.code === 'closed')) throw error
}
