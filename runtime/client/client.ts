/** The client of an app: what generated client classes extend, and what opens them. */
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { Log } from '../protocol/ports.js'
import type { Checked } from './checkup.js'
import type { CacheStore } from './cache-store.js'
import type { ClientEvents, Rejection } from './events.js'
import { exportedWork, importedWork } from './work-file.js'
import type { Observable } from './observable.js'
import type { ClientPorts } from './ports.js'
import type { Model, Writing } from './query-types.js'
import type { ScopeHandle } from './scopes.js'
import type { Status } from './status.js'
import type { OpenStorage } from './storage.js'
import { type ClientParts, openParts } from './client-parts.js'
import type { PendingMutation } from './outbox.js'
import { writerOf } from './writer.js'

export interface OpenOptions {
  /** `wss://…/sync`. */
  readonly url: string
  /** Whom this client works for; the server checks it against the token. Storage is kept apart for each. */
  readonly principal: string
  /** Called for each connection, so it may fetch a fresh one. */
  readonly token: string | (() => string | Promise<string>)
  /** Default: IndexedDB in browsers; memory elsewhere. */
  readonly storage?: OpenStorage
  readonly ports?: Partial<ClientPorts>
  /** Default: warnings and errors to the console. */
  readonly log?: Log
  /** Scopes without parameters that are opened at start; default: all of them. */
  readonly open?: readonly string[]
  /** How long rows of closed scopes are kept, milliseconds; default 7 days. */
  readonly keepClosed?: number
}

/**
 * @typeParam Models - type-level models by the names of their caches
 * @typeParam Transaction - writers by the same names
 */
export class SyncClient<Models extends { readonly [K in keyof Models]: Model }, Transaction> {
  /** What the caches of this client stand on. */
  protected readonly store: CacheStore
  readonly #parts: ClientParts

  constructor(parts: ClientParts) {
    this.store = parts.caches
    this.#parts = parts
  }

  get status(): Observable<Status> {
    return this.#parts.status
  }

  /** Up to where this cache follows the database, as the server said it; null until it has been in step once. */
  get position(): string | null {
    return this.#parts.position()
  }

  /** Listens; returns the function that ends it. Names: `rejected`, `confirmed`, `left-scope`, `differed`, `change`, each cache's. */
  on<Name extends keyof ClientEvents<Models> & string>(
    name: Name,
    listener: (event: ClientEvents<Models>[Name]) => void,
  ): () => void {
    return this.#parts.caches.emitter.on(name, listener)
  }

  /**
   * Several writes as one: visible together, and applied by the server together or not at all. `run` must not await; if it
   * throws, nothing happened. `strict`: one field that loses a conflict rejects the whole.
   */
  transaction(run: (tx: Transaction) => void, options: { readonly strict?: boolean } = {}): Writing {
    const { durable, confirmed } = this.store.write((draft) => {
      const writers = [...this.store.rows.tables].map((table) => [table.shape.model.plural, writerOf(draft, table.name)] as const)
      // The cast is the boundary: the generated transaction type lists the models of the schema.
      const result: unknown = run(Object.fromEntries(writers) as Transaction)
      if (result instanceof Promise) {
        throw new SyncError('invalid-value', 'a local transaction must not await: read before it, write in it')
      }
    }, options.strict === true)
    return { durable, confirmed }
  }

  /**
   * Opens a scope, or joins the one that is open with the same parameters. Generated `scopes` give it types.
   * @throws SyncError `scope-unknown` or `invalid-value`.
   */
  openScope(name: string, params: Readonly<Record<string, unknown>> = {}): ScopeHandle {
    return this.#parts.scopes.open(name, params)
  }

  /**
   * Compares every open scope with the database and mends what differs: nothing should. Servers do so now and then by themselves,
   * clients after they were killed. Rejects with SyncError `unreachable` without a connection, or if it is lost meanwhile.
   */
  check(): Promise<Checked> {
    return this.#parts.check()
  }

  /** Local transactions that the server has not decided yet, oldest first. */
  pending(): readonly PendingMutation[] {
    return this.#parts.outbox.pending()
  }

  /**
   * Local transactions that the server refused, oldest first: until each is tried again or dismissed, over restarts. The last
   * 1,000 are kept.
   */
  rejected(): readonly Rejection[] {
    return this.#parts.rejections.all()
  }

  /** What is pending and what was refused, as JSON, to be kept elsewhere or read in by another device of the same person. */
  exportPending(): string {
    return exportedWork(this.#parts.outbox.pending(), this.#parts.rejections.stored)
  }

  /**
   * Reads in what `exportPending` wrote: what was pending is written here, under the numbers of this device; what was refused joins
   * `rejected()`. What the other device sent all the same is judged twice, as two writes. Resolves to how many there were.
   * @throws SyncError `invalid-value` if the text is none of `exportPending`'s.
   */
  async importPending(text: string): Promise<number> {
    const { pending, rejected } = importedWork(text)
    const writings = pending.map((mutation) => this.#parts.outbox.add(mutation))
    await Promise.all([...writings.map(({ durable }) => durable), this.#parts.rejections.take(rejected)])
    return pending.length
  }

  /** Ends the connection and makes no other until `goOnline`. */
  goOffline(): void {
    this.#parts.connection.stop()
  }

  /** Connects, now and whenever the connection is lost. While it waits to try again, it tries at once. */
  goOnline(): void {
    this.#parts.connection.start()
  }

  /** Fetches a fresh token and shows it to the server: on the live connection, or by connecting now. */
  renew(): void {
    this.#parts.connection.renew()
  }

  /** Ends everything; what is written is stored first. Afterwards writes throw SyncError `closed`. */
  close(): Promise<void> {
    return this.#parts.close()
  }

  /**
   * Deletes everything that is stored for this principal, and closes.
   * @throws SyncError `unsynced-work` while there are local transactions that the server has not decided, unless `force`.
   */
  signOut(options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#parts.signOut(options.force === true)
  }
}

/**
 * Opens a client from what is stored, without waiting for the network.
 * @throws SyncError `storage-in-use`, `storage-failed`, or `invalid-value` if the principal is none.
 */
export const openClient = async <Client>(
  type: new (parts: ClientParts) => Client,
  schema: SchemaDescriptor,
  options: OpenOptions,
): Promise<Client> => {
  const parts = await openParts(schema, options)
  const client = new type(parts)
  parts.begin()
  return client
}
