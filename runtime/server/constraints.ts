/** Which fields a constraint of the database is about. */
import type { Catalog } from './catalog.js'
import { type SqlFailure, sqlFailure } from './sql-failure.js'
import type { Connection, Database } from './transaction.js'

export class ConstraintFields {
  readonly #catalog: Catalog
  #columns: ReadonlyMap<string, readonly string[]>
  /** Names that were not found when they were looked up: a trigger may make up its own. */
  readonly #unknown = new Set<string>()

  private constructor(catalog: Catalog, columns: ReadonlyMap<string, readonly string[]>) {
    this.#catalog = catalog
    this.#columns = columns
  }

  /** Reads the constraints and unique indexes of the schema's tables. */
  static async read(database: Database, catalog: Catalog): Promise<ConstraintFields> {
    return new ConstraintFields(catalog, await columnsByName(database, catalog))
  }

  /**
   * Reads them anew if the error names one that is not known: it was added since. Once for each name, and for a bounded number of
   * names. Whether it was found.
   */
  async learn(connection: Pick<Connection, 'rows'>, error: unknown): Promise<boolean> {
    const { table, constraint } = sqlFailure(error) ?? {}
    const name = `${table} ${constraint}`
    if (table === undefined || constraint === undefined || !this.#catalog.byTable.has(table)) return false
    if (this.#columns.has(name) || this.#unknown.has(name) || this.#unknown.size >= mostUnknown) return false
    this.#columns = await columnsByName(connection, this.#catalog)
    if (!this.#columns.has(name)) this.#unknown.add(name)
    return this.#columns.has(name)
  }

  /** The model of the table that refused, and the fields concerned, as far as they are a client's to know. */
  place({ table, constraint, column }: SqlFailure): { readonly model: string; readonly fields: readonly string[] } | undefined {
    const model = table === undefined ? undefined : this.#catalog.byTable.get(table)
    if (model === undefined) return undefined
    const columns = column === undefined ? this.#columns.get(`${table} ${constraint}`) : [column]
    const fields = [...model.columns].filter(([field, own]) => columns?.includes(own.column) === true && model.travels.has(field))
    return { model: model.name, fields: fields.map(([field]) => field) }
  }
}

const columnsByName = async (connection: Pick<Connection, 'rows'>, catalog: Catalog): Promise<ReadonlyMap<string, readonly string[]>> => {
  const rows = await connection.rows(constraints, [[...catalog.byTable.keys()]])
  return new Map(rows.map(([table, name, columns]) => [`${String(table)} ${String(name)}`, columns as readonly string[]]))
}

const mostUnknown = 1000

const constraints = `select t.relname::text, x.name, array(
    select a.attname::text from pg_attribute a where a.attrelid = t.oid and a.attnum = any (x.columns) order by a.attnum)
from pg_class t
join lateral (
  select c.conname::text as name, c.conkey as columns from pg_constraint c where c.conrelid = t.oid
  union
  select i.relname::text, string_to_array(u.indkey::text, ' ')::int2[]
  from pg_index u join pg_class i on i.oid = u.indexrelid
  where u.indrelid = t.oid and u.indisunique
) x on true
where t.relname = any ($1::text[]) and pg_table_is_visible(t.oid)`
