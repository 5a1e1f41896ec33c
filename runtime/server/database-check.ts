/** Whether a database is there, and is this schema's: asked at start, so that an operator reads what to do, no SQL error. */
import { SyncError } from '../protocol/errors.js'
import type { Log } from '../protocol/ports.js'
import type { Catalog } from './catalog.js'
import { sqlFailure } from './sql-failure.js'
import type { Database } from './transaction.js'

/**
 * Compares what the server needs, not what it was made with: during a deploy the database is of the version after. Triggers of another version capture all
 * that they have to; what they log is compared, not read.
 * @throws SyncError `database-unreachable`: no connection, or not the primary; `database-not-migrated`: tables or columns are missing or of
 * other types, rows could not be inserted, or changes are not captured.
 */
export const checkDatabase = async (database: Database, catalog: Catalog, log: Log): Promise<void> => {
  const [there] = await reached(database.rows(`select to_regclass('syncgen.meta') is not null, pg_is_in_recovery()`))
  if (there?.[1] === true) throw unreachable('it is a standby, whose snapshots omit running transactions; use the primary')
  if (there?.[0] !== true) throw notMigrated('it has no schema syncgen')
  const columns = columnsOf(catalog)
  const wanted = [columns.map(([table]) => table), columns.map(([, column]) => column), columns.map(([, , type]) => type)]
  const tables = [...catalog.byTable.keys()]
  const found = async (text: string, values: readonly (string | readonly string[])[]): Promise<string> =>
    (await reached(database.rows(text, values))).slice(0, 5).map(([name]) => String(name)).join(', ')
  const missing = await found(missingColumns, wanted.slice(0, 2))
  if (missing !== '') throw notMigrated(`it has no ${missing}`)
  const retyped = await found(otherTypes, wanted)
  if (retyped !== '') throw notMigrated(`${retyped} is of another type`)
  const unfilled = await found(unfilledColumns, wanted.slice(0, 2))
  if (unfilled !== '') throw notMigrated(`nothing fills ${unfilled}, which this version does not know`)
  const silent = await found(silentTables, [tables])
  if (silent !== '') throw notMigrated(`changes of ${silent} are not captured`)
  const strange = await found(otherTriggers, [tables, catalog.schema.shape])
  if (strange !== '') log('warn', 'triggers-of-another-version', { tables: strange })
}

/** New epoch if the database is not where it was: a restored copy, a promoted standby. Whether it was so. */
export const renewEpoch = async (database: Database): Promise<boolean> => {
  const [row] = await reached(database.write((connection) => connection.rows('select syncgen.renew_epoch()')))
  return row?.[0] === true
}

/** Table, column, type. */
const columnsOf = (catalog: Catalog): readonly (readonly [string, string, string])[] =>
  [...catalog.models.values()].flatMap(({ server, columns }) => [
    [server.table, 'version', 'bigint'] as const,
    ...[...columns.values()].map(({ column, sqlType }) => [server.table, column, sqlType] as const),
  ])

const reached = async <Result>(asking: Promise<Result>): Promise<Result> => {
  try {
    return await asking
  } catch (error) {
    if (error instanceof SyncError) throw error
    if (sqlFailure(error)?.code === '42501')
      throw unreachable(
        'its user lacks rights on the schema syncgen; run `npx syncgen migrate` as its owner, or grant them',
        error,
      )
    throw unreachable(error instanceof Error ? error.message : 'no reason given', error)
  }
}

const unreachable = (why: string, cause?: unknown): SyncError =>
  new SyncError(
    'database-unreachable',
    `Cannot use the database: ${why}. Check the URL in \`database\`, and that PostgreSQL runs.`,
    {},
    { cause },
  )

const notMigrated = (why: string): SyncError =>
  new SyncError(
    'database-not-migrated',
    `The database is not the schema's: ${why}. Run \`npx syncgen migrate --database <URL>\`.`,
  )

const missingColumns = `select w.t || '.' || w.c
from unnest($1::text[], $2::text[]) w(t, c)
where not exists (
  select from pg_attribute a where a.attrelid = to_regclass(quote_ident(w.t)) and a.attname = w.c and not a.attisdropped)`

/** A length or a precision may differ, one kind of text from another, and a domain is what it is made of. */
const otherTypes = `select w.t || '.' || w.c
from unnest($1::text[], $2::text[], $3::text[]) w(t, c, type)
join pg_attribute a on a.attrelid = to_regclass(quote_ident(w.t)) and a.attname = w.c and not a.attisdropped
join pg_type is_ on is_.oid = a.atttypid
join pg_type should on should.oid = to_regtype(regexp_replace(w.type, '\\([^)]*\\)', ''))
where should.oid not in (is_.oid, is_.typbasetype) and (should.typcategory <> 'S' or is_.typcategory <> 'S')`

/** Columns of the tables that a row must have, that PostgreSQL does not fill, and that are not among those given. */
const unfilledColumns = `select distinct w.t || '.' || a.attname
from unnest($1::text[]) w(t)
join pg_attribute a on a.attrelid = to_regclass(quote_ident(w.t)) and a.attnum > 0 and not a.attisdropped
where a.attnotnull and not a.atthasdef and a.attidentity = ''
  and not exists (select from unnest($1::text[], $2::text[]) k(t, c) where k.t = w.t and k.c = a.attname)`

/** Tables without an enabled trigger of each kind: one that stamps before an insert or an update, one that logs each kind of change. */
const silentTables = `select t.name
from unnest($1::text[]) t(name)
where exists (
  select from (values (2, 4), (2, 16), (0, 4), (0, 8), (0, 16), (0, 32)) k(time, event)
  where not exists (
    select from pg_trigger g join pg_proc p on p.oid = g.tgfoid
    where g.tgrelid = to_regclass(quote_ident(t.name)) and not g.tgisinternal and g.tgenabled in ('O', 'A')
      and p.pronamespace = 'syncgen'::regnamespace and g.tgtype & 2 = k.time and g.tgtype & k.event > 0))`

/** Tables without a capturing trigger whose function names the shape. */
const otherTriggers = `select t.name
from unnest($1::text[]) t(name)
where not exists (
  select from pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
  where g.tgrelid = to_regclass(quote_ident(t.name)) and not g.tgisinternal
    and n.nspname = 'syncgen' and position($2 in p.prosrc) > 0)`
