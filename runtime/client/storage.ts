/**
 * The storage port: an append-only log of batches with pages on the side, the outbox, and a few facts. Memory is the working
 * copy; storage is what memory is rebuilt from, by replaying the same batches through the same code.
 *
 * Every method is one atomic transaction; it resolves when the transaction is durable and rejects with
 * SyncError `storage-failed` when nothing of it is. One client at a time has a storage open.
 */
import type { Delta, MergedLink, Mutation, Outcome } from '../protocol/messages.js'
import type { Wire } from '../protocol/values.js'

/**
 * Opens (or makes) the storage of that name. A holder whose version the opener knows as an earlier one is asked to give way, and waited for.
 * @throws SyncError `storage-in-use` while somebody else has it open.
 */
export type OpenStorage = (name: string, holder?: StorageHolder) => Promise<Storage>

/** Who opens a storage. */
export interface StorageHolder {
  /** Hash of its schema. */
  readonly schema: string
  /** Hashes of the versions that it takes over from. */
  readonly older: readonly string[]
  /** Somebody with a later version waits for the storage: finish what is under way, and close it. */
  giveWay(): void
  /**
   * The storage was emptied while it was open: says what must be in it again at once, and sees to it that `compact` follows, before
   * which no other step is taken. Null: there is nothing yet.
   */
  emptied(): StoredWork | null
}

/** What only this device knows. */
export type StoredWork = Pick<Stored, 'outbox' | 'lastSeq' | 'rejections'> & { readonly device: DeviceState }

export interface Storage {
  /** Everything needed to rebuild memory; pages that no record names are deleted. */
  load(): Promise<Stored>
  /** Adds a page of an attempt; unseen until a batch names the attempt. */
  stage(attempt: string, index: number, delta: Delta): Promise<void>
  /** Deletes the pages of an attempt that failed. */
  unstage(attempt: string): Promise<void>
  /** Appends a batch, takes the mutations with these numbers out of the outbox, rewrites the device's facts. */
  append(batch: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void>
  /**
   * Appends a local transaction. Its sequence number is drawn inside, one above the last that was drawn for this client id, also
   * when that one has left the outbox.
   */
  enqueue(mutation: Omit<Mutation, 'seq'>): Promise<number>
  /**
   * Takes mutations out of the outbox, then puts `entries` in (those of a client that was given a new id: numbered from 1, and
   * the next number follows them), and rewrites the device's facts. `rejections`: keeps these, and deletes those with these keys.
   */
  update(
    entries: readonly Mutation[],
    removed: readonly number[],
    device: DeviceState,
    rejections?: { readonly kept: readonly StoredRejection[]; readonly dismissed: readonly string[] },
  ): Promise<void>
  /** Replaces the log, with the pages that it names, by a snapshot of the base. Pages of a running attempt stay. */
  compact(snapshot: readonly Delta[], device: DeviceState): Promise<void>
  close(): Promise<void>
  /** Deletes everything (sign-out), and closes. */
  destroy(): Promise<void>
}

/** One applied step of the base. Pages of `attempts` come before `delta`. */
export interface StoredBatch {
  readonly attempts: readonly string[]
  readonly delta: Delta
  /** The scopes whose claims count: what pages say of others (closed meanwhile) is ignored. */
  readonly scopes: readonly number[]
  /** What comes before all of it, of scopes that are closed; missing: nothing. */
  readonly kept?: KeptWrites
}

/** Rows of closed scopes as this device wrote them (kept-writes.ts). */
export type KeptWrites = Pick<StoredBatch, 'delta' | 'scopes'>

export interface StoredScope {
  readonly id: number
  readonly name: string
  readonly params: Readonly<Record<string, Wire>>
  readonly hash: string | null
  /** `device`: follows the device's position. Else the position that its rows have. Null: never synced, nothing held. */
  readonly position: string | null
  /** When it closed, ms since 1970 (null: open); its rows go after the TTL. */
  readonly closedAt: number | null
}

/** Small facts, rewritten whole with every change. */
export interface DeviceState {
  readonly client: string
  /** Hash of the schema that the base has the shape of. */
  readonly schema: string
  /** Which migrations the database of that schema has; missing: it was never said. */
  readonly migrated?: string
  readonly session: { readonly last: string | null; readonly next: string | null }
  readonly epoch: string | null
  readonly position: string | null
  /** Mutations up to this number are decided and contained in the base: they are not replayed on it. */
  readonly done: number
  readonly nextScope: number
  readonly scopes: readonly StoredScope[]
  readonly clock: ClockState
  /** Links that gave way to stored ones, and that something pending names; missing: none. */
  readonly links?: readonly MergedLink[]
  /** A client has it open, or was killed; missing: it was never said. */
  readonly isOpen?: boolean
  /** When all that is held was last compared with the database, ms since 1970 by this device's clock; missing: never. */
  readonly checkedAt?: number
}

/** What is known of the device's clock. */
export interface ClockState {
  /** The server's clock minus this device's, milliseconds. */
  readonly offset: number
  /** The last time that a local transaction was given. */
  readonly last: number
}

export interface Stored {
  /** Null: a fresh store (never used, or evicted). */
  readonly device: DeviceState | null
  /** In order, with their pages spelled out. */
  readonly batches: readonly StoredStep[]
  /** By sequence number. */
  readonly outbox: readonly Mutation[]
  /** The last sequence number that was drawn for this client id. */
  readonly lastSeq: number
  /** Oldest first. */
  readonly rejections: readonly StoredRejection[]
}

/** A local transaction that the server refused, and why. */
export interface StoredRejection extends Omit<Extract<Outcome, { readonly kind: 'rejected' }>, 'kind'> {
  /** `<client>/<seq>`: of the client id under which it was refused. */
  readonly key: string
  readonly mutation: Mutation
}

export interface StoredStep {
  /** The scopes whose claims count. Null, in a snapshot: all. */
  readonly scopes: readonly number[] | null
  readonly deltas: readonly Delta[]
}
