import type { Uuid } from '../protocol/descriptor.js'
import type { Catalog, KnownModel } from './catalog.js'
import { type Verified, claimsOf } from './identity.js'
import type { Connection, SqlRow } from './transaction.js'

/** The access rules of each model. */
export type Rule = 'read' | 'create' | 'update' | 'delete'

/** Asks the database which rows a rule holds for, as they are at this moment of the transaction. */
export class Judge {
  readonly #connection: Connection
  readonly #catalog: Catalog
  readonly #identity: Verified

  constructor(connection: Connection, catalog: Catalog, identity: Verified) {
    this.#connection = connection
    this.#catalog = catalog
    this.#identity = identity
  }

  /** Those of these keys that have a row for which the rule holds. No rule: none. */
  async allowed(model: KnownModel, rule: Rule, ids: Iterable<Uuid>): Promise<ReadonlySet<Uuid>> {
    const statement = model.server.access[rule]
    const keys = [...ids]
    if (statement === null || keys.length === 0) return new Set()
    const rows = await this.#connection.rows(statement.text, [keys, ...claimsOf(this.#catalog, statement, this.#identity)])
    return new Set(rows.map(([id]) => String(id)))
  }

  /** The rows under these keys that may be read, as `sql.rows` gives them: each as it is at the very moment in which that is judged. */
  async readableRows(model: KnownModel, ids: Iterable<Uuid>): Promise<readonly SqlRow[]> {
    const rule = model.server.access.read
    const keys = [...ids]
    if (rule === null || keys.length === 0) return []
    const text = `select r.* from (${model.server.sql.rows}) r where r."id" in (${rule.text})`
    return this.#connection.rows(text, [keys, ...claimsOf(this.#catalog, rule, this.#identity)])
  }
}
