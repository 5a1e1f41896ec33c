/**
 * Writers on several connections that do everything a writer can: moves, deletes, key changes, insertions under a key that was there before,
 * savepoints, rollbacks, transactions left open while others commit.
 */
import type pg from 'pg'
import type { Field, FieldType, Model, Schema } from '../../generator/model.js'
import type { Row, Tables, Value } from './oracle.js'
import type { Dice } from './random.js'

/** How many keys a model has: few, so that keys come back; fewest where many others hang on them. */
export const keysOf = (schema: Schema, model: string): number => (schema.models.findIndex((each) => each.name === model) < 2 ? 4 : 8)

/** The n-th key of a model. */
export const key = (schema: Schema, model: string, n: number): string => {
  const at = schema.models.findIndex((each) => each.name === model)
  return `00000000-0000-4000-8000-00000000${at.toString(16).padStart(2, '0')}${n.toString(16).padStart(2, '0')}`
}

/** All tables in one snapshot, read in a transaction of the caller's. */
export const readTables = async (client: pg.Client, schema: Schema): Promise<Tables> => {
  const tables = new Map<string, ReadonlyMap<string, Row>>()
  for (const model of schema.models) {
    const { rows } = await client.query<Row>(`select * from "${model.table}"`)
    tables.set(model.name, new Map(rows.map((row) => [String(row['id']), row])))
  }
  return tables
}

/** A state that a reader saw, with its snapshot. */
export interface Seen {
  readonly snapshot: string
  readonly tables: Tables
}

/** Runs `work` in a REPEATABLE READ transaction, after reading everything in it. */
export const inSnapshot = async <Result>(client: pg.Client, schema: Schema, work: (seen: Seen) => Promise<Result>): Promise<Result> => {
  await client.query('begin isolation level repeatable read read only')
  try {
    const { rows } = await client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot')
    const tables = await readTables(client, schema)
    return await work({ snapshot: rows[0]?.snapshot ?? '', tables })
  } finally {
    await client.query('rollback')
  }
}

/** One connection that writes. Owns its transaction. */
export class Writer {
  readonly #client: pg.Client
  readonly #schema: Schema
  readonly #dice: Dice
  readonly #values: Values
  #open = false
  #savepoints = 0

  constructor(client: pg.Client, schema: Schema, dice: Dice) {
    this.#client = client
    this.#schema = schema
    this.#dice = dice
    this.#values = new Values(schema, dice)
  }

  /** One step: a write, or something about the transaction. A write that fails is undone as far as its savepoint. */
  async step(): Promise<void> {
    const dice = this.#dice
    if (!this.#open) {
      await this.#client.query(`begin; set local lock_timeout = '10ms'`)
      this.#open = true
      this.#savepoints = 0
    }
    const roll = dice.next()
    if (roll < 0.12) return this.end(true)
    if (roll < 0.18) return this.end(false)
    if (roll < 0.26) return this.#savepoint()
    if (roll < 0.32 && this.#savepoints > 0) {
      await this.#client.query(`rollback to s${this.#savepoints}`)
      return
    }
    await this.write()
  }

