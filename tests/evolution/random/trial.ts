/**
 * Two devices with rows and queued writes are offline while a random schema changes at random: one comes back with its old code, one is
 * upgraded first. Everything is drawn from one seed, but the order in which frames arrive.
 */
import pg from 'pg'
import { memoryStorage, type OpenStorage } from 'syncgen/client'
import { until } from 'syncgen/testing'
import { migrate } from '../../../runtime/server/migrations.js'
import { type LabNode, startLabNode } from '../../../runtime/testing/lab-node.js'
import { Dice } from '../../postgres/random.js'
import { cachedTables } from '../../simulation/schema/cached-tables.js'
import { insertion } from '../../simulation/schema/foreign-sql.js'
import { RowAuthor } from '../../simulation/schema/row-author.js'
import type { SimClient, SimSchema, SimServer } from '../../simulation/schema/sim-schema.js'
import { readTables, type StoredRow, type Tables } from '../../simulation/schema/tables.js'
import { drawnVersions } from './drawn-versions.js'
import { claims, heldByOld, heldByUpgraded, keptWrites, migratedRows } from './expectations.js'

/** What happened: `create`, `rejected`, `rows compared`. */
export type Tally = Record<string, number>

/** An offline write. */
export interface Written {
  readonly op: 'create' | 'update' | 'delete'
  readonly model: string
  readonly id: string
  /** What its author said. */
  readonly fields: readonly string[]
}

