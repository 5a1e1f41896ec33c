/**
 * Storage in IndexedDB, through Dexie: the only file that imports it. Each method awaits its transaction, not its last request
 * (in Chrome a request that meets the quota never settles, its transaction aborts); nothing foreign is awaited inside one, and
 * nothing that fails inside is caught inside.
 */
import { Dexie, type Table as DexieTable } from 'dexie'
import { SyncError } from '../protocol/errors.js'
import type { Delta, Mutation } from '../protocol/messages.js'
import { holdExclusively, requestPersistence } from './platform.js'
import type { DeviceState, OpenStorage, Storage, StorageHolder, Stored, StoredBatch, StoredRejection, StoredStep } from './storage.js'

export interface DexieOptions {
  /** Default: the browser's. In Node: those of `fake-indexeddb`. */
  readonly indexedDB?: IDBFactory
  readonly IDBKeyRange?: typeof IDBKeyRange
}

/** @throws SyncError `storage-in-use`, or `storage-failed` if this browser lets nothing be stored. */
export const dexieStorage =
  (options: DexieOptions = {}): OpenStorage =>
  async (name, holder) => {
    const release = await holdExclusively(name, options.indexedDB, holder)
    const storage = new DexieStorage(name, options, release, holder)
    try {
      await storage.open()
      if (options.indexedDB === undefined) requestPersistence()
    } catch (error) {
      release()
      throw error
    }
    return storage
  }

/** A page of an attempt. */
interface PageRecord {
  readonly attempt: string
  readonly index: number
  readonly delta: Delta
}

/** A batch, or a part of a snapshot (`scopes` null). */
interface LogRecord {
  readonly attempts: readonly string[]
  readonly scopes: readonly number[] | null
  readonly delta: Delta
}

type MetaKey = 'device' | 'lastSeq'

class DexieStorage implements Storage {
  readonly #db: Dexie
  readonly #pages: DexieTable<PageRecord, [string, number]>
  readonly #log: DexieTable<LogRecord, number>
  readonly #outbox: DexieTable<Mutation, number>
  readonly #meta: DexieTable<unknown, MetaKey>
  /** In the order in which they came: keys are drawn. */
  readonly #rejections: DexieTable<StoredRejection, number>
  readonly #release: () => void
  readonly #holder: StorageHolder | undefined
  #isClosed = false
  /** There is a device in it, as far as is known. */
  #isUsed = false
  /** It was emptied under our feet, and has the work of this device again, but not its rows. */
  #lacksRows = false

