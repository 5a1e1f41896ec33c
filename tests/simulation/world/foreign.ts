/** Another program at the same database: transactions that stay open while the world goes on. */
import pg from 'pg'
import type { Model } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import type { Owner } from '../database/gate.js'
import type { Kernel } from '../kernel/kernel.js'
import { type ForeignStatement, type ForeignWeights, foreignEdit, foreignStatement } from '../schema/foreign-sql.js'
import { RowAuthor } from '../schema/row-author.js'
import type { SimSchema } from '../schema/sim-schema.js'
import type { Tables } from '../schema/tables.js'

export interface ForeignParts {
  readonly kernel: Kernel
  readonly dice: Dice
  /** The version that the database has. */
  readonly schema: () => SimSchema
  readonly database: () => string
  readonly register: (owner: Owner) => void
  readonly count: (what: string) => void
}

export class ForeignSession implements Owner {
  readonly name: string
  readonly asleepUntil = 0
  readonly isAlive = true
  readonly #parts: ForeignParts
  #author: RowAuthor | null = null
  #version: SimSchema | null = null
  #client: pg.Client | null = null
  #marks = 0
  /** Statements of the open transaction that are not done yet, one after the other. */
  #line: Promise<void> = Promise.resolve()
  #waiting = 0
  /** Databases that it had. */
  #databases = 0
  isInTransaction = false

  constructor(name: string, parts: ForeignParts) {
    this.name = name
    this.#parts = parts
    parts.register(this)
  }

  /** Nothing of it is at the database. */
  get isIdle(): boolean {
    return this.#waiting === 0
  }

  begin(): void {
    if (this.isInTransaction) return
    this.isInTransaction = true
    this.#do('begin', [])
  }

  end(commit: boolean): void {
    if (!this.isInTransaction) return
    this.isInTransaction = false
    this.#do(commit ? 'commit' : 'rollback', [])
  }

  write(model: string, tables: Tables, weights?: ForeignWeights): ForeignStatement | null {
    const { dice } = this.#parts
    const found = this.#model(model)
    const statement = found === undefined ? null : foreignStatement(dice, this.#authorOfNow(), found, tables, weights)
    if (statement !== null) this.#do(statement.text, statement.values, statement.kind)
    return statement
  }

  /** Changes these fields of one row. */
  edit(model: string, id: string, fields: readonly string[], tables: Tables): void {
    const found = this.#model(model)
    const statement = found === undefined ? null : foreignEdit(this.#authorOfNow(), found, tables, id, fields)
    if (statement !== null) this.#do(statement.text, statement.values, 'edit')
  }

  /** The same as a replicating process writes: ordinary triggers do not fire. False while a transaction is open. */
  replicate(model: string, id: string, fields: readonly string[], tables: Tables): boolean {
    if (this.isInTransaction) return false
    this.begin()
    this.run('set local session_replication_role = replica')
    this.edit(model, id, fields, tables)
    this.end(true)
    return true
  }

  run(text: string): void {
    this.#do(text, [], text.slice(0, 24))
  }

  /** The database is another: connect anew. What still waited was for the one before: a transaction that nobody ends is begun by nobody. */
  reconnect(): void {
    this.#databases += 1
    this.#client = null
    this.isInTransaction = false
  }

  #model(name: string): Model | undefined {
    return this.#parts.schema().ir.models.find((model) => model.name === name)
  }

  #authorOfNow(): RowAuthor {
    const schema = this.#parts.schema()
    if (this.#author === null || this.#version !== schema) this.#author = new RowAuthor({ schema, dice: this.#parts.dice, mark: () => `${this.name}:${(this.#marks += 1)}` })
    this.#version = schema
    return this.#author
  }

  #do(text: string, values: readonly (string | null)[], kind?: string): void {
    const { count } = this.#parts
    const database = this.#databases
    this.#waiting += 1
    this.#line = this.#line.then(async () => {
      try {
        if (database !== this.#databases) return
        const client = await this.#connected()
        await client.query(text, [...values])
        if (kind !== undefined) count(`sql ${kind}`)
      } catch (error) {
        count('sql refused')
        if (!(error instanceof Error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code)))) this.reconnect()
      } finally {
        this.#waiting -= 1
      }
    })
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client
    const client = new pg.Client({ connectionString: this.#parts.database(), application_name: `sim:${this.name}`, options: '-c datestyle=ISO' })
    client.on('error', () => undefined) // The statement's own promise tells.
    const database = this.#databases
    await client.connect()
    if (database === this.#databases) return (this.#client = client)
    await client.end()
    throw new Error('the database is another')
  }
}
