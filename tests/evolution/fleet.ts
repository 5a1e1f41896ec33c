/** One database on its way through versions, with servers and devices of any of them. */
import pg from 'pg'
import { memoryStorage, type OpenStorage } from 'syncgen/client'
import { until } from 'syncgen/testing'
import { fieldOf, type Field, type FieldType, type Model } from '../../generator/model.js'
import { sqlType } from '../../generator/sql/field-types.js'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { type LabNode, type LabServer, startLabNode } from '../../runtime/testing/lab-node.js'
import type { AnyCache, AnyClient, AnyRow, Versions } from './versions.js'

/** What a device did while it was offline, by the names of its version. */
export interface QueuedWrite {
  readonly op: 'create' | 'update' | 'delete' | 'link'
  readonly model: string
  readonly id: string
  readonly values: Readonly<Record<string, unknown>>
}

export class Fleet {
  readonly versions: Versions
  readonly client: pg.Client
  readonly person: string
  readonly #url: string
  readonly #ends: (() => Promise<void>)[] = []
  #node: LabNode<LabServer> | null = null
  #port = 0

  private constructor(versions: Versions, url: string, client: pg.Client, person: string, ends: (() => Promise<void>)[]) {
    this.versions = versions
    this.client = client
    this.person = person
    this.#url = url
    this.#ends = ends
  }

  /** A database of this version with a person, cards and, if there are any, labels. */
  static async begin(versions: Versions, at: number): Promise<Fleet> {
    const { url, drop } = await testDatabase()
    await migrate({ database: url, folder: versions.migrations(at) })
    const client = new pg.Client({ connectionString: url, options: '-c datestyle=ISO' })
    await client.connect()
    const { rows } = await client.query(`insert into people (name, email) values ('ada', 'ada@example.org') returning id`)
    const fleet = new Fleet(versions, url, client, String(rows[0].id), [() => client.end(), drop])
    const card = fleet.card(at)
    const title = fieldOf(card, 'title').column
    const required = card.fields.filter((field) => !field.implicit && !field.nullable && field.default === null && field.name !== 'title')
    const columns = [title, ...required.map(({ column }) => column)].join(', ')
    for (let n = 0; n < 6; n++) {
      const values = [`card ${n}`, ...required.map((field) => (field.reference === null ? fleet.value(at, field, n) : fleet.person))]
      await client.query(`insert into ${card.table} (${columns}) values (${values.map((_, index) => `$${index + 1}`).join(', ')})`, values)
    }
    const join = fleet.join(at)
    if (join !== undefined) {
      await client.query(`insert into labels (name) values ('red'), ('blue')`)
      const near = join.fields.find(({ implicit }) => !implicit)
      await client.query(`insert into ${join.table} (${near?.column}, label_id) select c.id, l.id from ${card.table} c, labels l where c.${title} = 'card 5'`)
    }
    return fleet
  }

  /** What a device of a version writes into a field. */
  value(at: number, { type }: Field, mark: number): unknown {
    return valueOf(type, mark, this.versions.schema(at).enums)
  }

  /** The model whose rows people write. */
  card(at: number): Model {
    return this.#model(at, ({ name }) => name === 'Task' || name === 'Card') as Model
  }

  join(at: number): Model | undefined {
    return this.#model(at, ({ join }) => join)
  }