  constructor(name: string, { indexedDB, IDBKeyRange }: DexieOptions, release: () => void, holder: StorageHolder | undefined) {
    this.#db = new Dexie(name, {
      autoOpen: false,
      chromeTransactionDurability: 'strict',
      ...(indexedDB === undefined ? {} : { indexedDB }),
      ...(IDBKeyRange === undefined ? {} : { IDBKeyRange }),
    })
    this.#db.version(1).stores({ pages: '[attempt+index], attempt', log: '++', outbox: 'seq', meta: '' })
    this.#db.version(2).stores({ rejections: '++, &key' })
    this.#pages = this.#db.table('pages')
    this.#log = this.#db.table('log')
    this.#outbox = this.#db.table('outbox')
    this.#meta = this.#db.table('meta')
    this.#rejections = this.#db.table('rejections')
    this.#release = release
    this.#holder = holder
    this.#db.on('ready', (db) => this.#opened(db), true)
    // Another tab wants to upgrade or delete: keeping it waiting would hang it, writing on with old code would be worse.
    this.#db.on('versionchange', () => (holder === undefined ? void this.close() : holder.giveWay()))
  }

  async open(): Promise<void> {
    try {
      await this.#db.open()
    } catch (error) {
      throw failure('cannot be opened', error)
    }
  }

  async load(): Promise<Stored> {
    return this.#transaction('rw', async () => {
      const records = await this.#log.toArray()
      const named = records.flatMap(({ attempts }) => attempts)
      await this.#pages.where('attempt').noneOf(named).delete()
      const pages = await this.#pages.toArray()
      const device = ((await this.#meta.get('device')) as DeviceState | undefined) ?? null
      this.#isUsed = device !== null
      return {
        device,
        batches: records.map((record) => spelledOut(record, pages)),
        outbox: await this.#outbox.orderBy('seq').toArray(),
        lastSeq: await this.#lastSeq(),
        rejections: await this.#rejections.toArray(),
      }
    })
  }

  stage(attempt: string, index: number, delta: Delta): Promise<void> {
    return this.#transaction('rw', async () => {
      await this.#pages.put({ attempt, index, delta })
    })
  }

  unstage(attempt: string): Promise<void> {
    return this.#transaction('rw', async () => {
      await this.#pages.where('attempt').equals(attempt).delete()
    })
  }

  append({ attempts, delta, scopes, kept }: StoredBatch, device: DeviceState, removed: readonly number[]): Promise<void> {
    return this.#transaction('rw', async () => {
      if (kept !== undefined) await this.#log.add({ attempts: [], ...kept })
      await this.#log.add({ attempts, scopes, delta })
      await this.#meta.put(device, 'device')
      await this.#outbox.bulkDelete([...removed])
    })
  }

  enqueue(mutation: Omit<Mutation, 'seq'>): Promise<number> {
    return this.#transaction('rw', async () => {
      const seq = (await this.#lastSeq()) + 1
      await this.#outbox.add({ seq, ...mutation })
      await this.#meta.put(seq, 'lastSeq')
      return seq
    }, true)
  }

  async update(
    entries: readonly Mutation[],
    removed: readonly number[],
    device: DeviceState,
    rejections: Parameters<Storage['update']>[3] = { kept: [], dismissed: [] },
  ): Promise<void> {
    await this.#transaction('rw', async () => {
      await this.#rejections.where('key').anyOf(rejections.dismissed.concat(rejections.kept.map(({ key }) => key))).delete()
      await this.#rejections.bulkAdd([...rejections.kept])
      const stored = (await this.#meta.get('device')) as DeviceState | undefined
      await this.#outbox.bulkDelete([...removed])
      await this.#outbox.bulkPut([...entries])
      if (stored?.client !== device.client) await this.#meta.put((await this.#outbox.orderBy('seq').last())?.seq ?? 0, 'lastSeq')
      await this.#meta.put(device, 'device')
    })
    this.#isUsed = true
  }

  async compact(snapshot: readonly Delta[], device: DeviceState): Promise<void> {
    await this.#transaction('rw', async () => {
      const named = (await this.#log.toArray()).flatMap(({ attempts }) => attempts)
      await this.#pages.where('attempt').anyOf(named).delete()
      await this.#log.clear()
      await this.#log.bulkAdd(snapshot.map((delta) => ({ attempts: [], scopes: null, delta })))
      await this.#meta.put(device, 'device')
    }, true)
    this.#isUsed = true
    this.#lacksRows = false
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#db.close({ disableAutoOpen: true })
    this.#release()
  }

  async destroy(): Promise<void> {
    this.#isClosed = true
    try {
      await this.#db.delete({ disableAutoOpen: true })
    } catch (error) {
      throw failure('cannot be deleted', error)
    } finally {
      this.#release()
    }
  }

  /**
   * After each opening, those included that Dexie makes by itself. A browser that empties a storage (site data were cleared, a file
   * is damaged) closes the connection to it, and what is opened then is another.
   */
  async #opened(db: Dexie): Promise<void> {
    const meta = db.table<unknown, MetaKey>('meta')
    if (!this.#isUsed || (await meta.get('device')) !== undefined) return
    const work = this.#holder?.emptied() ?? null
    if (work === null) throw emptied()
    this.#lacksRows = true
    await db.transaction('rw', ['meta', 'outbox', 'rejections'], async () => {
      await db.table<Mutation>('outbox').bulkAdd([...work.outbox])
      await db.table<StoredRejection>('rejections').bulkAdd([...work.rejections])
      await meta.bulkPut([work.lastSeq, work.device], ['lastSeq', 'device'])
    })
  }

  async #lastSeq(): Promise<number> {
    return ((await this.#meta.get('lastSeq')) as number | undefined) ?? 0
  }

  /**
   * One transaction over everything. If the connection to the database was lost under our feet (iOS does that),
   * retrying on it is useless: it is opened again, and the transaction run once more. What builds on stored rows waits for them, if
   * they are gone.
   */
  async #transaction<Result>(mode: 'r' | 'rw', run: () => Promise<Result>, needsNoRows = false): Promise<Result> {
    if (this.#isClosed) throw failure('was closed: another tab needs it, or the client was closed', undefined)
    const tables = [this.#pages, this.#log, this.#outbox, this.#meta, this.#rejections]
    const attempt = (): Promise<Result> =>
      new Promise((resolve, reject) => {
        const whole = this.#db.transaction(mode, tables, (transaction) => {
          // Dexie waits for `run`, and `run` for a request that may never settle: only the transaction tells.
          transaction.on('abort', () => {
            if (transaction.idbtrans.error !== null) reject(transaction.idbtrans.error)
          })
          if (this.#lacksRows && !needsNoRows) throw emptied()
          return run()
        })
        whole.then(resolve, reject)
      })
    try {
      return await attempt()
    } catch (error) {
      if (!isLostConnection(error)) throw failure('refused a transaction', error)
    }
    try {
      this.#db.close({ disableAutoOpen: false })
      await this.#db.open()
      return await attempt()
    } catch (error) {
      throw failure('lost its connection', error)
    }
  }
}

/** Pages come in the order of their key: by attempt, then by index. */
const spelledOut = ({ attempts, scopes, delta }: LogRecord, pages: readonly PageRecord[]): StoredStep => ({
  scopes,
  deltas: [...attempts.flatMap((attempt) => pages.filter((page) => page.attempt === attempt).map((page) => page.delta)), delta],
})

const isLostConnection = (error: unknown): boolean =>
  error instanceof Error && ['DatabaseClosedError', 'InvalidStateError', 'UnknownError'].includes(error.name)

const emptied = (): SyncError => failure('was emptied by the browser: it is filled again', undefined)

/** Names what happened, never what was stored. */
const failure = (what: string, cause: unknown): SyncError => {
  if (cause instanceof SyncError) return cause
  const name = cause instanceof Error ? cause.name : ''
  const isFull = cause instanceof Error && (name === 'QuotaExceededError' || /quota/i.test(cause.message))
  const advice = isFull ? ': the device has no room left' : name === '' ? '' : ` (${name})`
  return new SyncError('storage-failed', `local storage ${what}${advice}`, { full: isFull, cause: name }, { cause })
}
