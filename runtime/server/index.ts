export type {
  Binding,
  ColumnDescriptor,
  Merge,
  ServerModel,
  ServerSchema,
  ServerScope,
  ServerScopeLine,
  Statement,
} from './descriptor.js'
export type { ClientWrite, ModelHooks, ServerHooks, WriteContext } from './hooks.js'
export { type Limits, defaultLimits } from './limits.js'
export { type MigrateOptions, type Migration, migrate } from './migrations.js'
export type { AuthenticationRequest, Identity, ServerOptions } from './options.js'
export type { ServerPorts } from './platform.js'
export type { Socket } from './channel.js'
export { type Accepted, type SyncServer, createServer } from './server.js'
export type {
  AnyEvent,
  EventListener,
  EventOf,
  ServerEvent,
  ServerModelTypes,
  ServerTransaction,
  ServerTypes,
  ServerWriter,
  SqlRunner,
} from './server-types.js'
export type { DatabaseOptions } from './transaction.js'
export { wireBytes, wireTimestamp } from './values.js'
