/**
 * Backends that were left in good order, for the next who connects in the same way: with warm catalogs, and with the statements that were
 * prepared there, as a pooler in front of PostgreSQL keeps them. To start a backend and to plan everything anew costs more than most
 * lives of a simulated node. Who is to lose its backend loses it: only those that are left come here.
 */
import type pg from 'pg'

/** The inside of pg, as far as it is needed: the one boundary of the casts. */
export interface Inner {
  readonly connectionParameters: { readonly application_name?: string }
  connection: InnerConnection
  processID: number | null
  secretKey: number | null
  _ending: boolean
  _ended: boolean
  _queryable: boolean
  readonly readyForQuery?: boolean
  getStartupConf(): Readonly<Record<string, unknown>>
}

interface InnerConnection {
  readonly stream: { destroy(): void; readonly destroyed: boolean }
  emit(event: string, message?: object): boolean
  removeAllListeners(): void
  connect: () => void
  startup: () => void
}

interface Spare {
  /** Of its backend, in the order in which they started: who leaves first among several is not the seed's choice, who is found first is. */
  readonly number: number
  readonly connection: InnerConnection
  readonly processID: number | null
  readonly secretKey: number | null
}

const spares = new Map<string, Spare[]>()
const numbers = new WeakMap<InnerConnection, number>()
let started = 0

/** A client begins to connect to a backend of its own. */
export const countBackend = (client: pg.Client): void => void numbers.set(innerOf(client).connection, (started += 1))

/** What its next user must not find: everything of a session but its prepared statements. */
export const reset = `rollback; set session authorization default; reset all; close all; unlisten *; select pg_advisory_unlock_all(); discard temp; discard sequences`

/** Takes the backend of a client that has reset it. For the client it is over. */
export const keepSpare = (client: pg.Client): void => {
  const inner = innerOf(client)
  const { connection, processID, secretKey } = inner
  const key = keyOf(inner)
  connection.removeAllListeners()
  const spare: Spare = { number: numbers.get(connection) ?? 0, connection, processID, secretKey }
  spares.set(key, [...(spares.get(key) ?? []), spare].toSorted((a, b) => a.number - b.number))
  Object.assign(inner, { _ending: true, _ended: true, _queryable: false })
  client.emit('end')
}

/** Makes a client that is about to connect find a backend that was left, if there is one. False: there is none. */
export const takeSpare = (client: pg.Client): boolean => {
  const inner = innerOf(client)
  const own = spares.get(keyOf(inner))
  const spare = own?.shift()
  if (spare === undefined) return false
  const { connection, processID, secretKey } = spare
  if (connection.stream.destroyed) return takeSpare(client)
  connection.connect = () => setImmediate(() => connection.emit('connect'))
  connection.startup = () => {
    connection.emit('backendKeyData', { processID, secretKey })
    connection.emit('readyForQuery', { status: 'I' })
  }
  inner.connection = connection
  return true
}

/** Ends them all; returns whose backends they were. */
export const endSpares = (): readonly number[] => {
  const all = [...spares.values()].flat()
  spares.clear()
  for (const { connection } of all) connection.stream.destroy()
  return all.flatMap(({ processID }) => processID ?? [])
}

export const innerOf = (client: unknown): Inner => client as Inner

/** Who starts a session in the same way, in the same database. */
const keyOf = (inner: Inner): string => JSON.stringify({ ...inner.getStartupConf(), application_name: '' })
