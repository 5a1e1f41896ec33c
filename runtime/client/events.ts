/** What an app can listen to. Events of one batch are delivered together, after all caches and indexes have it. */
import type { Uuid } from '../protocol/descriptor.js'
import type { CacheDifference } from './checkup.js'
import type { Log } from '../protocol/ports.js'
import type { Mutation, Outcome, RejectionCode } from '../protocol/messages.js'
import type { Model, Writing } from './query-types.js'

/**
 * Who caused it: `local` a write of this client, `server` a change that came from the server, `rejected` a write of this
 * client that the server refused and that is gone again, `scope` a scope that was opened here.
 */
export type Origin = 'local' | 'server' | 'rejected' | 'scope'

/**
 * Why a row left without being deleted: `out` it is in no open scope any more (or may not be read any more), `closed` its
 * scope was closed here, `unclaimed` a confirmed write of this client that no open scope covers.
 */
export type LeaveReason = 'out' | 'closed' | 'unclaimed'

/** What happened to a row of this cache. */
export type CacheEvent<M extends Model> = Added<M> | Changed<M> | Deleted<M> | LeftScope<M>

export interface Added<M extends Model> {
  readonly kind: 'added'
  readonly model: M['name']
  readonly id: Uuid
  readonly after: M['row']
  readonly origin: Origin
}

export interface Changed<M extends Model> {
  readonly kind: 'changed'
  readonly model: M['name']
  readonly id: Uuid
  readonly before: M['row']
  readonly after: M['row']
  readonly fields: readonly (keyof M['row'] & string)[]
  readonly origin: Origin
}

export interface Deleted<M extends Model> {
  readonly kind: 'deleted'
  readonly model: M['name']
  readonly id: Uuid
  readonly before: M['row']
  readonly origin: Origin
}

export interface LeftScope<M extends Model> {
  readonly kind: 'left-scope'
  readonly model: M['name']
  readonly id: Uuid
  readonly before: M['row']
  readonly reason: LeaveReason
}

/**
 * A local transaction that the server refused. It is reported at least once, after a restart if need be, and kept in
 * `db.rejected()` until it is tried again or dismissed.
 */
export interface Rejection {
  readonly code: RejectionCode
  /** The op that was refused, where the server named one. */
  readonly model: string | null
  readonly id: Uuid | null
  readonly fields: readonly string[]
  readonly mutation: Mutation
  /** What the user did and will not see any more: the values of each op, as TypeScript values. */
  readonly discarded: readonly DiscardedChange[]
  /**
   * Makes the transaction again, on the rows as they are now, with these values in the op that was refused; the rejection is
   * dismissed once that is stored. @throws SyncError as the writes do: `row-unknown`, `invalid-value`.
   */
  retry(patch?: Readonly<Record<string, unknown>>): Writing
  /** The app needs it no more. Resolves when storage has forgotten it. */
  dismiss(): Promise<void>
}

export interface DiscardedChange {
  readonly op: 'create' | 'update' | 'delete'
  readonly model: string
  readonly id: Uuid
  /**
   * Values of a create, new values of an update (an amount `{ add }` for a counter), nothing for a delete. What an older schema
   * wrote and this one has no type for is as it travelled.
   */
  readonly values: Readonly<Record<string, unknown>>
}

/** A local transaction that the server applied, wholly or (`merged`) but for some fields. Reported at least once. */
export interface Confirmation {
  readonly mutation: Mutation
  readonly outcome: Exclude<Outcome, { readonly kind: 'rejected' }>
}

/** Events of a client by name: those of every client, and one for each cache. */
export type ClientEvents<Models extends { readonly [K in keyof Models]: Model }> = {
  readonly [P in keyof Models]: CacheEvent<Models[P]>
} & {
  readonly rejected: Rejection
  readonly confirmed: Confirmation
  readonly 'left-scope': LeftScope<Models[keyof Models]>
  /** A check found that a scope was not as the database has it, or how that ended. Never heard, unless something is broken. */
  readonly differed: CacheDifference
  readonly change: AnyCacheEvent<Models>
}

/** An event of any of the caches. */
export type AnyCacheEvent<Models extends { readonly [K in keyof Models]: Model }> = {
  [P in keyof Models]: CacheEvent<Models[P]>
}[keyof Models]

/** Listeners by event name. A listener that throws is logged and does not keep others from hearing. */
export class Emitter {
  readonly #listeners = new Map<string, Set<(event: never) => void>>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** Returns the function that ends it. */
  on<Event>(name: string, listener: (event: Event) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    const own = (event: Event): void => listener(event)
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  emit(name: string, event: unknown): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined || listeners.size === 0) return
    for (const listener of [...listeners]) {
      guarded(this.#log, name, () => listener(event as never))
    }
  }
}

/** Runs a listener of the app; what it throws is logged, and the runtime goes on. */
export const guarded = (log: Log, name: string, run: () => void): void => {
  try {
    run()
  } catch (error) {
    log('error', 'listener-failed', { listener: name, message: error instanceof Error ? error.message : 'not an Error' })
  }
}
