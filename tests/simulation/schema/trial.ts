/**
 * A short life of a few devices on any schema, with real sockets and real PostgreSQL: they write, other programs write, scopes open and
 * close, connections come and go; in the end every device holds what brute force says. Everything is drawn from one seed, but the order
 * in which frames arrive is that of the machine.
 */
import { openLab, until } from 'syncgen/testing'
import { SyncError } from 'syncgen/protocol'
import { Dice } from '../../postgres/random.js'
import { cachedTables, storedRow } from './cached-tables.js'
import { type OpenScope, expectedRows } from './expected-rows.js'
import { foreignStatement, usualWeights } from './foreign-sql.js'
import { type Hostile, RowAuthor } from './row-author.js'
import { cachedRows, differences } from './row-text.js'
import { allParams, drawParams, givenParams } from './scope-choices.js'
import { type AnyModel, type SimCache, type SimClient, type SimPrincipal, type SimSchema, cacheOf } from './sim-schema.js'
import { type StoredRow, type Tables, type WireRecord, readTables } from './tables.js'

export interface TrialOptions {
  readonly seed: number
  /** After each round everything is compared. */
  readonly rounds: number
  readonly stepsPerRound: number
}

/** How often what happened: `create applied`, `sql delete`, `refused by the client: value`. */
export type Tally = Readonly<Record<string, number>>

/** @throws with what differs, or what the server or a client called an error. */
export const trial = async (schema: SimSchema, { seed, rounds, stepsPerRound }: TrialOptions): Promise<Tally> => {
  const { ir } = schema
  const tally: Record<string, number> = {}
  const count = (what: string, times = 1): void => void (tally[what] = (tally[what] ?? 0) + times)
  const complaints: string[] = []
  const log = (level: string, event: string, details: object = {}): void => {
    if (level === 'error') complaints.push(`${event} ${JSON.stringify(details)}`)
  }
  const lab = await openLab<WireRecord, object, Awaited<ReturnType<SimSchema['createServer']>>, SimClient>({ ...schema, log, nodes: 2 })
  try {
    if (schema.extraSql !== '') await lab.sql(schema.extraSql)
    for (const text of schema.seedSql) await lab.sql(text)
    const dice = new Dice(seed)
    const tables = (): Promise<Tables> => readTables(lab.sql, ir)
    const who = [...schema.principals.slice(0, 3), ...schema.principals.slice(0, 1)]
    const devices: TrialDevice[] = []
    for (const [at, principal] of who.entries()) {
      const client = await lab.device({ ...principal, node: at % 2, open: [] })
      let marks = 0
      const author = new RowAuthor({ schema, dice, mark: () => `d${at + 1}:${(marks += 1)}` })
      devices.push({ ...principal, client, author, open: new Map(), deleted: [], isOffline: false })
    }
    let foreignMarks = 0
    const foreigner = new RowAuthor({ schema, dice, mark: () => `sql:${(foreignMarks += 1)}` })

    const step = async (): Promise<void> => {
      const roll = dice.next()
      const device = dice.pick(devices)
      const model = dice.pick(ir.models)
      if (roll < 0.3) {
        const statement = foreignStatement(dice, foreigner, model, await tables(), { ...usualWeights, truncate: 1 })
        if (statement === null) return
        await lab.sql(statement.text, statement.values).then(() => count(`sql ${statement.kind}`), (error: unknown) => {
          if (!(error instanceof Error && 'code' in error && /^23|^40P01$/.test(String(error.code)))) throw error
          count('sql refused')
        })
      } else if (roll < 0.38) await openOrClose(schema, dice, device, await tables())
      else if (roll < 0.43) toggle(device)
      else {
        const outcome = roll < 0.47 ? together(device, schema, dice) : roll < 0.54 ? writeHostile(device, schema, model.name) : write(device, schema, model.name, dice)
        if (outcome === null) return
        void outcome.confirmed.then(({ kind, code }) => count(`${outcome.what} ${kind}${code === undefined ? '' : ` ${code}`}`))
      }
    }

    for (const device of devices) for (const scope of dice.some(ir.scopes, 0.8)) open(schema, dice, device, scope.name, await tables())
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < stepsPerRound; at += 1) await step()
      for (const device of devices) if (device.isOffline) toggle(device)
      await lab.settled()
      const rows = await tables()
      for (const device of devices) count('rows compared', await equal(schema, device, rows))
      if (complaints.length > 0) throw new Error(`the log has errors:\n${complaints.slice(0, 5).join('\n')}`)
    }
    return tally
  } finally {
    await lab.close()
  }
}

interface TrialDevice extends SimPrincipal {
  readonly client: SimClient
  readonly author: RowAuthor
  /** Open scopes, with what closes them. */
  readonly open: Map<string, { readonly scope: OpenScope; readonly close: () => void }>
  /** Rows that it deleted, as they were. */
  readonly deleted: { readonly model: string; readonly row: AnyModel['row'] & Readonly<Record<string, unknown>> }[]
  isOffline: boolean
}

interface Attempt {
  readonly what: string
  readonly confirmed: Promise<{ readonly kind: string; readonly code?: string }>
}

/** The number of rows that are equal. */
const equal = async ({ ir }: SimSchema, { client, claims, open, principal }: TrialDevice, rows: Tables): Promise<number> => {
  const expected = expectedRows(ir, rows, [...open.values()].map(({ scope }) => scope), claims)
  let last: readonly string[] = []
  try {
    await until('the cache equals brute force', () => {
      last = differences(expected, cachedRows(ir, client))
      return last.length === 0
    }, 30_000)
  } catch (error) {
    const scopes = [...open.values()].map(({ scope }) => JSON.stringify(scope))
    throw new Error(`the cache of ${principal} ${JSON.stringify(claims)} differs:\n${last.slice(0, 5).join('\n')}\nwith ${scopes.join('\n     ')}`, { cause: error })
  }
  return [...expected.values()].reduce((sum, { size }) => sum + size, 0)
}

