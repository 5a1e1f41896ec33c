/**
 * Storage that lives as long as the object that this returns: for tests, tools and sessions that leave no trace. It keeps text,
 * as a disk would, so nothing in memory is shared with what is stored.
 */
import { SyncError } from '../protocol/errors.js'
import type { Delta, Mutation } from '../protocol/messages.js'
import type { DeviceState, OpenStorage, Storage, Stored, StoredBatch, StoredRejection } from './storage.js'

/** The same name opens the same storage again. */
export const memoryStorage = (): OpenStorage => {
  const disks = new Map<string, Disk>()
  return async (name) => {
    const disk = disks.get(name) ?? emptyDisk()
    if (disk.isOpen) throw new SyncError('storage-in-use', 'this storage is open already: close the other client first')
    disks.set(name, disk)
    disk.isOpen = true
    return new MemoryStorage(disk, () => void disks.delete(name))
  }
}

interface Disk {
  isOpen: boolean
  device: string | null
  lastSeq: number
  readonly log: LogRecord[]
  /** By attempt, then in order. */
  readonly pages: Map<string, Map<number, string>>
  readonly outbox: Map<number, string>
  readonly rejections: Map<string, string>
}

interface LogRecord {
  readonly attempts: readonly string[]
  readonly scopes: readonly number[] | null
  readonly delta: string
}

const emptyDisk = (): Disk => ({ isOpen: false, device: null, lastSeq: 0, log: [], pages: new Map(), outbox: new Map(), rejections: new Map() })

class MemoryStorage implements Storage {
  readonly #disk: Disk
  readonly #forget: () => void
  #isClosed = false

  constructor(disk: Disk, forget: () => void) {
    this.#disk = disk
    this.#forget = forget
  }

  async load(): Promise<Stored> {
    const disk = this.#open()
    const named = new Set(disk.log.flatMap((record) => record.attempts))
    for (const attempt of disk.pages.keys()) if (!named.has(attempt)) disk.pages.delete(attempt)
    return {
      device: disk.device === null ? null : (JSON.parse(disk.device) as DeviceState),
      batches: disk.log.map(({ attempts, scopes, delta }) => ({
        scopes,
        deltas: [...attempts.flatMap((attempt) => pagesOf(disk, attempt)), JSON.parse(delta) as Delta],
      })),
      outbox: [...disk.outbox].sort(([left], [right]) => left - right).map(([, text]) => JSON.parse(text) as Mutation),
      lastSeq: disk.lastSeq,
      rejections: [...disk.rejections.values()].map((text) => JSON.parse(text) as StoredRejection),
    }
  }

  async stage(attempt: string, index: number, delta: Delta): Promise<void> {
    const disk = this.#open()
    disk.pages.set(attempt, (disk.pages.get(attempt) ?? new Map<number, string>()).set(index, JSON.stringify(delta)))
  }

  async unstage(attempt: string): Promise<void> {
    this.#open().pages.delete(attempt)
  }

  async append({ attempts, delta, scopes, kept }: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void> {
    const disk = this.#open()
    if (kept !== undefined) disk.log.push({ attempts: [], scopes: kept.scopes, delta: JSON.stringify(kept.delta) })
    disk.log.push({ attempts, scopes, delta: JSON.stringify(delta) })
    disk.device = JSON.stringify(device)
    for (const seq of removed) disk.outbox.delete(seq)
  }

  async enqueue(mutation: Omit<Mutation, 'seq'>): Promise<number> {
    const disk = this.#open()
    disk.lastSeq += 1
    disk.outbox.set(disk.lastSeq, JSON.stringify({ seq: disk.lastSeq, ...mutation }))
    return disk.lastSeq
  }

  async update(
    entries: readonly Mutation[],
    removed: readonly number[],
    device: DeviceState,
    rejections: Parameters<Storage['update']>[3] = { kept: [], dismissed: [] },
  ): Promise<void> {
    const disk = this.#open()
    for (const rejection of rejections.kept) disk.rejections.set(rejection.key, JSON.stringify(rejection))
    for (const key of rejections.dismissed) disk.rejections.delete(key)
    for (const seq of removed) disk.outbox.delete(seq)
    for (const entry of entries) disk.outbox.set(entry.seq, JSON.stringify(entry))
    const isNewClient = disk.device === null || (JSON.parse(disk.device) as DeviceState).client !== device.client
    if (isNewClient) disk.lastSeq = Math.max(0, ...disk.outbox.keys())
    disk.device = JSON.stringify(device)
  }

  async compact(snapshot: readonly Delta[], device: DeviceState): Promise<void> {
    const disk = this.#open()
    for (const { attempts } of disk.log) for (const attempt of attempts) disk.pages.delete(attempt)
    const records = snapshot.map((delta) => ({ attempts: [], scopes: null, delta: JSON.stringify(delta) }))
    disk.log.splice(0, disk.log.length, ...records)
    disk.device = JSON.stringify(device)
  }

  async close(): Promise<void> {
    if (!this.#isClosed) this.#disk.isOpen = false
    this.#isClosed = true
  }

  async destroy(): Promise<void> {
    await this.close()
    this.#forget()
  }

  #open(): Disk {
    if (this.#isClosed) throw new SyncError('storage-failed', 'the storage was closed')
    return this.#disk
  }
}

const pagesOf = (disk: Disk, attempt: string): readonly Delta[] =>
  [...(disk.pages.get(attempt) ?? [])].sort(([left], [right]) => left - right).map(([, text]) => JSON.parse(text) as Delta)