/** Null: the seed gives no change. @throws with the changes and what is wrong. */
export const lifeOf = async (seed: number, url: string): Promise<Tally | null> => {
  const dice = new Dice(seed)
  const drawn = await drawnVersions(seed, dice)
  if (drawn === null) return null
  const [old, now] = [drawn.versions[0], drawn.versions.at(-1)]
  if (old === undefined || now === undefined) return null
  const life = new Life(url, dice)
  try {
    return { changes: drawn.changes.length, ...(await life.lead(old, now, drawn.tidy)) }
  } catch (error) {
    throw new Error(`seed ${seed} (${drawn.changes.join('; ')}): ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  } finally {
    await life.end()
    await drawn.remove()
  }
}

class Life {
  readonly #url: string
  readonly #dice: Dice
  readonly #client: pg.Client
  readonly #devices: SimClient[] = []
  readonly #tally: Tally = {}
  readonly #complaints: string[] = []
  #node: LabNode<SimServer> | null = null
  #port = 0
  #marks = 0

  constructor(url: string, dice: Dice) {
    this.#url = url
    this.#dice = dice
    this.#client = new pg.Client({ connectionString: url })
  }

  async lead(old: SimSchema, now: SimSchema, tidy: readonly string[]): Promise<Tally> {
    await this.#client.connect()
    await migrate({ database: this.#url, folder: old.migrations })
    await this.#firstRows(old)
    for (const sql of tidy) await this.#client.query(sql)
    await this.#serve(old)
    const storage = memoryStorage()
    const [stays, goes] = [await this.#device(old), await this.#device(old, storage)]
    for (const device of [stays, goes]) device.goOffline()
    const [stayed, went] = [this.#work(old, stays, 0), this.#work(old, goes, 1)]
    const [local, other] = [cachedTables(old.ir, stays), cachedTables(old.ir, goes)]
    const before = await this.#tables(old)
    await this.#node?.close()
    await migrate({ database: this.#url, folder: now.migrations })
    const migrated = migratedRows(old, now, before, await this.#tables(now))
    this.#expect('rows are not what the migration made of them', migrated.faults)
    this.#count('rows worked out', migrated.compared)
    await this.#serve(now)
    stays.goOnline()
    await goes.close()
    const upgraded = await this.#device(now, storage)
    await inStep(stays)
    const check = async (): Promise<readonly string[]> => {
      const tables = await this.#tables(now)
      return [...heldByUpgraded(now, tables, upgraded), ...heldByOld(old, now, before, tables, stays)]
    }
    await until('caches equal SQL', async () => (await check()).length === 0, 5_000).catch(async () => this.#expect('caches differ from SQL', await check()))
    const tables = await this.#tables(now)
    for (const [writes, shown, device] of [[stayed, local, stays], [went, other, upgraded]] as const) {
      const kept = keptWrites(old, now, writes, shown, tables, device.rejected())
      this.#expect('writes are lost', kept.faults)
      this.#count('landed', kept.landed)
      this.#count('with the app', kept.excused)
    }
    this.#expect('somebody complained', this.#complaints)
    return this.#tally
  }

  /** Leaves the database as it was: empty. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#devices.map((device) => device.close()))
    await this.#node?.close().catch(() => undefined)
    await this.#client.query('drop schema if exists public cascade; drop schema if exists syncgen cascade; create schema public').finally(() => this.#client.end())
  }

  async #firstRows(schema: SimSchema): Promise<void> {
    const author = this.#author(schema)
    for (let round = 0; round < 8; round++) {
      for (const model of schema.ir.models) {
        const row = author.row(model, await this.#tables(schema))
        if (row === null) continue
        const [text, values] = insertion(model, row)
        // Where a pair is taken, there is one row less.
        await this.#client.query(text, [...values]).catch((error: { code: string }) => (error.code === '23505' ? undefined : Promise.reject(error)))
      }
    }
  }

  /** Edits, deletions and new rows. No two devices touch the same row, and nothing leads to a row that one of them deletes. */
  #work(schema: SimSchema, device: SimClient, place: 0 | 1): readonly Written[] {
    const { ir } = schema
    const author = this.#author(schema)
    const writes: Written[] = []
    const note = (op: Written['op'], model: string, id: string, said: object): void => {
      writes.push({ op, model, id, fields: Object.keys(said) })
      this.#count(op)
    }
    const shown = cachedTables(ir, device)
    const doomed = new Set([...shown.values()].flatMap((rows) => inOrder(rows).slice(2, 4).filter((id) => !isReferred(shown, id))))
    const leadsNowhere = (values: Readonly<Record<string, unknown>>): boolean => Object.values(values).some((value) => typeof value === 'string' && doomed.has(value.toLowerCase()))
    for (const model of ir.models) {
      const rows = shown.get(model.name) ?? new Map<string, StoredRow>()
      for (const id of inOrder(rows).filter((_, at) => at % 2 === place)) {
        const row = rows.get(id)
        if (row === undefined) continue
        const goes = doomed.has(id)
        const drawn = goes ? null : author.patch(model, row, cachedTables(ir, device))
        const patch = drawn === null || leadsNowhere(drawn) ? null : drawn
        const pending = device.pending().length
        if (goes) device.transaction((tx) => tx[model.plural]?.delete(row.id))
        else if (patch !== null) device.transaction((tx) => tx[model.plural]?.update(row.id, patch))
        // What changes nothing is not queued.
        if (device.pending().length > pending) note(goes ? 'delete' : 'update', model.name, row.id, said(device))
      }
      const values = author.create(model, shown, {})
      // Two links of one pair become one: only one device makes any.
      if (values === null || leadsNowhere(values) || (model.join && place === 1) || (model.join && this.#isTaken(shown, model.name, values))) continue
      device.transaction((tx) => tx[model.plural]?.create(values))
      note('create', model.name, String(values['id']).toLowerCase(), values)
    }
    return writes
  }

  /** Of a join: there is such a pair. */
  #isTaken(shown: Tables, model: string, values: Readonly<Record<string, unknown>>): boolean {
    const ids = Object.entries(values).filter(([name, value]) => name.endsWith('Id') && name !== 'id' && typeof value === 'string')
    return [...(shown.get(model)?.values() ?? [])].some((row) => ids.every(([name, value]) => row.values[name] === String(value).toLowerCase()))
  }

  #author({ ir, descriptor }: SimSchema): RowAuthor {
    return new RowAuthor({ schema: { ir, descriptor }, dice: this.#dice, mark: () => `m:${(this.#marks += 1)}` })
  }

  async #serve({ createServer }: SimSchema): Promise<void> {
    this.#node = await startLabNode({ createServer, log: this.#log }, this.#url, this.#port)
    this.#port = this.#node.port
  }

  async #device(schema: SimSchema, storage: OpenStorage = memoryStorage()): Promise<SimClient> {
    const principal = claims.sub
    const token = JSON.stringify({ principal, claims })
    const device = await schema.openClient({ url: `ws://127.0.0.1:${this.#port}/sync`, principal, token, storage, log: this.#log })
    this.#devices.push(device)
    await device.openScope('everything').ready
    await inStep(device)
    return device
  }

  #tables({ ir }: SimSchema): Promise<Tables> {
    return readTables(async (text, values) => (await this.#client.query(text, values === undefined ? undefined : [...values])).rows as readonly Readonly<Record<string, unknown>>[], ir)
  }

  readonly #log = (level: string, event: string, details: object = {}): void => {
    if (process.env['LIFE_LOG'] === '1') console.log(level, event, JSON.stringify(details))
    if (level === 'error') this.#complaints.push(`${event} ${JSON.stringify(details)}`)
  }

  #count(what: string, times = 1): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + times
  }

  #expect(what: string, faults: readonly string[]): void {
    if (faults.length > 0) throw new Error(`${what}:\n${faults.slice(0, 6).join('\n')}`)
  }
}

/** The fields of the last update, without those that it leaves as they were. */
const said = (device: SimClient): object => {
  const op = device.pending().at(-1)?.ops[0]
  return op?.op === 'update' ? op.set : {}
}

/** Both devices see the same rows. */
const inOrder = (rows: ReadonlyMap<string, StoredRow>): readonly string[] => [...rows.keys()].toSorted()

/** Whether another row leads to this one. */
const isReferred = (tables: Tables, id: string): boolean =>
  [...tables.values()].some((rows) => [...rows.values()].some((row) => row.id !== id && Object.values(row.values).includes(id)))

const inStep = (device: SimClient): Promise<void> =>
  until('the device is in step', () => device.status.get().connection === 'online' && device.status.get().pending === 0).catch((error: unknown) => {
    const { connection, pending, error: why } = device.status.get()
    throw new Error(`the device is ${connection}, ${pending} pending, ${why?.message ?? 'no error'}`, { cause: error })
  })
