/** The rows that a mutation meets, locked: what `reconcile` decides on. */
import type { Uuid } from '../protocol/descriptor.js'
import type { StoredRow } from '../protocol/reconcile.js'
import type { Wire } from '../protocol/values.js'
import { type KnownModel, keyOf, wireValuesOf } from './catalog.js'
import type { ColumnDescriptor } from './descriptor.js'
import type { Connection, SqlRow } from './transaction.js'
import { identifier } from './values.js'

/** A row with a key and what is stored under it. */
export interface Stored {
  readonly model: KnownModel
  readonly id: Uuid
  readonly state: StoredRow
  /** Every column, in the order of `sql.lock`; absent unless present. */
  readonly row: SqlRow | undefined
}

/** Locks the rows under these keys, in one order for everybody, so that two mutations cannot wait for each other. */
export const lockRows = async (
  connection: Connection,
  keys: ReadonlyMap<KnownModel, ReadonlySet<Uuid>>,
): Promise<ReadonlyMap<string, Stored>> => {
  const found = new Map<string, Stored>()
  for (const [model, ids] of [...keys].sort(([left], [right]) => (left.name < right.name ? -1 : 1))) {
    const rows = await connection.rows(model.server.sql.lock, [[...ids]])
    for (const row of rows) found.set(storedKey(model.name, String(row[0])), present(model, row))
    for (const id of ids) {
      const key = storedKey(model.name, id)
      if (!found.has(key)) found.set(key, { model, id, state: { kind: 'never' }, row: undefined })
    }
  }
  return found
}

/** Rows of different models may have one id. */
export const storedKey = (model: string, id: Uuid): string => `${model} ${id}`

/** A row that was just read or written. */
export const present = (model: KnownModel, row: SqlRow): Stored => {
  const { id, version } = keyOf(row)
  return { model, id, state: { kind: 'present', version, values: wireValuesOf(model, row) }, row }
}

/** A row that is gone, with its last image if the log still has it: `edit-wins` may bring it back. */
export const deletedRow = async (connection: Connection, model: KnownModel, id: Uuid): Promise<Stored> => {
  const [row] = await connection.rows(lastImage(model), [model.name, id])
  if (row === undefined) return { model, id, state: { kind: 'never' }, row: undefined }
  const before = row[versionColumn] === null ? null : wireValuesOf(model, row)
  return { model, id, state: { kind: 'deleted', before }, row: undefined }
}

/** Those keys of which the log's last word is that their row was deleted. */
export const deletedAmong = async (connection: Connection, model: KnownModel, ids: readonly Uuid[]): Promise<ReadonlySet<Uuid>> => {
  const rows = ids.length === 0 ? [] : await connection.rows(lastWords, [model.name, ids])
  return new Set(rows.map(([id]) => String(id)))
}

/** The wire values of a row that is there, else none. */
export const valuesOf = ({ state }: Stored): Readonly<Record<string, Wire>> | undefined =>
  state.kind === 'present' ? state.values : undefined

const versionColumn = 1

const lastWords = `select k.key from unnest($2::uuid[]) k(key), lateral (
  select l.op from syncgen.changes l where l.model = $1 and l.key = k.key
  order by l.version desc, l.op = 'D' desc limit 1) c
where c.op = 'D'`

/**
 * The last log row of a key, if it is a delete, as a row of `sql.lock`; `version` is null if it has no image, or one that lacks columns: it
 * was logged before they were there, or before the model said `edit-wins`, and a row that came back would be blank in them.
 */
const lastImage = (model: KnownModel): string => {
  const [, ...columns] = [...model.columns.values()]
  const all = columns.map(({ columnId }) => `'${columnId.replaceAll(`'`, `''`)}'`).join(', ')
  return `select c.key, case when c.before ?& array[${all}]::text[] then c.version end, ${columns.map(imageValue).join(', ')}
from (
  select l.key, l.op, l.version, l.before from syncgen.changes l
  where l.model = $1 and l.key = $2::uuid
  order by l.version desc, l.op = 'D' desc limit 1) c
where c.op = 'D'`
}

/** A column's value out of an image, typed as the column is. Arrays, bytes and json have forms of their own in there. */
const imageValue = ({ columnId, sqlType, field }: ColumnDescriptor): string => {
  const key = `'${columnId.replaceAll(`'`, `''`)}'`
  switch (field.type) {
    case 'json':
      return `nullif(c.before->${key}, 'null')`
    case 'bytes':
      return `decode(c.before->>${key}, 'hex')`
    case 'list':
      return `case when jsonb_typeof(c.before->${key}) = 'array' then array(
        select e.element from jsonb_array_elements_text(c.before->${key}) with ordinality e(element, at)
        order by e.at)::${sqlType} end`
    default:
      return `(c.before->>${key})::${sqlType} as ${identifier(columnId)}`
  }
}
