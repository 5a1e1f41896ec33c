import type { Server } from 'node:http'
import { SyncError } from '../protocol/errors.js'
import type { ServerSchema } from './descriptor.js'
import type { ServerHooks } from './hooks.js'
import type { ServerOptions } from './options.js'
import type { AnyEvent, EventListener, EventOf, ServerTransaction, ServerTypes } from './server-types.js'

/** A running server: one node of any number over one database. */
export interface SyncServer<Types extends ServerTypes> {
  /** Serves clients that open a WebSocket on `path` (default `/sync`) of this HTTP server. */
  attach(http: Server, options?: { readonly path?: string }): void
  /** Calls `listener` after each commit that changed rows of a model (by plural), or of any (`change`). Returns the stop. */
  on(event: 'change', listener: EventListener<AnyEvent<Types>>): () => void
  on<Plural extends keyof Types['models'] & string>(event: Plural, listener: EventListener<EventOf<Types['models'][Plural]>>): () => void
  /** Runs typed writes in one transaction; commits when `run` resolves. Clients see it as a whole. */
  transaction<Result>(run: (tx: ServerTransaction<Types>) => Promise<Result>): Promise<Result>
  /** Forgets changes and outcomes older than `horizon` ms (default: the server's). Devices away for longer then `diff`. */
  purge(options?: { readonly horizon?: number }): Promise<void>
  /** Finishes what is running, tells the clients, closes their sockets and the database connections. */
  close(): Promise<void>
}

/**
 * Connects to the database, checks that it is this schema's, and begins to follow its changes.
 * @throws SyncError `database-unreachable`; `database-not-migrated`, whose message names the command to run.
 */
export const createServer = async <Types extends ServerTypes>(
  schema: ServerSchema,
  options: ServerOptions<Types['claims'], ServerHooks<Types>>,
): Promise<SyncServer<Types>> => {
  throw new SyncError('internal', `${schema.name}: ${typeof options}`)
}
