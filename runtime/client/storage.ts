/**
 * The storage port: an append-only log of batches with pages on the side, the outbox, and a few facts. Memory is the working
 * copy; storage is what memory is rebuilt from, by replaying the same batches through the same code.
 *
 * Every method is one atomic transaction; it resolves when the transaction is durable and rejects with
 * SyncError `storage-failed` when nothing of it is.
 */
import type { Delta, Mutation } from '../protocol/messages.js'

/** Opens (or makes) the storage of one principal and schema name. */
export type OpenStorage = (name: string) => Promise<Storage>

export interface Storage {
  /** Everything needed to rebuild memory; pages that no record names are deleted. */
  load(): Promise<Stored>
  /** Adds a page of an attempt; unseen until a batch names the attempt. */
  stage(attempt: string, index: number, delta: Delta): Promise<void>
  /** Deletes the pages of an attempt that failed. */
  unstage(attempt: string): Promise<void>
  /** Appends a batch, applies `outbox` removals and `device` facts with it. */
  append(batch: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void>
  /**
   * Appends a local transaction. The sequence number is drawn inside: the returned one is final. `deviceState` is not touched.
   */
  enqueue(mutation: Omit<Mutation, 'seq'>): Promise<number>
  /** Rewrites outbox entries (outcome known, renumbered under a new client id) and device facts together. */
  update(outbox: readonly OutboxEntry[], removed: readonly number[], device: DeviceState): Promise<void>
  /** Replaces log and pages by the given snapshot of the base, in one transaction. */
  compact(snapshot: readonly Delta[], device: DeviceState): Promise<void>
  close(): Promise<void>
  /** Deletes everything (sign-out). */
  destroy(): Promise<void>
}

/** One applied step of the base. Pages of `attempts` come before `delta`. */
export interface StoredBatch {
  readonly attempts: readonly string[]
  readonly delta: Delta
}

export interface OutboxEntry {
  readonly mutation: Mutation
  /** Decided and contained in the base (no overlay any more), but its outcome was not heard yet. */
  readonly done: boolean
}

export interface StoredScope {
  readonly id: number
  readonly name: string
  readonly params: Readonly<Record<string, import('../protocol/values.js').Wire>>
  readonly hash: string | null
  /** Open scopes follow the device's position; a closed one keeps the position at which it closed. Null: never synced. */
  readonly position: 'device' | string | null
  /** When it closed, ms since 1970 (null: open); its rows go after the TTL. */
  readonly closedAt: number | null
}

/** Small facts, rewritten whole with every change. */
export interface DeviceState {
  readonly client: string
  readonly session: { readonly last: string | null; readonly next: string | null }
  readonly epoch: string | null
  readonly position: string | null
  readonly nextScope: number
  readonly scopes: readonly StoredScope[]
}

export interface Stored {
  /** Null: a fresh store (never used, or evicted). */
  readonly device: DeviceState | null
  /** In order: snapshot, then batches with their pages spelled out. */
  readonly deltas: readonly Delta[]
  readonly outbox: readonly OutboxEntry[]
}