  async end(commit: boolean): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#client.query(commit ? 'commit' : 'rollback')
  }

  async write(): Promise<void> {
    await this.#try(this.#statement())
  }

  /** Inserts rows of every model, parents first. */
  async populate(): Promise<void> {
    for (let round = 0; round < 3; round++)
      for (const model of this.#schema.models) for (let n = 0; n < 8; n++) await this.#try(this.#insert(model))
  }

  /** A statement that fails is undone alone. */
  async #try({ text, values }: Written): Promise<void> {
    if (this.#open) await this.#client.query('savepoint statement')
    try {
      await this.#client.query(text, [...values])
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (this.#open) await this.#client.query('rollback to statement')
    }
  }

  async #savepoint(): Promise<void> {
    this.#savepoints += 1
    await this.#client.query(`savepoint s${this.#savepoints}`)
  }

  #statement(): Written {
    const dice = this.#dice
    const model = dice.pick(this.#schema.models)
    const table = `"${model.table}"`
    const own = model.fields.filter((field) => !field.implicit)
    const roll = dice.next()
    if (roll < 0.35) return this.#insert(model)
    if (roll < 0.46) return { text: `delete from ${table} where id = $1`, values: [this.#values.keyOf(model.name)] }
    if (roll < 0.5) return { text: `update ${table} set id = $2 where id = $1`, values: [this.#values.keyOf(model.name), this.#values.keyOf(model.name)] }
    const some = dice.some(own, 0.3)
    const set = some.length > 0 ? some : [dice.pick(own)]
    const values = set.map((field) => this.#values.of(field))
    const assignments = set.map(({ column }, at) => `"${column}" = $${at + 1}`).join(', ')
    if (dice.chance(0.1)) return { text: `update ${table} set ${assignments} where hashtext(id::text) % 3 = $${set.length + 1}`, values: [...values, dice.below(3)] }
    return { text: `update ${table} set ${assignments} where id = $${set.length + 1}`, values: [...values, this.#values.keyOf(model.name)] }
  }

  #insert(model: Model): Written {
    const own = model.fields.filter((field) => !field.implicit)
    const columns = ['id', ...own.map((field) => field.column)].map((column) => `"${column}"`)
    const values = [this.#values.keyOf(model.name), ...own.map((field) => this.#values.of(field))]
    const upsert = this.#dice.chance(0.3) ? `update set ${own.map(({ column }) => `"${column}" = excluded."${column}"`).join(', ')}` : 'nothing'
    const text = `insert into "${model.table}" (${columns.join(', ')}) values (${values.map((_, at) => `$${at + 1}`).join(', ')}) on conflict (id) do ${upsert}`
    return { text, values }
  }
}

interface Written {
  readonly text: string
  readonly values: readonly Value[]
}

/** Values of few kinds, so that predicates often agree. */
class Values {
  readonly #schema: Schema
  readonly #dice: Dice

  constructor(schema: Schema, dice: Dice) {
    this.#schema = schema
    this.#dice = dice
  }

  keyOf(model: string): string {
    return key(this.#schema, model, this.#dice.below(keysOf(this.#schema, model)))
  }

  of(field: Field): Value {
    if (field.nullable && this.#dice.chance(0.25)) return null
    return field.reference === null ? this.#plain(field.type, field.unique) : this.keyOf(field.reference.model)
  }

  #plain(type: FieldType, unique: boolean): Value {
    const dice = this.#dice
    switch (type.kind) {
      case 'string':
      case 'text':
        if (type.kind === 'string' && type.pattern?.startsWith('^#') === true) return dice.pick(['#00ff00', '#ff0000'])
        return unique ? `u${dice.below(40)}` : dice.pick(words)
      case 'int':
      case 'bigint':
        return dice.below(4)
      case 'float':
        return dice.below(4) / 2
      case 'decimal':
        return (dice.below(4) / 2).toFixed(2)
      case 'boolean':
        return dice.chance(0.5)
      case 'timestamp':
        return `2026-01-0${dice.below(4) + 1}T00:00:00.000Z`
      case 'date':
        return `2026-01-0${dice.below(4) + 1}`
      case 'json':
        return JSON.stringify({ a: dice.below(3) })
      case 'uuid':
        return this.keyOf(this.#schema.models[0]?.name ?? '')
      case 'enum':
        return dice.pick(this.#schema.enums.find((each) => each.name === type.enum)?.values ?? []).name
      case 'list':
        return type.of.kind === 'int' ? dice.some([0, 1, 2], 0.5) : dice.some(words, 0.5)
      case 'bytes':
        return '\\x00ff'
    }
  }
}

/** Texts in which code points, prefixes and parts can differ. */
export const words = ['a', 'ab', 'b', 'B', 'ö', '😀']

/** Constraint violations and lock timeouts are the writers' business. */
const isRefusal = (error: unknown): boolean => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('23') || code === '55P03' || code === '40P01' || code === '27000'
}
