/**
 * The one place where pg is held back: every connection whose application name begins with `sim:` does nothing by itself, but asks the
 * gate of the world that runs. Installed once per process, for the simulation only.
 */
import pg from 'pg'
import { realPause, underWay } from '../kernel/stillness.js'
import { countBackend, innerOf, keepSpare, reset, takeSpare } from './spares.js'

/** What the real client does when the gate says so. */
export interface RealClient {
  connect(): Promise<void>
  query(config: unknown, values?: unknown): Promise<pg.QueryResult>
  /** Leaves its backend in good order, to the next who connects. False: it cannot, something is under way there. */
  leave(): Promise<boolean>
  /** Resolves when the socket is closed. */
  end(): Promise<void>
  /** Cuts the socket. */
  destroy(): Promise<void>
}

/** Decides when what is asked of connections is done. */
export interface Gatekeeper {
  connect(client: pg.Client, real: RealClient): Promise<void>
  query(client: pg.Client, config: unknown, values: unknown): Promise<pg.QueryResult>
  end(client: pg.Client): Promise<void>
}

let gatekeeper: Gatekeeper | null = null
let installed = false

/** Connections are the gatekeeper's until the next one takes over. */
export const keepGate = (keeper: Gatekeeper | null): void => {
  gatekeeper = keeper
  if (!installed) install()
}

type Callback = (error?: unknown, result?: unknown) => void

const install = (): void => {
  installed = true
  // The casts are the boundary: pg's methods take callbacks or give promises.
  const prototype = pg.Client.prototype as unknown as Record<'connect' | 'query' | 'end', (...given: unknown[]) => unknown>
  const { connect, query, end } = prototype
  const real = (client: pg.Client): RealClient => ({
    connect: async () => {
      const isSpare = takeSpare(client)
      if (!isSpare) countBackend(client)
      await connect.call(client)
      if (isSpare) await query.call(client, `set application_name = '${innerOf(client).connectionParameters.application_name ?? ''}'`)
    },
    query: (config, values) =>
      (query.call(client, config, values) as Promise<pg.QueryResult>)
        .catch((error: unknown) => {
          if (isOutdated(error)) outdated.add(client)
          throw error
        })
        .finally(() => ready(client)),
    leave: async () => {
      const { readyForQuery, _ended } = innerOf(client)
      if (readyForQuery !== true || _ended || outdated.has(client)) return false
      await query.call(client, reset)
      keepSpare(client)
      return true
    },
    end: () => ended(client, () => void Promise.resolve(end.call(client)).catch(() => undefined)),
    destroy: () => ended(client, () => void innerOf(client).connection.stream.destroy()),
  })
  const gated = (client: unknown): client is pg.Client =>
    gatekeeper !== null && (innerOf(client).connectionParameters.application_name ?? '').startsWith('sim:')
  prototype.connect = function (this: pg.Client, ...given: unknown[]) {
    if (!gated(this) || gatekeeper === null) return connect.apply(this, given)
    return answered(gatekeeper.connect(this, real(this)), given.at(-1))
  }
  prototype.query = function (this: pg.Client, ...given: unknown[]) {
    if (!gated(this) || gatekeeper === null) return query.apply(this, given)
    return answered(gatekeeper.query(this, given[0], given[1]), given.at(-1))
  }
  prototype.end = function (this: pg.Client, ...given: unknown[]) {
    if (!gated(this) || gatekeeper === null) return end.apply(this, given)
    return answered(gatekeeper.end(this), given.at(-1))
  }
}

/** Clients of which a prepared statement does not give any more what it gave: their backends are of no use to others. */
const outdated = new WeakSet<pg.Client>()

const isOutdated = (error: unknown): boolean => (error as { readonly code?: unknown } | null)?.code === '0A000'

/** An error is told before its transaction has let go of its locks; who is ready has. */
const ready = async (client: pg.Client): Promise<void> => {
  const inner = innerOf(client)
  while (inner.readyForQuery !== true && !inner._ended) await realPause(0)
}

const ended = (client: pg.Client, begin: () => void): Promise<void> => {
  if (innerOf(client)._ended) return Promise.resolve()
  const over = underWay()
  return new Promise((resolve) => {
    client.once('end', () => {
      over()
      resolve()
    })
    begin()
  })
}

const answered = (promise: Promise<unknown>, given: unknown): Promise<unknown> | undefined => {
  if (typeof given !== 'function') return promise
  const tell = given as Callback
  promise.then(
    (result) => tell(undefined, result),
    (error: unknown) => tell(error),
  )
  return undefined
}
