/** Join rows that link one pair: at most one of them is stored, and stands for all that were made. */
import type { Uuid } from '../protocol/descriptor.js'
import type { MergedLink, Mutation, Op } from '../protocol/messages.js'
import { linkEdits } from '../protocol/link-edits.js'
import type { FieldEdit } from '../protocol/messages.js'
import type { Wire } from '../protocol/values.js'
import { type Catalog, type KnownModel, columnOf } from './catalog.js'
import { type Stored, present } from './stored-rows.js'
import type { Connection } from './transaction.js'
import { identifier, parameterOf } from './values.js'
import { readRows } from './write-statements.js'

/** The row that links the same pair as these values of a new one, locked; undefined for models that are no joins, too. */
export const linkedRow = async (connection: Connection, model: KnownModel, values: ReadonlyMap<string, Wire>): Promise<Stored | undefined> => {
  const { pair } = model.server.descriptor
  if (pair === undefined) return undefined
  const columns = pair.map((name) => columnOf(model, name))
  const wheres = columns.map(({ column, sqlType }, at) => `${identifier(column)} = $${at + 1}::${sqlType}`)
  const text = `select ${model.list} from ${identifier(model.server.table)} where ${wheres.join(' and ')} for update`
  const [row] = await connection.rows(text, pair.map((name, at) => parameterOf(columns[at]?.field ?? { type: 'uuid' }, values.get(name) ?? null)))
  return row === undefined ? undefined : present(model, row)
}

/** What a new link says beyond the link, `serverOnly` fields left out: no client sets those. */
export const payloadOf = (model: KnownModel, values: ReadonlyMap<string, Wire>): Readonly<Record<string, FieldEdit>> =>
  linkEdits(model.server.descriptor.fields, model.server.descriptor.pair ?? [], Object.fromEntries(values))

/**
 * A mutation's ops on links that gave way to stored rows in earlier ones of this client: they mean those rows. Only an op on a row
 * that the client never saw confirmed can be one. `recent`: links of mutations whose outcomes are not recorded yet.
 */
export const followLinks = async (
  connection: Connection,
  catalog: Catalog,
  client: Uuid,
  recent: readonly MergedLink[],
  mutation: Mutation,
): Promise<Mutation> => {
  const asked = mutation.ops.filter((op) => mayBeMerged(catalog, op))
  if (asked.length === 0) return mutation
  const rows = await connection.rows(mergedLinks, [client, [...new Set(asked.map(({ id }) => id))]])
  const recorded = rows.map(([model, id, into]) => ({ model: String(model), id: String(id), into: String(into) }))
  // Of an earlier version of the schema, in which the model may have been called otherwise: ids are one of a kind.
  const links = [...recorded, ...recent].map((link) => (catalog.models.has(link.model) ? link : { ...link, model: null }))
  // One that was made again after its pair had been free is itself.
  const stands = new Set<string>()
  for (const name of new Set(asked.map(({ model }) => model))) {
    const ids = asked.filter(({ model }) => model === name).map(({ id }) => id)
    for (const row of await readRows(connection, catalog.model(name), ids)) stands.add(`${name} ${String(row[0])}`)
  }
  const ops = mutation.ops.map((op) => {
    if (op.op === 'create') stands.add(`${op.model} ${op.id}`)
    return stands.has(`${op.model} ${op.id}`) ? op : followed(links, op)
  })
  return { ...mutation, ops }
}

const mayBeMerged = (catalog: Catalog, op: Op): boolean =>
  op.op !== 'create' && op.version === 0 && catalog.models.get(op.model)?.server.descriptor.pair !== undefined

/** The last answer about a link is the one that holds. */
const followed = (links: readonly (Omit<MergedLink, 'model'> & { readonly model: string | null })[], op: Op): Op => {
  const into = links.findLast(({ model, id }) => (model === null || model === op.model) && id === op.id)?.into
  return into === undefined ? op : { ...op, id: into }
}

const mergedLinks = `select l ->> 'model', l ->> 'id', l ->> 'into'
from syncgen.outcomes o cross join jsonb_array_elements(o.outcome -> 'links') l
where o.client = $1::uuid and o.outcome ? 'links' and l ->> 'id' = any ($2::text[])
order by o.seq`
