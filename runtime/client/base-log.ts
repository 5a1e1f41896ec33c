/**
 * Keeps storage in step with the base in memory. A step is durable first and seen after, in one job of the journal, so the
 * stored position is never ahead of the stored rows, and what is seen survives a crash. While storage fails, memory goes on
 * alone; the first transaction that succeeds again is a snapshot of all of it, since steps must not be appended behind a hole.
 */
import { SyncError } from '../protocol/errors.js'
import type { Delta, Mutation } from '../protocol/messages.js'
import type { EditClock } from './edit-clock.js'
import { type Journal, storageError } from './journal.js'
import { snapshotOf } from './snapshot.js'
import type { DeviceState, Storage, StoredBatch } from './storage.js'
import type { Store } from './store.js'

/**
 * A log that outgrows the rows it leads to is replaced by a snapshot, so that opening does not cost more and more. A snapshot
 * costs what the base is large: for a large base it has to wait for a longer log, or writing it would cost more than it saves.
 */
const isLong = (batches: number, size: number, rows: number): boolean =>
  batches > 200 + rows / 50 || size > 4_000_000 + rows * 400

export interface Step {
  readonly batch: StoredBatch
  readonly device: Partial<DeviceState>
  /** Mutations that leave the outbox with it. */
  readonly removed: readonly number[]
  /** Whether all pages of its attempts are in storage. */
  readonly isStaged: boolean
  /** Characters of the frames it came in. */
  readonly size: number
  /** Changes memory, once the step is durable. */
  readonly apply: () => void
}

export interface BaseLogParts {
  readonly journal: Journal
  readonly store: Store
  /** Its state is stored with everything else. */
  readonly clock: EditClock
  /** Null: storage works again. */
  readonly report: (error: SyncError | null) => void
}

export class BaseLog {
  readonly #parts: BaseLogParts
  #batches: number
  #size = 0
  /** Memory has what storage has not. */
  #isBehind = false
  /** Numbers that left the outbox in memory with steps that storage has not: they are to leave it, too, before they can mean anything else. */
  #owed: readonly number[] = []
  /** The last transaction failed, and the status says so. */
  #hasFailed = false
  /**
   * Snapshots that failed in a row, and steps to let pass before the next: a large one is too dear to be tried in vain each
   * time.
   */
  #failures = 0
  #skips = 0

  /** @param batches - steps in the stored log */
  constructor(parts: BaseLogParts, batches: number) {
    this.#parts = parts
    this.#batches = batches
  }

  /** Inside a job. Never throws for a failing storage: that is reported. */
  async commit(storage: Storage, step: Step): Promise<void> {
    this.#isBehind ||= !step.isStaged
    if (!this.#isBehind) await this.#guarded(() => this.#write(storage, step))
    this.#parts.journal.advance(step.device)
    step.apply()
    if (this.#isBehind) {
      this.#owed = [...this.#owed, ...step.removed]
      await this.#tryToCatchUp(storage)
    } else if (isLong(this.#batches, this.#size, this.#parts.store.base.size)) this.#compactSoon()
  }

  /** Inside a job: stores a page that is not to be seen yet. False: storage has not all of the attempt. */
  async stage(storage: Storage, attempt: string, index: number, page: Delta): Promise<boolean> {
    if (this.#isBehind) return false
    await this.#guarded(() => storage.stage(attempt, index, page))
    return !this.#isBehind
  }

  /** Inside a job, now and then: storage that failed may work again. Never throws for one that does not. */
  async retry(storage: Storage): Promise<void> {
    if (this.#isBehind) await this.#tryToCatchUp(storage)
  }

  /** Inside a job: facts alone. Never throws for a failing storage: that is reported. */
  async save(storage: Storage, change: Partial<DeviceState>): Promise<void> {
    this.#parts.journal.advance(change)
    if (this.#isBehind) await this.#tryToCatchUp(storage)
    else await this.#guarded(() => storage.update([], [], this.#facts({})))
  }

  /**
   * Inside a job: takes mutations out of the outbox, puts these in, changes facts, keeps rejections. @throws SyncError `storage-failed`, and
   * nothing has changed.
   */
  async rewrite(
    storage: Storage,
    entries: readonly Mutation[],
    removed: readonly number[],
    change: Partial<DeviceState>,
    rejections?: Parameters<Storage['update']>[3],
  ): Promise<void> {
    await this.retry(storage)
    if (this.#isBehind) throw new SyncError('storage-failed', 'local storage does not keep up: see status.error')
    try {
      await storage.update(entries, removed, this.#facts(change), rejections)
    } catch (error) {
      this.#hasFailed = true
      this.#parts.report(storageError(error))
      throw error
    }
    this.#succeeded()
    this.#parts.journal.advance(change)
  }

  /** The next step tries to catch up, however often that was in vain: nothing goes on without it. */
  hurry(): void {
    this.#skips = 0
  }

  /** Inside a job: the stored rows are gone. */
  async refill(storage: Storage): Promise<void> {
    this.#isBehind = true
    await this.#tryToCatchUp(storage)
  }

  /** In a job of its own: nothing that is shown waits for it. */
  #compactSoon(): void {
    this.#batches = 0
    this.#size = 0
    const compacting = this.#parts.journal.run((storage) => this.#guarded(() => this.#catchUp(storage)))
    compacting.catch(() => undefined) // Only a closed client runs no jobs.
  }

  async #write(storage: Storage, { batch, device, removed, size }: Step): Promise<void> {
    const facts = this.#facts(device)
    if (isEmpty(batch)) return storage.update([], removed, facts)
    await storage.append(batch, facts, removed)
    this.#batches += 1
    this.#size += size
  }

  async #tryToCatchUp(storage: Storage): Promise<void> {
    if (this.#skips > 0) this.#skips -= 1
    else await this.#guarded(() => this.#catchUp(storage))
  }

  async #catchUp(storage: Storage): Promise<void> {
    this.#failures += 1
    this.#skips = Math.min(64, 2 ** (this.#failures - 1) - 1)
    await storage.compact(snapshotOf(this.#parts.store.base), this.#facts({}))
    this.#failures = 0
    this.#skips = 0
    this.#batches = 0
    this.#size = 0
    if (this.#owed.length > 0) await storage.update([], this.#owed, this.#facts({}))
    this.#owed = []
  }

  #facts(change: Partial<DeviceState>): DeviceState {
    return { ...this.#parts.journal.device, ...change, clock: this.#parts.clock.state }
  }

  async #guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write()
      this.#isBehind = false
      this.#succeeded()
    } catch (error) {
      this.#isBehind = true
      this.#hasFailed = true
      this.#parts.report(storageError(error))
    }
  }

  #succeeded(): void {
    if (this.#hasFailed) this.#parts.report(null)
    this.#hasFailed = false
  }
}

const isEmpty = ({ attempts, delta, kept }: StoredBatch): boolean => attempts.length === 0 && isEmptyDelta(delta) && kept === undefined

export const isEmptyDelta = ({ rows, claims }: Delta): boolean =>
  claims.length === 0 && Object.values(rows).every((each) => each.length === 0)
