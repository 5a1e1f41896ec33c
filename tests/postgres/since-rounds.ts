/** Rounds of random writes, each followed by a comparison of every line's since with brute force. */
import type pg from 'pg'
import type { JsonValue, Schema, Scope, ScopeLine } from '../../generator/model.js'
import { scopeLineSql, type Statement } from '../../generator/sql/index.js'
import { Database } from './database.js'
import { chainFaults } from './log-chain.js'
import { type Bound, expectedActions, members } from './oracle.js'
import { Dice } from './random.js'
import { inSnapshot, type Seen, Writer } from './world.js'

export interface Rounds {
  readonly schema: Schema
  readonly rounds: number
  readonly seed: number
  /** Draws an identity and parameters. */
  readonly bound: (dice: Dice, scope: Scope) => Bound
  readonly bindings: number
  /** Without foreign keys references dangle and nothing cascades. */
  readonly foreignKeys: boolean
  /** Makes the statement wrong, by name; each is tried beside the emitted one until it is found. */
  readonly faults?: Readonly<Record<string, (text: string) => string>>
  readonly prepare?: (client: pg.Client) => Promise<void>
}

export interface Found {
  comparisons: number
  actions: Record<string, number>
  /** Lines that differed, with what is needed to see why. */
  differences: string[]
  /** Planted faults: 1 if found. */
  faultsFound: Record<string, number>
}

export const run = async ({ schema, rounds, seed, bound, bindings, foreignKeys, faults = {}, prepare }: Rounds): Promise<Found> => {
  await using database = await Database.of(schema)
  const reader = await database.connect()
  if (!foreignKeys) await dropForeignKeys(reader)
  await prepare?.(reader)
  const dice = new Dice(seed)
  const clients = [await database.connect(), await database.connect(), await database.connect()]
  const writers = clients.map((client) => new Writer(client, schema, dice))
  const found: Found = { comparisons: 0, actions: {}, differences: [], faultsFound: Object.fromEntries(Object.keys(faults).map((name) => [name, 0])) }
  const lines = schema.scopes.flatMap((scope) => scope.lines.map((line) => ({ scope, line, sql: scopeLineSql(schema, scope, line) })))
  const positions: Seen[] = []
  await writers[0]?.populate()
  positions.push(await inSnapshot(reader, schema, (seen) => Promise.resolve(seen)))
  for (let round = 0; round < rounds; round++) {
    for (let step = dice.below(16) + 1; step > 0; step--) await dice.pick(writers).step()
    await inSnapshot(reader, schema, async (now) => {
      const was = dice.pick(positions.slice(-4))
      for (const [at, { scope, line, sql }] of lines.entries()) {
        for (let n = 0; n < bindings; n++) {
          const values = bound(dice, scope)
          const name = `${scope.name}.${line.model}`
          const differs = async (statement: Statement, as: string): Promise<string | null> =>
            difference(schema, line, values, was, now, await actionsOf(reader, as, statement, was.snapshot, values), found)
          const wrong = await differs(sql.since, `since_${at}`)
          found.comparisons += 1
          const keys = await reader.query<{ id: string }>({ name: `keys_${at}`, text: sql.keys.text, values: [null, ...parametersOf(sql.keys, values)] })
          const expected = [...members(schema, now.tables, line, values)].sort()
          if (wrong !== null || expected.join() !== keys.rows.map((row) => row.id).join())
            found.differences.push(`seed ${seed}, round ${round}, ${name} ${JSON.stringify(values)}: ${wrong ?? `keys [${keys.rows.map((row) => row.id)}], not [${expected}]`}`)
          for (const [fault, plant] of Object.entries(faults)) {
            if ((found.faultsFound[fault] ?? 0) > 0) continue
            const text = plant(sql.since.text)
            if (text !== sql.since.text && (await differs({ text, values: sql.since.values }, `${fault}_${at}`)) !== null) found.faultsFound[fault] = (found.faultsFound[fault] ?? 0) + 1
          }
        }
      }
      positions.push(now)
    })
  }
  for (const writer of writers) await writer.end(dice.chance(0.5))
  found.differences.push(...(await chainFaults(reader, schema)))
  return found
}

/** Rows of since, as a list: a repeated key is a difference, too. */
const actionsOf = async (client: pg.Client, name: string, { text, values }: Statement, snapshot: string, bound: Bound) => {
  const { rows } = await client.query<{ key: string | null; action: string }>({ name, text, values: [snapshot, ...parametersOf({ text, values }, bound)] })
  return rows
}

const parametersOf = ({ values }: Statement, bound: Bound): JsonValue[] =>
  values.map((binding) => {
    const [from, name = ''] = binding.split('.')
    return (from === 'auth' ? bound.claims : bound.params)[name] ?? null
  })

const difference = (
  schema: Schema,
  line: ScopeLine,
  bound: Bound,
  was: Seen,
  now: Seen,
  rows: readonly { readonly key: string | null; readonly action: string }[],
  found: Found,
): string | null => {
  for (const { action } of rows) found.actions[action] = (found.actions[action] ?? 0) + 1
  const flip = rows.find((row) => row.key === null)
  if (flip !== undefined) {
    if (rows.length > 1) return `${flip.action} beside others`
    const side = flip.action === 'enter' ? was : now
    return members(schema, side.tables, line, bound).size === 0 ? null : `${flip.action}, but rows were in on the other side`
  }
  const expected = expectedActions(schema, was.tables, now.tables, line, bound)
  const said = rows.map(({ key, action }) => `${action} ${key}`).sort()
  const wanted = [...expected].map(([key, action]) => `${action} ${key}`).sort()
  return said.join() === wanted.join() ? null : `since ${was.snapshot} said [${said.join()}], not [${wanted.join()}]`
}

const dropForeignKeys = (client: pg.Client) =>
  client.query(`do $$ declare c record; begin
    for c in select conrelid::regclass as t, conname from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace loop
      execute format('alter table %s drop constraint %I', c.t, c.conname);
    end loop; end $$`)
