/** Whether a database is there, and is this schema's: asked at start, so that an operator reads what to do, no SQL error. */
import { SyncError } from '../protocol/errors.js'
import type { Catalog } from './catalog.js'
import { sqlFailure } from './sql-failure.js'
import type { Database } from './transaction.js'

/**
 * @throws SyncError `database-unreachable`: no connection, or not the primary; `database-not-migrated`: tables, columns or
 * triggers are not those of the schema.
 */
export const checkDatabase = async (database: Database, catalog: Catalog): Promise<void> => {
  const [there] = await reached(database.rows(`select to_regclass('syncgen.meta') is not null, pg_is_in_recovery()`))
  if (there?.[1] === true) throw unreachable('it is a standby, whose snapshots omit running transactions; use the primary')
  if (there?.[0] !== true) throw notMigrated('it has no schema syncgen')
  const missing = await reached(
    database.rows(missingColumns, [columnsOf(catalog).map(([table]) => table), columnsOf(catalog).map(([, column]) => column)]),
  )
  if (missing.length > 0)
    throw notMigrated(
      `it has no ${missing
        .slice(0, 5)
        .map(([name]) => String(name))
        .join(', ')}`,
    )
  const strange = await reached(database.rows(otherTriggers, [[...catalog.byTable.keys()], catalog.schema.shape]))
  if (strange.length > 0)
    throw notMigrated(`the triggers of ${strange.map(([name]) => String(name)).join(', ')} are of another schema`)
}

/** New epoch if the database is not where it was: a restored copy, a promoted standby. Whether it was so. */
export const renewEpoch = async (database: Database): Promise<boolean> => {
  const [row] = await reached(database.write((connection) => connection.rows('select syncgen.renew_epoch()')))
  return row?.[0] === true
}

const columnsOf = (catalog: Catalog): readonly (readonly [string, string])[] =>
  [...catalog.models.values()].flatMap(({ server, columns }) =>
    ['version', ...[...columns.values()].map(({ column }) => column)].map((column) => [server.table, column] as const),
  )

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

/** Tables without a capturing trigger whose function names the shape. */
const otherTriggers = `select t.name
from unnest($1::text[]) t(name)
where not exists (
  select from pg_trigger g join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
  where g.tgrelid = to_regclass(quote_ident(t.name)) and not g.tgisinternal
    and n.nspname = 'syncgen' and position($2 in p.prosrc) > 0)`
