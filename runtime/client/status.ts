/** What an app shows of its connection. */
import type { SyncError } from '../protocol/errors.js'
import type { Log } from '../protocol/ports.js'
import { type Observable, Observed } from './observable.js'

export interface Status {
  readonly connection: ConnectionState
  /** Local transactions that the server has not decided yet. */
  readonly pending: number
  /** What storage could not do, or why there is no connection; null while all is well. */
  readonly error: SyncError | null
}

/**
 * `offline`: no connection, by choice, by the network, or between two attempts (`error` says). `syncing`: connected, open
 * scopes are brought into step. `online`: every change arrives as it happens. `refused`: the server does not accept the identity.
 * `upgrade-required`: the server does not know this client's schema. Local work goes on in every state.
 */
export type ConnectionState = 'offline' | 'connecting' | 'syncing' | 'online' | 'refused' | 'upgrade-required'

/** What storage may fail to keep: the rows that the server sent, or what was written here. */
type StoredPart = 'rows' | 'writes'

/** Where the parts of a client say how they are. */
export class StatusBoard {
  readonly #status: Observed<Status>
  readonly #storage: Record<StoredPart, SyncError | null> = { rows: null, writes: null }
  #connection: SyncError | null = null

  constructor(log: Log) {
    this.#status = new Observed<Status>({ connection: 'offline', pending: 0, error: null }, log)
  }

  get status(): Observable<Status> {
    return this.#status
  }

  pending(count: number): void {
    this.#status.set({ pending: count })
  }

  /** What storage could not do for one part; null: it works again. */
  storage(part: StoredPart, error: SyncError | null): void {
    this.#storage[part] = error
    this.#status.set({ error: this.#error })
  }

  connection(state: ConnectionState, error: SyncError | null = null): void {
    this.#connection = error
    this.#status.set({ connection: state, error: this.#error })
  }

  /** Storage first: what it fails to keep is lost, what the connection fails to send is only late. */
  get #error(): SyncError | null {
    return this.#storage.rows ?? this.#storage.writes ?? this.#connection
  }
}