  migrate(at: number): Promise<unknown> {
    return migrate({ database: this.#url, folder: this.versions.migrations(at) })
  }

  /** A server of this version, where the one before was. */
  async serve(at: number): Promise<void> {
    await this.#node?.close()
    const { createCardsServer } = await this.versions.code(at)
    this.#node = await startLabNode({ createServer: createCardsServer, log: quiet }, this.#url, this.#port)
    this.#port = this.#node.port
  }

  /** One more server, of another version, beside it; returns its port. */
  async serveBeside(at: number): Promise<number> {
    const { createCardsServer } = await this.versions.code(at)
    const node = await startLabNode({ createServer: createCardsServer, log: quiet }, this.#url, 0)
    this.#ends.splice(-2, 0, () => node.close())
    return node.port
  }

  async device(at: number, storage: OpenStorage = memoryStorage(), port = this.#port): Promise<Device> {
    const { openCards } = await this.versions.code(at)
    const token = JSON.stringify({ principal: this.person, claims: { sub: this.person } })
    const client = await openCards({ url: `ws://127.0.0.1:${port}/sync`, principal: this.person, token, storage, log: quiet })
    this.#ends.unshift(() => client.close())
    return new Device(this, at, client, storage)
  }

  async end(): Promise<void> {
    const [first, ...rest] = [this.#node, ...this.#ends.map((end) => ({ close: end }))]
    await Promise.allSettled(rest.slice(0, -2).map((each) => each.close()))
    await first?.close()
    for (const each of rest.slice(-2)) await each.close()
  }

  #model(at: number, is: (model: Model) => boolean): Model | undefined {
    return this.versions.schema(at).models.find(is)
  }
}

export class Device {
  readonly at: number
  readonly client: AnyClient
  readonly storage: OpenStorage
  readonly #fleet: Fleet

  constructor(fleet: Fleet, at: number, client: AnyClient, storage: OpenStorage) {
    this.#fleet = fleet
    this.at = at
    this.client = client
    this.storage = storage
  }

  cache({ plural }: Pick<Model, 'plural'>): AnyCache {
    // The cast is the boundary: the schema is known at run time only.
    return (this.client as unknown as Record<string, AnyCache>)[plural] as AnyCache
  }

  async inStep(): Promise<void> {
    const { status } = this.client
    try {
      await until('the device is in step', () => status.get().connection === 'online' && status.get().pending === 0, 10_000)
    } catch (error) {
      const { connection, pending, error: why } = status.get()
      throw new Error(`version ${this.at}: ${connection}, ${pending} pending, ${why?.message ?? 'no error'}`, { cause: error })
    }
  }

  /** A write of each kind: on cards that are there, on one that is new, each field in a transaction of its own. */
  work(mark: number): readonly QueuedWrite[] {
    const card = this.#fleet.card(this.at)
    const cards = this.cache(card)
    // No two devices touch the same ones.
    const [first, second] = [2 * mark, 2 * mark + 1].map((n) => cards.all().find(({ title }) => title === `card ${n}`))
    const writes: QueuedWrite[] = []
    if (first === undefined || second === undefined) throw new Error(`version ${this.at}: too few cards`)
    const writable = card.fields.filter((field) => !field.implicit && !field.readonly && !field.immutable && !field.serverOnly && field.reference === null)
    for (const field of writable) {
      const values = { [field.name]: this.#fleet.value(this.at, field, mark) }
      cards.update(first.id, values)
      writes.push({ op: 'update', model: card.name, id: first.id, values })
    }
    const people = card.fields.filter(({ reference, nullable }) => reference !== null && !nullable).map(({ name }) => [name, this.#fleet.person])
    const values = { ...Object.fromEntries(people), ...Object.fromEntries(writable.map((field) => [field.name, this.#fleet.value(this.at, field, mark + 10)])) }
    const { row } = cards.create(values)
    writes.push({ op: 'create', model: card.name, id: row.id, values })
    cards.update(row.id, { title: `later ${mark}` })
    writes.push({ op: 'update', model: card.name, id: row.id, values: { title: `later ${mark}` } })
    cards.delete(second.id)
    writes.push({ op: 'delete', model: card.name, id: second.id, values: {} })
    const join = this.#fleet.join(this.at)
    if (join !== undefined && this.cache({ plural: 'labels' }).all().length > 0) writes.push(this.#link(join, first.id))
    return writes
  }

  #link(join: Model, card: string): QueuedWrite {
    const [near, far] = join.fields.filter(({ implicit }) => !implicit)
    const label = this.cache({ plural: 'labels' }).all()[0] as AnyRow
    const values = { [near?.name ?? '']: card, [far?.name ?? '']: label.id }
    const { row } = this.cache(join).create(values)
    return { op: 'link', model: join.name, id: row.id, values }
  }

}

const valueOf = (type: FieldType, mark: number, enums: readonly { readonly name: string; readonly values: readonly { readonly name: string }[] }[]): unknown => {
  switch (type.kind) {
    case 'int':
      return 40 + mark
    case 'bigint':
      return BigInt(40 + mark)
    case 'float':
      return 40.25 + mark
    case 'decimal':
      return `${40 + mark}.25`
    case 'timestamp':
      return new Date(Date.UTC(2027, 0, 1 + mark))
    case 'enum':
      return enums.find(({ name }) => name === type.enum)?.values[1]?.name
    default:
      if (sqlType(type) !== 'text') throw new Error(`no value for ${type.kind}`)
      return `offline ${mark}`
  }
}

const quiet = (level: string, message: string, facts?: object): void => {
  if (process.env['FLEET_LOG'] === '1') console.log(level, message, JSON.stringify(facts))
}