const toggle = (device: TrialDevice): void => {
  if (device.isOffline) device.client.goOnline()
  else device.client.goOffline()
  device.isOffline = !device.isOffline
}

const open = (schema: SimSchema, dice: Dice, device: TrialDevice, name: string, rows: Tables): void => {
  const choices = dice.chance(0.5) ? allParams(schema.ir, name, rows) : []
  const params = choices.length === 0 ? drawParams(dice, schema.ir, name, rows) : dice.pick(choices)
  const key = JSON.stringify([name, params])
  if (device.open.has(key)) return
  const handle = device.client.openScope(name, givenParams(schema, name, params))
  handle.ready.catch(() => undefined) // Closed before it was ready.
  device.open.set(key, { scope: { scope: name, params }, close: () => handle.close() })
}

const openOrClose = async (schema: SimSchema, dice: Dice, device: TrialDevice, rows: Tables): Promise<void> => {
  const keys = [...device.open.keys()]
  if (keys.length > 3 || (keys.length > 0 && dice.chance(0.4))) {
    const key = dice.pick(keys)
    device.open.get(key)?.close()
    device.open.delete(key)
  } else open(schema, dice, device, dice.pick(schema.ir.scopes).name, rows)
}

const write = (device: TrialDevice, { ir }: SimSchema, name: string, dice: Dice): Attempt | null => {
  const { client, author, claims } = device
  const model = ir.models.find((each) => each.name === name)
  if (model === undefined) return null
  const seen = cachedTables(ir, client)
  const cache = cacheOf(client, model.plural)
  const rows = [...(seen.get(name)?.values() ?? [])]
  const roll = dice.next()
  if (rows.length === 0 || roll < 0.4) {
    const values = author.create(model, seen, claims)
    return values === null ? null : { what: 'create', confirmed: cache.create(values).confirmed }
  }
  const row = dice.pick(rows)
  if (roll > 0.85) return remove(device, name, cache, row.id)
  const lost = device.deleted.filter((each) => each.model === name && cache.get(each.row.id) === undefined)
  if (roll > 0.8 && lost.length > 0) return { what: 'restore', confirmed: cache.restore(dice.pick(lost).row).confirmed }
  const patch = author.patch(model, row, seen)
  return patch === null ? null : { what: 'update', confirmed: cache.update(row.id, patch).confirmed }
}

/** A few rows made and changed in one local transaction, some of them for each other; now and then a strict one. */
const together = ({ client, author, claims }: TrialDevice, { ir }: SimSchema, dice: Dice): Attempt | null => {
  const models = Array.from({ length: 2 + dice.below(3) }, () => dice.pick(ir.models))
  const writing = client.transaction(
    (tx) => {
      const made = new Map(cachedTables(ir, client))
      for (const model of models) {
        const writer = tx[model.plural]
        const rows = made.get(model.name) ?? new Map<string, StoredRow>()
        if (writer === undefined) continue
        const patched = dice.chance(0.5) && rows.size > 0 ? dice.pick([...rows.values()]) : null
        const patch = patched === null ? null : author.patch(model, patched, made)
        const values = patched === null ? author.create(model, made, claims) : null
        const row = patched !== null && patch !== null ? writer.update(patched.id, patch) : values === null ? null : writer.create(values)
        if (row !== null) made.set(model.name, new Map(rows).set(row.id, storedRow(model, row)))
      }
    },
    { strict: dice.chance(0.2) },
  )
  return { what: 'transaction', confirmed: writing.confirmed }
}

/** A row to which others hold on stays, in the cache as in SQL. */
const remove = ({ deleted }: TrialDevice, model: string, cache: SimCache, id: string): Attempt => {
  try {
    const { row, confirmed } = cache.delete(id)
    deleted.push({ model, row: { ...row } })
    return { what: 'delete', confirmed }
  } catch (error) {
    if (!(error instanceof SyncError && error.code === 'still-referenced')) throw error
    return { what: 'delete', confirmed: Promise.resolve({ kind: 'still referenced' }) }
  }
}

/** What the client must refuse, it refuses at the call and names the field. */
const writeHostile = ({ client, author, claims }: TrialDevice, { ir }: SimSchema, name: string): Attempt | null => {
  const model = ir.models.find((each) => each.name === name)
  const hostile = model === undefined ? null : author.hostile(model, cachedTables(ir, client), claims)
  if (model === undefined || hostile === null) return null
  const cache = cacheOf(client, model.plural)
  const what = `hostile ${hostile.fault}`
  const attempt = (): Attempt['confirmed'] | SyncError => {
    try {
      return (hostile.op === 'create' ? cache.create(hostile.values) : cache.update(String(hostile.id), hostile.values)).confirmed
    } catch (error) {
      if (error instanceof SyncError) return error
      throw error
    }
  }
  const result = attempt()
  if (!(result instanceof SyncError)) {
    if (hostile.refusedBy === 'client') throw new Error(`the client let pass: ${shown(name, hostile)}`)
    return { what, confirmed: result }
  }
  const isExpected = hostile.refusedBy === 'client' && result.code === 'invalid-value' && result.details['field'] === hostile.field
  if (!isExpected) throw new Error(`refused in another way: ${shown(name, hostile)}`, { cause: result })
  return { what, confirmed: Promise.resolve({ kind: 'refused by the client' }) }
}

const shown = (model: string, hostile: Hostile): string =>
  `${model} ${hostile.op} ${hostile.field} (${hostile.fault}): ${JSON.stringify(hostile.values, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}`
