/** The parts of a client, put together. */
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { Log } from '../protocol/ports.js'
import { BaseLog } from './base-log.js'
import type { CacheStore } from './cache-store.js'
import type { OpenOptions } from './client.js'
import { type Checked, Checkup } from './checkup.js'
import { Connection } from './connection.js'
import { dexieStorage } from './dexie-storage.js'
import { Draft } from './draft.js'
import { EditClock } from './edit-clock.js'
import { Emitter } from './events.js'
import { ClientIdentity } from './identity.js'
import { Journal } from './journal.js'
import type { Observable } from './observable.js'
import { Outbox } from './outbox.js'
import type { Writing } from './query-types.js'
import type { Storage, StoredWork } from './storage.js'
import {
  browserOnlineSignal,
  consoleLog,
  hasIndexedDB,
  systemClock,
  systemRandom,
  systemTimers,
  webSocketNetwork,
} from './platform.js'
import type { ClientPorts } from './ports.js'
import { memoryStorage } from './memory-storage.js'
import { Rejections } from './rejections.js'
import { restore, withoutBase } from './restore.js'
import { Scopes } from './scopes.js'
import { type Status, StatusBoard } from './status.js'
import { Store } from './store.js'
import { Synchronizer } from './synchronizer.js'
import { upgraded } from './upgrade.js'

/** What a generated client is made of. Only this package looks inside. */
export interface ClientParts {
  readonly caches: CacheStore
  readonly status: Observable<Status>
  readonly scopes: Scopes
  readonly outbox: Outbox
  readonly rejections: Rejections
  readonly connection: Connection
  /** The device's position. */
  position(): string | null
  /** Compares all open scopes with the database. */
  check(): Promise<Checked>
  /** Opens the scopes of the start and connects; once the caches stand. */
  begin(): void
  close(): Promise<void>
  /** Closes for a tab with a later version of the app: what is written is stored first, and that one sends it. */
  giveWay(): void
  /** The storage was emptied: what must be in it again at once. The rows follow. */
  emptied(): StoredWork
  signOut(force: boolean): Promise<void>
}

/** @throws SyncError `storage-in-use`, `storage-failed`, or `invalid-value` if the principal is none. */
export const openParts = async (schema: SchemaDescriptor, options: OpenOptions): Promise<ClientParts> => {
  if (typeof options.principal !== 'string' || options.principal === '' || options.principal.length > 1000) {
    throw new SyncError('invalid-value', 'principal must name who is signed in, in 1 to 1000 characters', { field: 'principal' })
  }
  const log = options.log ?? consoleLog
  const ports = portsOf(options)
  let parts: ClientParts | null = null
  let isAsked = false
  const storage = await (options.storage ?? ports.storage)(`${schema.name}:${options.principal}`, {
    schema: schema.hash,
    older: (schema.transitions ?? []).map(({ from }) => from),
    giveWay: () => {
      isAsked = true
      parts?.giveWay()
    },
    emptied: () => parts?.emptied() ?? null,
  })
  try {
    parts = await assemble(schema, options, ports, storage, log)
    if (isAsked) parts.giveWay()
    return parts
  } catch (error) {
    await storage.close()
    throw error
  }
}

