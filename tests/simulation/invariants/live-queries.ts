import { cachedTables } from '../schema/cached-tables.js'
import { type DrawnQuery, drawQuery, foundBy, queryOptions } from '../schema/draw-query.js'
import { type SimClient, type SimSchema, cacheOf } from '../schema/sim-schema.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/**
 * Who watches sees what is there: a live query, with filters, order, pages and relations, tells what a fresh one finds; at rest that
 * is what brute force over the cached rows finds; and events add up to the cache.
 */
export const liveQueries: Invariant = {
  id: 'I12',
  says: 'a live query equals a fresh one, and events add up to the cache',
  watch: (world) => {
    const watched = new Map<string, Watched>()
    return {
      opened: (device, client) => void watched.set(device.name, new Watched(world, device.schema, client)),
      afterOperation: () => {
        for (const { name, client } of world.devices) {
          const own = watched.get(name)
          const problem = client === null || own?.client !== client ? null : own.problem()
          if (problem !== null) throw new Violation('I12', `${name}: ${problem}`)
        }
      },
      atRest: () => {
        for (const { name, client } of world.devices) {
          const own = watched.get(name)
          const problem = client === null || own?.client !== client ? null : own.problemByForce()
          if (problem !== null) throw new Violation('I12', `${name}: ${problem}`)
        }
      },
    }
  },
}

type Row = Readonly<Record<string, unknown>> & { readonly id: string }

/** What somebody hears who watches one client. */
class Watched {
  readonly client: SimClient
  readonly #schema: SimSchema
  readonly #plurals: readonly string[]
  readonly #queries: readonly { readonly drawn: DrawnQuery; readonly options: Readonly<Record<string, unknown>>; heard: readonly Row[] }[]
  /** What events said, by plural. */
  readonly #mirrors: ReadonlyMap<string, Map<string, object>>
  /** All rows, as they were when they were last looked at. */
  #looked: readonly (readonly object[])[] = []

  constructor({ kernel }: World, schema: SimSchema, client: SimClient) {
    this.client = client
    this.#schema = schema
    const { models } = schema.ir
    this.#plurals = models.map(({ plural }) => plural)
    const dice = kernel.dice('queries')
    const everything = models.map((model): DrawnQuery => ({ model, where: { kind: 'always' }, orderBy: {}, limit: undefined, offset: 0, include: [] }))
    const drawn = [...everything, ...models.map((model) => drawQuery(dice, schema, model)), ...models.map((model) => drawQuery(dice, schema, model))]
    this.#queries = drawn.flatMap((each) => {
      const options = queryOptions(schema, each)
      return options === null ? [] : [{ drawn: each, options, heard: [] }]
    })
    for (const query of this.#queries) cacheOf(client, query.drawn.model.plural).query(query.options).subscribe((rows) => void (query.heard = rows as unknown as readonly Row[]))
    this.#mirrors = new Map(this.#plurals.map((plural) => [plural, new Map<string, object>(cacheOf(client, plural).all().map((row) => [row.id, row]))]))
    for (const [plural, rows] of this.#mirrors) {
      cacheOf(client, plural).on((event) => {
        if (event.kind === 'added' || event.kind === 'changed') rows.set(event.id, event.after)
        else rows.delete(event.id)
      })
    }
  }

  /** What is heard and is not so, null if nothing. */
  problem(): string | null {
    const now = this.#plurals.map((plural) => cacheOf(this.client, plural).all())
    if (now.every((rows, at) => rows === this.#looked[at])) return null
    this.#looked = now
    for (const [at, plural] of this.#plurals.entries()) {
      const mirror = this.#mirrors.get(plural)
      const rows = now[at] ?? []
      if (mirror?.size !== rows.length || rows.some((row) => mirror.get(row.id) !== row)) return `events of ${plural} do not add up to the cache`
    }
    for (const { drawn, options, heard } of this.#queries) {
      const fresh = cacheOf(this.client, drawn.model.plural).query(options).rows
      if (!equal(heard, fresh)) return `the live query of ${drawn.model.plural} has ${idsIn(heard)}, a fresh one ${idsIn(fresh)}: ${JSON.stringify({ ...drawn, model: drawn.model.name })}`
    }
    return null
  }

  /** The same against brute force. */
  problemByForce(): string | null {
    const tables = cachedTables(this.#schema.ir, this.client)
    for (const { drawn, heard } of this.#queries) {
      const found = JSON.stringify(foundBy(this.#schema, tables, drawn))
      const told = JSON.stringify(heard.map((row) => ({ id: row.id, included: drawn.include.map(({ name }) => idsOf(row[name])) })))
      if (found !== told) return `a query of ${drawn.model.plural} finds ${told}, and should ${found}: ${JSON.stringify({ ...drawn, model: drawn.model.name })}`
    }
    return null
  }
}

/** Values of a row are the same objects wherever it is shown; only what includes relations is put together for each query. */
const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right)) return left.length === right.length && left.every((each, at) => equal(each, right[at]))
  if (!isRow(left) || !isRow(right)) return false
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => equal(left[name], right[name]))
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && 'id' in value

/** Of a relation to one row, or to many. */
const idsOf = (related: unknown): readonly string[] => (Array.isArray(related) ? related : [related]).filter(isRow).map(({ id }) => id)

const idsIn = (rows: readonly { readonly id: string }[]): string => `${rows.length} (${rows.slice(0, 3).map(({ id }) => id).join(' ')})`
