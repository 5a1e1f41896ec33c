/** Which fields a constraint of the database is about. */
import type { Catalog } from './catalog.js'
import type { SqlFailure } from './sql-failure.js'
import type { Database } from './transaction.js'

export class ConstraintFields {
  readonly #catalog: Catalog
  readonly #columns: ReadonlyMap<string, readonly string[]>

  private constructor(catalog: Catalog, columns: ReadonlyMap<string, readonly string[]>) {
    this.#catalog = catalog
    this.#columns = columns
  }

  /** Reads the constraints and unique indexes of the schema's tables. */
  static async read(database: Database, catalog: Catalog): Promise<ConstraintFields> {
    const rows = await database.rows(constraints, [[...catalog.byTable.keys()]])
    return new ConstraintFields(
      catalog,
      new Map(rows.map(([table, name, columns]) => [`${String(table)} ${String(name)}`, columns as readonly string[]])),
    )
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