const assemble = async (
  schema: SchemaDescriptor,
  options: OpenOptions,
  ports: ClientPorts,
  storage: Storage,
  log: Log,
): Promise<ClientParts> => {
  const emitter = new Emitter(log)
  const board = new StatusBoard(log)
  const store = new Store(schema, emitter, log)
  const upgrade = await upgraded(storage, await storage.load(), schema, log)
  const { stored } = upgrade
  const { device, batches, isDoubted } = await restore(storage, upgrade, schema, store, ports, log)
  const journal = new Journal(storage, device)
  const clock = new EditClock(ports.clock, device.clock, stored.outbox.map(({ at }) => at))
  const baseLog = new BaseLog({ journal, store, clock, report: (error) => board.storage('rows', error) }, batches)
  const count = (pending: number): void => board.pending(pending)
  let isOpen = true
  const writeNow = <Result>(write: (draft: Draft) => Result, strict: boolean): Writing & { readonly result: Result } => {
    if (!isOpen) throw new SyncError('closed', 'this client was closed: open it again to write')
    return writeLocally(outbox, new Draft(store, ports.random, clock.next()), { schema: schema.hash, strict }, write)
  }
  const rejections = new Rejections({ journal, store, log, write: writeNow })
  rejections.restore(stored.rejections)
  const run = ports.random.uuid().slice(-12)
  const outbox = new Outbox({ journal, baseLog, store, emitter, rejections, timers: ports.timers, log, run, count, report: (error) => board.storage('writes', error) })
  store.restored(outbox.restore(stored.outbox, stored.lastSeq), device.links ?? [])
  const scopes = new Scopes({ schema, store, journal, baseLog, clock: ports.clock, log })
  const identity = new ClientIdentity({ journal, baseLog, outbox, random: ports.random })
  const scope = (id: number) => scopes.named(id)
  const checkup = new Checkup({ base: store.base, emitter, clock: ports.clock, log, scope }, isDoubted)
  const synchronizer = new Synchronizer({ store, journal, baseLog, outbox, identity, scopes, checkup, clock, board, ports, log })
  const { url, principal, token } = options
  const connection = new Connection({ url, principal, schema: schema.hash, previous: schema.transitions?.at(-1), token, ports, board, log })
  scopes.listen(synchronizer)
  connection.attach(synchronizer)
  const keepClosed = options.keepClosed ?? week
  let stopEvicting = (): void => undefined
  const evict = (): void => {
    scopes.evict(ports.clock.now() - keepClosed).catch(() => undefined) // Only a closed client runs no jobs.
    stopEvicting = ports.timers.after(hour, evict)
  }
  const end = (): void => {
    isOpen = false
    stopEvicting()
    connection.close()
    scopes.close()
  }
  const close = async (): Promise<void> => {
    if (!isOpen) return
    end()
    await outbox.close()
    journal.run((storage) => baseLog.save(storage, { isOpen: false })).catch(() => undefined) // Then the next start checks.
    await journal.close()
    await storage.close()
  }
  return {
    caches: {
      rows: store,
      emitter,
      write: writeNow,
    },
    status: board.status,
    scopes,
    outbox,
    rejections,
    connection,
    position: () => journal.device.position,
    check: () => synchronizer.check(),
    begin: () => {
      for (const name of options.open ?? parameterless(schema)) scopes.open(name, {})
      evict()
      connection.start()
    },
    close,
    giveWay: () => {
      if (!isOpen) return
      const why = new SyncError('storage-in-use', 'another tab has a later version of this app: reload this one')
      void close().then(() => board.storage('rows', why))
    },
    emptied: () => {
      log('warn', 'storage-emptied', { pending: outbox.pending().length })
      journal.run((storage) => baseLog.refill(storage)).catch(() => undefined) // Only a closed client runs no jobs.
      const { outbox: stored, lastSeq } = outbox.stored
      return { device: withoutBase(journal.device, schema), outbox: stored, lastSeq, rejections: rejections.stored }
    },
    signOut: async (force) => {
      if (!force && outbox.pending().length > 0) {
        const advice = 'there is work that the server does not have: wait for it, or sign out with { force: true }'
        throw new SyncError('unsynced-work', advice, { pending: outbox.pending().length })
      }
      end()
      await journal.close()
      await storage.destroy()
    },
  }
}

const hour = 3_600_000
const week = 7 * 24 * hour

const portsOf = ({ ports }: OpenOptions): ClientPorts => ({
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  network: webSocketNetwork,
  onlineSignal: browserOnlineSignal,
  storage: hasIndexedDB() ? dexieStorage() : memoryStorage(),
  ...ports,
})

const parameterless = (schema: SchemaDescriptor): readonly string[] =>
  Object.values(schema.scopes)
    .filter((scope) => Object.keys(scope.params).length === 0)
    .map((scope) => scope.name)

/** A transaction that changes nothing is applied already. */
const writeLocally = <Result>(
  outbox: Outbox,
  draft: Draft,
  { schema, strict }: { readonly schema: string; readonly strict: boolean },
  write: (draft: Draft) => Result,
): Writing & { readonly result: Result } => {
  const result = writeAndClose(draft, write)
  if (draft.ops.length === 0) return { result, durable: Promise.resolve(), confirmed: Promise.resolve({ kind: 'applied' }) }
  return { result, ...outbox.add({ schema, at: draft.at, strict, ops: draft.ops }) }
}

const writeAndClose = <Result>(draft: Draft, write: (draft: Draft) => Result): Result => {
  try {
    const result = write(draft)
    draft.check()
    return result
  } finally {
    draft.close()
  }
}
