/** Typed writes of server code: hooks and `sync.transaction`. */
import type { Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { withElements } from '../protocol/field-edit.js'
import { givenAmount, givenElements } from '../protocol/given-edit.js'
import type { Wire } from '../protocol/values.js'
import { toWire } from '../protocol/wire-value.js'
import { type Catalog, type KnownModel, wireValuesOf } from './catalog.js'
import type { ServerModelTypes, ServerTransaction, ServerTypes, ServerWriter, SqlRunner } from './server-types.js'
import type { Connection, SqlRow } from './transaction.js'
import { type ColumnChange, deleteRow, insertRow, readRow, updateRow } from './write-statements.js'

/** What server code writes with, on the connection of one transaction. */
export const serverTransaction = <Types extends ServerTypes>(
  connection: Connection,
  catalog: Catalog,
  newId: () => Uuid,
): ServerTransaction<Types> => {
  const runner: SqlRunner = { sql: (text, values) => connection.sql(text, values) }
  const writers = [...catalog.models.values()].map((model) => [model.plural, writerOf(connection, model, newId)] as const)
  // The generated types are the contract; this is where they meet the runtime's.
  return Object.assign(runner, Object.fromEntries(writers)) as unknown as ServerTransaction<Types>
}

const writerOf = (connection: Connection, model: KnownModel, newId: () => Uuid): ServerWriter<ServerModelTypes> => {
  const record = (row: SqlRow | undefined): ReturnType<typeof model.server.toRow> | undefined =>
    row === undefined ? undefined : model.server.toRow(row)
  return {
    get: async (id) => record(await readRow(connection, model, canonical(id))),
    create: async (values) => {
      const { id, ...rest } = values as Readonly<Record<string, unknown>>
      const wires = new Map(
        Object.entries(rest).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, wireOf(model, name, value)] as const],
        ),
      )
      const row = await insertRow(connection, model, id === undefined ? newId() : canonical(id), withDefaults(model, wires))
      return model.server.toRow(row)
    },
    update: async (id, patch) => {
      const given = Object.entries(patch as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined)
      const row = given.some(([name, value]) => isRelative(model, name, value)) ? await locked(connection, model, canonical(id)) : {}
      const changes = given.map(([name, value]) => [name, changeOf(model, name, value, row[name] ?? null)] as const)
      return record(await updateRow(connection, model, canonical(id), new Map(changes)))
    },
    delete: (id) => deleteRow(connection, model, canonical(id)),
  }
}

/** Values that server code may set: every column but the key. */
export const wireOf = (model: KnownModel, name: string, value: unknown): Wire => {
  const column = name === 'id' ? undefined : model.columns.get(name)
  if (column === undefined)
    throw new SyncError('invalid-value', `${model.name} has no field ${name} that can be written`, { field: name })
  return toWire(column.field, value, name)
}

/** Whether a counter or a set is given an amount or elements, as opposed to a whole value: what comes of it depends on what is stored. */
const isRelative = (model: KnownModel, name: string, value: unknown): boolean => {
  const conflict = model.columns.get(name)?.field.conflict
  return (conflict === 'counter' || conflict === 'set') && typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is stored, until the transaction ends. */
const locked = async (connection: Connection, model: KnownModel, id: Uuid): Promise<Readonly<Record<string, Wire>>> => {
  const [row] = await connection.rows(model.server.sql.lock, [[id]])
  return row === undefined ? {} : wireValuesOf(model, row)
}

const changeOf = (model: KnownModel, name: string, value: unknown, stored: Wire): ColumnChange => {
  const field = model.columns.get(name)?.field
  if (field === undefined || !isRelative(model, name, value)) return { value: wireOf(model, name, value) }
  if (field.conflict === 'counter') return givenAmount(field, name, value, stored ?? 0, true)
  return { value: withElements(stored, givenElements(field, name, value)) }
}

const withDefaults = (model: KnownModel, values: ReadonlyMap<string, Wire>): ReadonlyMap<string, Wire> => {
  const defaults = [...model.columns].flatMap(([name, { field }]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  )
  return new Map([...defaults, ...values])
}

const canonical = (id: unknown): Uuid => {
  const wire = toWire({ type: 'uuid' }, id, 'id')
  return String(wire)
}
