export type { CacheStore } from './cache-store.js'
export { type OpenOptions, SyncClient, openClient } from './client.js'
export type { ClientParts } from './client-parts.js'
export { type DexieOptions, dexieStorage } from './dexie-storage.js'
export type {
  Added,
  AnyCacheEvent,
  CacheEvent,
  Changed,
  ClientEvents,
  Confirmation,
  Deleted,
  DiscardedChange,
  LeaveReason,
  LeftScope,
  Origin,
  Rejection,
} from './events.js'
export type { SortedIndex, UniqueIndex } from './indexes.js'
export type { Query } from './live-query.js'
export { memoryStorage } from './memory-storage.js'
export { ModelCache } from './model-cache.js'
export type { Observable } from './observable.js'
export type { PendingMutation } from './outbox.js'
export type { ClientPorts, Network, OnlineSignal, Socket, SocketListener } from './ports.js'
export type {
  Include,
  Included,
  Many,
  Model,
  One,
  OrderBy,
  QueryOptions,
  Where,
  Writer,
  Writing,
  Written,
} from './query-types.js'
export type { ScopeHandle, ScopeStatus } from './scopes.js'
export type { ConnectionState, Status } from './status.js'
export type { OpenStorage, Storage } from './storage.js'
export {
  type Comparator,
  compareBigint,
  compareBoolean,
  compareBytes,
  compareDecimal,
  compareNumber,
  compareText,
  compareTimestamp,
  comparing,
  descending,
  inOrder,
  nullsLast,
} from '../protocol/order.js'
export { SyncError, type SyncErrorCode } from '../protocol/errors.js'
export type { Uuid } from '../protocol/descriptor.js'
export type { Outcome } from '../protocol/messages.js'
export type { CacheDifference, Checked } from './checkup.js'
export type { Log } from '../protocol/ports.js'
