/** What must be so after a change: of rows that a migration touched, of caches, of writes that were queued. */
import { isDeepStrictEqual } from 'node:util'
import type { Rejection } from 'syncgen/client'
import type { VersionedRow, Wire } from 'syncgen/protocol'
import { type Field, fieldOf, type Model, modelOf } from '../../../generator/model.js'
import { Route } from '../../../runtime/protocol/dialect.js'
import { pathFrom } from '../../../runtime/protocol/transition.js'
import { Dice } from '../../postgres/random.js'
import { cachedTables } from '../../simulation/schema/cached-tables.js'
import { expectedRows, readable, scopeRows } from '../../simulation/schema/expected-rows.js'
import { randomUuid } from '../../simulation/schema/random-value.js'
import { cachedRows, differences, travelling } from '../../simulation/schema/row-text.js'
import type { SimClient, SimSchema } from '../../simulation/schema/sim-schema.js'
import type { StoredRow, Tables, WireRecord } from '../../simulation/schema/tables.js'
import type { Written } from './trial.js'

/** Rows as the converter of caches has them against rows as SQL made them, where it says that it can work them out. */
export const migratedRows = (old: SimSchema, now: SimSchema, before: Tables, after: Tables): { readonly faults: readonly string[]; readonly compared: number } => {
  const faults: string[] = []
  let compared = 0
  for (const model of old.ir.models) {
    for (const row of before.get(model.name)?.values() ?? []) {
      const there = converted(old, now, model, row)
      if (there === undefined) continue
      const stored = after.get(there.model.name)?.get(row.id)
      if (stored === undefined) faults.push(`${model.name} ${row.id} is gone`)
      else if (there.isExact) {
        compared += 1
        faults.push(...unlike(there.model, there.values, stored.values))
      }
    }
  }
  return { faults, compared }
}

/** Who everybody is: rules ask nothing of the identity. */
export const claims = { sub: randomUuid(new Dice(7)), level: null, flag: null, word: '' } as const

const open = [{ scope: 'everything', params: {} }] as const

/** The cache is what the scope holds. */
export const heldByUpgraded = ({ ir }: SimSchema, tables: Tables, device: SimClient): readonly string[] => {
  const expected = expectedRows(ir, tables, open, claims)
  return differences(expected, cachedRows(ir, device)).map((line) => `upgraded: ${line}`)
}

/**
 * The cache of a device with its old code: rows as its version would say them, field by field. Where more than one value of before became
 * one of now, it has the one that it had; where a type changed, that of before the change, until somebody writes the row.
 */
export const heldByOld = (old: SimSchema, now: SimSchema, before: Tables, tables: Tables, device: SimClient): readonly string[] => {
  const [up, down] = routes(old, now)
  const held = cachedTables(old.ir, device)
  const visible = scopeRows(now.ir, tables, open[0], claims)
  return old.ir.models.flatMap((model) => {
    const name = up.model(model.name)
    const own = held.get(model.name) ?? new Map<string, StoredRow>()
    if (name === undefined) return []
    const target = modelOf(now.ir, name)
    const rows = new Map([...(tables.get(name) ?? [])].filter(([id]) => visible.get(name)?.has(id) === true))
    const extra = [...own.keys()].filter((id) => !rows.has(id)).map((id) => `old: ${model.name} ${id} should be gone`)
    return [
      ...extra,
      ...[...rows.values()].flatMap((row) => {
        const mine = own.get(row.id)
        if (mine === undefined) return [`old: lacks ${model.name} ${row.id}`]
        const shown = named(model, down.row(name, wireRow(target, row))?.row)
        const again = named(target, up.row(model.name, wireRow(model, mine))?.row)
        return travelling(model).flatMap((field) => {
          const later = up.field(model.name, field.name)
          if (later === undefined || same(mine.values[field.name], shown[field.name]) || same(again[later], row.values[later])) return []
          const isRetyped = !isDeepStrictEqual(fieldOf(target, later).type, field.type)
          if (isRetyped && same(mine.values[field.name], before.get(model.name)?.get(row.id)?.values[field.name])) return []
          return [`old: ${model.name}.${field.name} is ${text(mine.values[field.name])}, not ${text(shown[field.name])} (${text(row.values[later])})`]
        })
      }),
    ]
  })
}

