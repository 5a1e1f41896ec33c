/**
 * The one writer of this client's storage: its jobs run one after another, in the order in which they were asked for, and each
 * sees the device's facts as the one before left them. Owns these facts.
 */
import { SyncError } from '../protocol/errors.js'
import type { DeviceState, Storage } from './storage.js'

export class Journal {
  readonly #storage: Storage
  #device: DeviceState
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(storage: Storage, device: DeviceState) {
    this.#storage = storage
    this.#device = device
  }

  /** As memory has it; what storage has is never ahead of it. */
  get device(): DeviceState {
    return this.#device
  }

  /** Changes the facts in memory: in a job, together with the memory that they speak of. */
  advance(change: Partial<DeviceState>): DeviceState {
    this.#device = { ...this.#device, ...change }
    return this.#device
  }

  /**
   * Runs a job after all that were asked for before, whether those succeeded or not. Rejects with SyncError `closed` after
   * `close`.
   */
  run<Result>(job: (storage: Storage) => Promise<Result> | Result): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new SyncError('closed', 'this client was closed'))
    const run = this.#last.then(() => job(this.#storage))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** No more jobs; resolves when the last one is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }
}

/** What a storage threw, as the error that its contract promises. */
export const storageError = (error: unknown): SyncError =>
  error instanceof SyncError ? error : new SyncError('storage-failed', 'local storage failed', {}, { cause: error })
