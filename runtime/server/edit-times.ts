/** When edits were made: what the log says of the server's, and what can be true of a client's. */
import type { Uuid } from '../protocol/descriptor.js'
import type { Wire } from '../protocol/values.js'
import { type KnownModel, columnOf } from './catalog.js'
import type { Connection } from './transaction.js'

/** What a client's clock said, as far as it can be true: no later than now. Both ms since 1970. */
export const possibleTime = (at: number, now: number): number => Math.floor(Math.min(Math.max(at, 0), now))

/** The command that lets the log say when the edits that follow in this transaction were made. */
export const stampCommand = (at: number): string => `set local syncgen.edited_at = '${new Date(at).toISOString()}'`

/**
 * When versions of rows came to be, ms since 1970, by version: nobody edited a row before he saw it. Versions that the log has
 * forgotten are absent.
 */
export const timesOfVersions = async (
  connection: Connection,
  seen: readonly (readonly [model: string, id: Uuid, version: number])[],
): Promise<ReadonlyMap<number, number>> => {
  if (seen.length === 0) return new Map()
  const rows = await connection.rows(
    `select c.version, floor(extract(epoch from c.edited_at) * 1000)::bigint
from unnest($1::text[], $2::uuid[], $3::bigint[]) s(model, key, version)
join syncgen.changes c on c.model = s.model and c.key = s.key and c.version = s.version and c.op <> 'D'`,
    [seen.map(([model]) => model), seen.map(([, id]) => id), seen.map(([, , version]) => String(version))],
  )
  return new Map(rows.map(([version, at]) => [Number(version), Number(at)]))
}

/**
 * When the server last changed each of these fields, ms since 1970. Where the log no longer knows, the row's `updatedAt` is
 * the latest it can have been; without one, 0.
 */
export const timesOfFields = async (
  connection: Connection,
  model: KnownModel,
  id: Uuid,
  fields: readonly string[],
  values: Readonly<Record<string, Wire>>,
): Promise<ReadonlyMap<string, number>> => {
  if (fields.length === 0) return new Map()
  const ids = fields.map((field) => columnOf(model, field).columnId)
  const rows = await connection.rows(
    `select f.id, floor(extract(epoch from max(c.edited_at)) * 1000)::bigint
from unnest($3::text[]) f(id)
left join syncgen.changes c on c.model = $1 and c.key = $2::uuid and (c.op = 'I' or f.id = any (c.fields))
group by f.id`,
    [model.name, id, ids],
  )
  const logged = new Map(rows.map(([column, at]) => [String(column), at === null ? undefined : Number(at)]))
  const updatedAt = values['updatedAt']
  const oldest = typeof updatedAt === 'string' ? Date.parse(updatedAt) : 0
  return new Map(fields.map((field, at) => [field, logged.get(ids[at] ?? '') ?? oldest]))
}