/** Each offline write is in the database as its author saw it last, or with the app; or its row was deleted by its author. */
export const keptWrites = (
  old: SimSchema,
  now: SimSchema,
  writes: readonly Written[],
  shown: Tables,
  tables: Tables,
  rejected: readonly Rejection[],
): { readonly faults: readonly string[]; readonly landed: number; readonly excused: number } => {
  const [up] = routes(old, now)
  const faults: string[] = []
  let [landed, excused] = [0, 0]
  for (const { op, model: name, id, fields: said } of writes) {
    const model = modelOf(old.ir, name)
    const kept = rejected.filter(({ mutation }) => mutation.ops.some((each) => each.id === id))
    const later = up.model(name)
    const stored = later === undefined ? undefined : tables.get(later)?.get(id)
    if (op === 'delete') {
      if (stored === undefined) landed += 1
      // What may not be read any more is not there for who wants to delete it.
      else if (kept.length > 0 || !readable(now.ir, tables, later ?? '', claims).has(id)) excused += 1
      else faults.push(`delete ${name} ${id}`)
      continue
    }
    const mine = shown.get(name)?.get(id)
    if (mine === undefined) throw new Error(`${name} ${id} is not shown to its author`)
    if (stored === undefined || later === undefined) {
      if (kept.length > 0) excused += 1
      else faults.push(`${op} ${name} ${id}`)
      continue
    }
    const there = converted(old, now, model, mine)
    const lost = travelling(model).flatMap((field) => {
      const target = up.field(name, field.name)
      // What was refused was refused whole; of what has no place any more, the rest went on.
      const isKept = kept.some(({ code, fields }) => code !== 'unknown-schema' || fields.length === 0 || fields.includes(field.name))
      // What only the server sets it sets as it does now.
      if (field.implicit || field.readonly || isKept || there === undefined) return []
      if (target !== undefined && same(there.values[target], stored.values[target])) return []
      if (target !== undefined && isNewSet(field, fieldOf(there.model, target)) && same(eachOnce(there.values[target]), stored.values[target])) return []
      // Nobody but the server can say what the others became.
      if (op === 'update' && !there.isExact && !said.includes(field.name)) return []
      // It went on purpose, and its author had not written it.
      if (target === undefined && op === 'update') return []
      return target === undefined && (mine.values[field.name] ?? null) === null ? [] : [`${op} ${name}.${field.name} of ${id}: ${text(mine.values[field.name])} is ${target === undefined ? 'gone' : `${text(stored.values[target])}, not ${text(there.values[target])}`}`]
    })
    if (kept.length > 0) excused += 1
    else landed += 1
    faults.push(...lost.filter((line) => !line.endsWith(' is gone')))
  }
  return { faults, landed, excused }
}

/** What is written as a list of before is a set's now. */
const isNewSet = (field: Field, now: Field): boolean => field.conflict !== 'set' && now.conflict === 'set'

const eachOnce = (value: Wire | undefined): Wire | undefined => (Array.isArray(value) ? [...new Set(value)] : value)

/** A row of before as one of now; undefined: its model is gone. */
const converted = (old: SimSchema, now: SimSchema, model: Model, row: StoredRow): { readonly model: Model; readonly values: WireRecord; readonly isExact: boolean } | undefined => {
  const [up] = routes(old, now)
  const name = up.model(model.name)
  const there = up.row(model.name, wireRow(model, row))
  if (name === undefined || there === undefined) return undefined
  const target = modelOf(now.ir, name)
  return { model: target, values: named(target, there.row), isExact: there.isExact }
}

const routes = (old: SimSchema, now: SimSchema): readonly [up: Route, down: Route] => {
  const known = built.get(now)
  if (known !== undefined) return known
  const path = pathFrom(now.descriptor, old.descriptor.hash)
  if (path === undefined) throw new Error('the version of now does not know that of before')
  const made = [new Route(path, 'up'), new Route(path, 'down')] as const
  built.set(now, made)
  return made
}

const built = new WeakMap<SimSchema, readonly [Route, Route]>()

const wireRow = (model: Model, { values }: StoredRow): VersionedRow => [1, ...travelling(model).map(({ name }) => values[name] ?? null)]

const named = (model: Model, row: VersionedRow | undefined): WireRecord =>
  row === undefined ? {} : Object.fromEntries(travelling(model).map(({ name }, at) => [name, row[at + 1] as Wire]))

const unlike = (model: Model, worked: WireRecord, stored: WireRecord): readonly string[] =>
  travelling(model).flatMap(({ name }) => (same(worked[name], stored[name]) ? [] : [`${model.name}.${name} is ${text(stored[name])} in SQL, ${text(worked[name])} in caches`]))

const same = (left: Wire | undefined, right: Wire | undefined): boolean => isDeepStrictEqual(left ?? null, right ?? null)

const text = (value: Wire | undefined): string => JSON.stringify(value)
