import pg from 'pg'
import { initialMigration } from '../../generator/migrate.js'
import { readSchema } from '../../generator/read/read-schema.js'
import type { Schema } from '../../generator/model.js'
import { testDatabase } from '../../runtime/testing/database.js'

/** A database with a schema's first migration applied, and connections to it. Closed by `await using`. */
export class Database implements AsyncDisposable {
  readonly url: string
  readonly #drop: () => Promise<void>
  readonly #clients: pg.Client[] = []

  private constructor(url: string, drop: () => Promise<void>) {
    this.url = url
    this.#drop = drop
  }

  static async of(schema: Schema): Promise<Database> {
    const { url, drop } = await testDatabase()
    const database = new Database(url, drop)
    const client = await database.connect()
    await client.query('begin')
    await client.query(initialMigration(schema))
    await client.query('commit')
    return database
  }

  /** One that is there already and is not dropped. */
  static at(url: string): Database {
    return new Database(url, () => Promise.resolve())
  }

  /** A connection as the owner, or as another role of this database's own. */
  async connect(role?: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, types: { getTypeParser } })
    client.on('error', () => undefined) // Ended with its database.
    await client.connect()
    await client.query('set datestyle to iso')
    if (role !== undefined) await client.query(`set session authorization ${pg.escapeIdentifier(role)}`)
    this.#clients.push(client)
    return client
  }

  /** Ends all its connections. */
  async disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.end()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect()
    await this.#drop()
  }
}

/** The example schema of the repository. */
export const trackerSchema = async (): Promise<Schema> => {
  const read = await readSchema(['schemas'])
  if (!read.ok) throw new Error(read.problems.map((problem) => problem.message).join('\n'))
  return read.schema
}

/** Dates as PostgreSQL writes them; the rest as the driver does. */
const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === 1082 ? (text: string) => text : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser
