/**
 * What an older version of the app stored, as this one means it. Nothing that was written is dropped: what has no meaning any
 * more is kept with the rejections, as it was written. Storage is changed in two transactions, and a crash between them is
 * mended by the next start: each local transaction says of which version it is.
 */
import type { SchemaDescriptor } from '../protocol/descriptor.js'
import { Route } from '../protocol/dialect.js'
import type { ClaimChange, Delta, Mutation, VersionedRow } from '../protocol/messages.js'
import type { Log } from '../protocol/ports.js'
import { pathFrom } from '../protocol/transition.js'
import type { DeviceState, Storage, Stored, StoredRejection } from './storage.js'

/** `hasOldBase`: the steps are converted in memory only. Storage has them as they were until it gets a snapshot. */
export interface Upgraded {
  readonly stored: Stored
  readonly hasOldBase: boolean
}

/** Steps, scopes, pending and refused local transactions of this version, as far as it knows theirs. */
export const upgraded = async (storage: Storage, stored: Stored, schema: SchemaDescriptor, log: Log): Promise<Upgraded> => {
  const { device } = stored
  if (device === null) return { stored, hasOldBase: false }
  const routes = routesTo(schema)
  const work = convertedWork(device, stored, routes)
  if (work.changed.length > 0 || work.kept.length > 0) {
    await storage.update(work.changed, [], device, { kept: work.kept, dismissed: [] })
    log('info', 'work-upgraded', { mutations: work.changed.length, kept: work.kept.length })
  }
  const route = routes(device.schema)
  const { outbox, rejections } = work
  if (route === undefined) return { stored: { ...stored, outbox, rejections }, hasOldBase: false }
  const isRetold = wasRetold(device)
  const batches = stored.batches.map(({ scopes, deltas }) => ({ scopes, deltas: deltas.map((delta) => convertedDelta(route, delta, isRetold)) }))
  const guessed = guessedModels(batches)
  return { stored: { ...stored, batches, outbox, rejections, device: convertedDevice(route, device, schema, guessed) }, hasOldBase: true }
}

/**
 * Whether what is held may have been told of a database that was migrated already, in words of before: then a row may be newer than what
 * the migration made of it. Whichever server told it, positions say which migrations the database had.
 */
const wasRetold = ({ migrated = '', position, scopes }: DeviceState): boolean =>
  [position, ...scopes.map((scope) => scope.position)].some((at) => at !== 'device' && at?.includes(`-${migrated}/`) === false)

/** The way from a version to this one; undefined: there is none, or it is this one. */
type Routes = (version: string) => Route | undefined

const routesTo = (schema: SchemaDescriptor): Routes => {
  const known = new Map<string, Route | undefined>()
  return (version) => {
    if (known.has(version)) return known.get(version)
    const path = pathFrom(schema, version)
    const route = path === undefined || path.length === 0 ? undefined : new Route(path, 'up')
    known.set(version, route)
    return route
  }
}

interface Work extends Pick<Stored, 'outbox' | 'rejections'> {
  readonly changed: readonly Mutation[]
  /** Rejections that are new, or read otherwise. */
  readonly kept: readonly StoredRejection[]
}

const convertedWork = (device: DeviceState, stored: Stored, routes: Routes): Work => {
  const changed: Mutation[] = []
  const lost: StoredRejection[] = []
  const outbox = stored.outbox.map((mutation) => {
    const route = routes(mutation.schema)
    if (route === undefined) return mutation
    const { mutation: meant, losses } = route.mutation(mutation)
    const [first] = losses
    // One that the server has to take whole is not sent in part; its number is.
    const now = first !== undefined && mutation.strict ? { ...meant, ops: [] } : meant
    changed.push(now)
    if (first !== undefined) lost.push({ key: `${device.client}/${mutation.seq}/${mutation.schema.slice(0, 16)}`, mutation, code: 'unknown-schema', ...first })
    return now
  })
  const rejections = stored.rejections.map((rejection) => convertedRejection(routes, rejection))
  const kept = [...rejections.filter((rejection, at) => rejection !== stored.rejections[at]), ...lost]
  return { changed, outbox, rejections: [...rejections, ...lost], kept }
}

/** One of which something would be lost stays as it was written. */
const convertedRejection = (routes: Routes, rejection: StoredRejection): StoredRejection => {
  const { mutation, model, fields } = rejection
  const route = routes(mutation.schema)
  const converted = route?.mutation(mutation)
  if (route === undefined || converted === undefined || converted.losses.length > 0) return rejection
  return {
    ...rejection,
    mutation: converted.mutation,
    model: model === null ? null : (route.model(model) ?? model),
    fields: model === null ? fields : fields.map((field) => route.field(model, field) ?? field),
  }
}

/** Models of which rows are held that could not be worked out. */
const guessedModels = (batches: Stored['batches']): ReadonlySet<string> =>
  new Set(
    batches.flatMap(({ deltas }) =>
      deltas.flatMap(({ rows }) => Object.entries(rows).flatMap(([model, each]) => (each.some(([version]) => version === 0) ? [model] : []))),
    ),
  )

/**
 * A scope that is gone keeps its place: it holds what it held, until it is forgotten. One that holds guesses is compared, even if it is
 * as it was two versions ago.
 */
const convertedDevice = (route: Route, device: DeviceState, schema: SchemaDescriptor, guessed: ReadonlySet<string>): DeviceState => ({
  ...device,
  schema: schema.hash,
  scopes: device.scopes.map((scope) => ({
    ...scope,
    params: route.params(scope.name, scope.params) ?? scope.params,
    hash: schema.scopes[scope.name]?.models.some((model) => guessed.has(model)) === true ? null : scope.hash,
  })),
  ...(device.links === undefined ? {} : { links: device.links.map((link) => ({ ...link, model: route.model(link.model) ?? link.model })) }),
})

const convertedDelta = (route: Route, { rows, claims }: Delta, isRetold: boolean): Delta => ({
  rows: Object.fromEntries(
    Object.entries(rows).flatMap(([model, each]) => {
      const name = route.model(model)
      return name === undefined ? [] : [[name, each.map((row) => convertedRow(route, model, row, isRetold))]]
    }),
  ),
  claims: claims.flatMap((change): readonly ClaimChange[] => {
    const model = route.model(change.model)
    return model === undefined ? [] : [{ ...change, model }]
  }),
})

/** A row that cannot be worked out is held as version 0: whatever the server has is another. */
const convertedRow = (route: Route, model: string, row: VersionedRow, isRetold: boolean): VersionedRow => {
  const converted = route.row(model, row)
  if (converted === undefined || (converted.isExact && !(isRetold && route.saysMore(model)))) return converted?.row ?? row
  const [, ...fields] = converted.row
  return [0, ...fields]
}
