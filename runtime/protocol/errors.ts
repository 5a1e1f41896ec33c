/**
 * The one error class of the runtime. The codes are closed: an app can switch over them. Messages say what to do next and
 * never contain values of rows.
 */
export type SyncErrorCode =
  /** The server does not accept the token: sign in again. */
  | 'unauthenticated'
  /** The identity that the server verified is not the principal this client was opened for. */
  | 'wrong-principal'
  /** The server does not know this client's schema: update the app, or deploy the server first. */
  | 'schema-unknown'
  /** The peer speaks another protocol version. */
  | 'protocol-unknown'
  /** A frame did not have the form that docs/protocol.md gives it. */
  | 'malformed-frame'
  /** The peer sent more, or more often, than the limits allow. */
  | 'limit-exceeded'
  /** No connection to the server. Local work goes on. */
  | 'unreachable'
  /** The database could not be reached or used. */
  | 'database-unreachable'
  /** The database's tables are not those of this schema: run the migrations. */
  | 'database-not-migrated'
  /** Local storage failed; the message says how. */
  | 'storage-failed'
  /** Another tab or process has this client's storage open. */
  | 'storage-in-use'
  /** No scope of this name, or parameters that do not fit. */
  | 'scope-unknown'
  /** A value does not fit its field; `details.field` names it. */
  | 'invalid-value'
  /** The row to change is not in the cache. */
  | 'row-unknown'
  /** Rows that this client holds refer to the row to delete, and the schema says that it stays then; `details.model` names theirs. */
  | 'still-referenced'
  /** There are local transactions that the server has not decided: signing out now would lose them. */
  | 'unsynced-work'
  /** Used after `close()`. */
  | 'closed'
  /** A broken promise of ours. */
  | 'internal'

export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly code: SyncErrorCode
  readonly details: Readonly<Record<string, string | number | boolean | null>>

  constructor(code: SyncErrorCode, message: string, details: SyncError['details'] = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }
}
