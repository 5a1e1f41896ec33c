/**
 * What a device has stored: real Dexie on fake-indexeddb, behind virtual delays on both sides of every transaction, so that a crash can
 * fall before a commit, or between the commit and its news. It remembers the last commits, for a power loss to undo.
 */
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import type { OpenStorage, Storage } from '../../../runtime/client/storage.js'
import { dexieStorage } from '../../../runtime/client/dexie-storage.js'
import type { Mutation } from '../../../runtime/protocol/messages.js'
import type { Dice } from '../../postgres/random.js'
import type { Actor, Kernel } from '../kernel/kernel.js'
import { marksIn } from './history.js'
import { madeIn } from './ledger.js'
import { limitRoom } from './quota.js'

/** All records of one database, as they were at some moment. */
export interface Image {
  readonly name: string
  readonly stores: ReadonlyMap<string, readonly ImageRecord[]>
}

interface ImageRecord {
  readonly key: unknown
  readonly value: unknown
}

/** Between two steps of one disk, ms: transactions are in the order of their calls, events of one moment in none. */
const inOrder = 0.001

/** Commits that a power loss can undo. */
const remembered = 6

export class Disk {
  readonly #kernel: Kernel
  readonly #dice: Dice
  #factory = new IDBFactory()
  #images: Image[] = []
  #name: string | null = null
  /** Mean time that a transaction takes, ms. */
  latency = 3
  /** The chance that a record finds no room. */
  crowding = 0

  constructor(kernel: Kernel, dice: Dice) {
    this.#kernel = kernel
    this.#dice = dice
  }

  /** For one life of its device. */
  storage(device: Actor, isAlive: () => boolean): OpenStorage {
    return async (name) => {
      this.#name = name
      const open = dexieStorage({ indexedDB: this.#factory, IDBKeyRange })
      let free = 0
      const passing = <Result>(label: string, run: () => Promise<Result>): Promise<Result> =>
        new Promise((resolve, reject) => {
          const later = (answer: () => void): void => {
            free = Math.max(free + inOrder, this.#kernel.now + this.#dice.next() * this.latency)
            this.#kernel.after(free - this.#kernel.now, device, `stored ${label}`, () => {
              if (isAlive()) answer()
            })
          }
          free = Math.max(free + inOrder, this.#kernel.now + this.#dice.next() * this.latency)
          this.#kernel.after(free - this.#kernel.now, device, `store ${label}`, () => {
            if (!isAlive()) return
            if (label !== 'open' && label !== 'close') this.#remember()
            run().then(
              (result) => later(() => resolve(result)),
              (error: unknown) => later(() => reject(error)),
            )
          })
        })
      const real = await passing('open', () => open(name))
      const raw = databasesOf(this.#factory).get(name)
      if (raw !== undefined) limitRoom(raw, () => this.#dice.chance(this.crowding))
      const wrapped: Storage = {
        load: () => passing('load', () => real.load()),
        stage: (...given) => passing('stage', () => real.stage(...given)),
        unstage: (...given) => passing('unstage', () => real.unstage(...given)),
        append: (...given) => passing('append', () => real.append(...given)),
        enqueue: (...given) => passing('enqueue', () => real.enqueue(...given)),
        update: (...given) => passing('update', () => real.update(...given)),
        compact: (...given) => passing('compact', () => real.compact(...given)),
        close: () => passing('close', () => real.close()),
        destroy: () => passing('destroy', () => real.destroy()),
      }
      return wrapped
    }
  }

  /** What is committed now; null before anything was. */
  image(): Image | null {
    const raw = this.#name === null ? undefined : databasesOf(this.#factory).get(this.#name)
    if (raw === undefined || this.#name === null) return null
    const stores = new Map<string, readonly ImageRecord[]>()
    for (const [name, { records }] of raw.rawObjectStores) stores.set(name, [...records.values()].map(({ key, value }) => ({ key, value })))
    return { name: this.#name, stores }
  }

  /** The mutations that wait there to be sent: when they were made. */
  waiting(): ReadonlySet<string> {
    const records = this.image()?.stores.get('outbox') ?? []
    return new Set(records.map(({ value }) => madeIn(value as { readonly run: string; readonly at: number })))
  }

  /** Texts of what the app keeps there because a version of the schema has no place for it. */
  keptTexts(): readonly string[] {
    const records = (this.image()?.stores.get('rejections') ?? []).map(({ value }) => value as { readonly code: string; readonly mutation: Mutation })
    return records.filter(({ code }) => code === 'unknown-schema').flatMap(({ mutation }) => marksIn(JSON.stringify(mutation.ops)))
  }

  /** The process died: what was committed is there. `undone` commits were not on the disk yet. */
  async crash(undone: number): Promise<void> {
    const image = undone === 0 ? this.image() : (this.#images.at(-undone) ?? this.#images[0] ?? this.image())
    await this.become(image)
  }

  /** From now on it holds this. Null: nothing, the browser has evicted it. */
  async become(image: Image | null): Promise<void> {
    this.#factory = new IDBFactory()
    this.#images = []
    if (image === null) return
    const storage = await dexieStorage({ indexedDB: this.#factory, IDBKeyRange })(image.name)
    await storage.close()
    await fill(this.#factory, image)
    this.#name = image.name
  }

  /** The connection to the database goes under the feet of whoever has it. */
  loseConnection(): void {
    const raw = this.#name === null ? undefined : databasesOf(this.#factory).get(this.#name)
    for (const connection of raw?.connections ?? []) connection.close()
  }

  #remember(): void {
    const image = this.image()
    if (image === null) return
    this.#images.push(image)
    if (this.#images.length > remembered) this.#images.shift()
  }
}

/** The inside of fake-indexeddb, as far as it is needed. */
interface RawDatabase {
  readonly rawObjectStores: ReadonlyMap<string, { readonly keyPath: unknown; readonly records: { values(): Iterable<ImageRecord> } }>
  readonly connections: readonly { close(): void }[]
}

const databasesOf = (factory: IDBFactory): ReadonlyMap<string, RawDatabase> =>
  (factory as unknown as { readonly _databases: ReadonlyMap<string, RawDatabase> })._databases

const fill = async (factory: IDBFactory, { name, stores }: Image): Promise<void> => {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = factory.open(name)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('cannot be opened'))
  })
  const transaction = database.transaction([...stores.keys()], 'readwrite')
  for (const [store, records] of stores) {
    const target = transaction.objectStore(store)
    for (const { key, value } of records) {
      if (target.keyPath === null) target.put(value, key as IDBValidKey)
      else target.put(value)
    }
  }
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
  })
  database.close()
}
