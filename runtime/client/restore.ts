/** Memory as storage has it, at start. */
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import type { Clock, Log, Random } from '../protocol/ports.js'
import { type ReadDelta, readDelta } from './read-delta.js'
import { snapshotOf } from './snapshot.js'
import type { DeviceState, Storage, Stored } from './storage.js'
import type { Store } from './store.js'
import type { Upgraded } from './upgrade.js'

export interface Restored {
  readonly device: DeviceState
  /** Steps in the stored log. */
  readonly batches: number
  /** Whether the last client did not come to its end, and nothing was compared for a day. */
  readonly isDoubted: boolean
}

/**
 * Rebuilds the base, closes the scopes that were open when the last session ended, and stores that. A base of another schema
 * that this one does not know, or one that cannot be read, is given up and fetched again; the outbox never is. A base that was
 * converted replaces the stored one.
 */
export const restore = async (
  storage: Storage,
  { stored, hasOldBase }: Upgraded,
  schema: SchemaDescriptor,
  store: Store,
  ports: { readonly clock: Clock; readonly random: Random },
  log: Log,
): Promise<Restored> => {
  if (stored.device === null) {
    const device = freshDevice(schema, ports.random)
    await storage.update([], [], device)
    return { device, batches: 0, isDoubted: false }
  }
  const isOfThisVersion = stored.device.schema === schema.hash
  if (!isOfThisVersion) log('warn', 'stored-by-another-version', { stored: stored.device.schema, own: schema.hash, pending: stored.outbox.length })
  const steps = isOfThisVersion ? readSteps(store, stored, log) : null
  if (steps === null) {
    const device = withoutBase(closedScopes(stored.device, schema, ports.clock), schema)
    await storage.compact([], device)
    return { device, batches: 0, isDoubted: false }
  }
  for (const { accepts, deltas } of steps) store.base.apply(deltas, accepts)
  const device = closedScopes(stored.device, schema, ports.clock)
  const isDoubted = stored.device.isOpen === true && !wasCheckedToday(stored.device, ports.clock)
  if (hasOldBase) {
    await storage.compact(snapshotOf(store.base), device)
    return { device, batches: 0, isDoubted }
  }
  await storage.update([], [], device)
  return { device, batches: stored.batches.length, isDoubted }
}

/** A clock that was set back proves nothing. */
const wasCheckedToday = ({ checkedAt }: DeviceState, clock: Clock): boolean =>
  checkedAt !== undefined && checkedAt <= clock.now() && clock.now() - checkedAt < day

const day = 24 * 3_600_000

const freshDevice = (schema: SchemaDescriptor, random: Random): DeviceState => ({
  client: random.uuid(),
  schema: schema.hash,
  migrated: schema.migrations,
  session: { last: null, next: null },
  epoch: null,
  position: null,
  done: 0,
  nextScope: 1,
  scopes: [],
  clock: { offset: 0, last: 0 },
  isOpen: true,
})

interface ReadStep {
  readonly accepts: (scope: number) => boolean
  readonly deltas: readonly ReadDelta[]
}

/** Everything is read before anything is applied. */
const readSteps = (store: Store, stored: Stored, log: Log): readonly ReadStep[] | null => {
  try {
    return stored.batches.map(({ scopes, deltas }) => ({
      accepts: scopes === null ? () => true : (scope) => scopes.includes(scope),
      deltas: deltas.map((delta) => readDelta(store.base.shapes, delta)),
    }))
  } catch (error) {
    log('error', 'stored-rows-unreadable', { message: error instanceof Error ? error.message : 'not an Error' })
    return null
  }
}

const closedScopes = (device: DeviceState, { migrations }: SchemaDescriptor, clock: Clock): DeviceState => ({
  ...device,
  migrated: migrations,
  isOpen: true,
  scopes: device.scopes.map((scope) => ({
    ...scope,
    position: scope.position === 'device' ? device.position : scope.position,
    closedAt: scope.closedAt ?? clock.now(),
  })),
})

/** The facts of a device that holds no rows. */
export const withoutBase = (device: DeviceState, schema: SchemaDescriptor): DeviceState => ({
  ...device,
  schema: schema.hash,
  position: null,
  scopes: device.scopes.map((scope) => ({ ...scope, hash: null, position: null })),
})
