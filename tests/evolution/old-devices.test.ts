/**
 * Devices that were offline while the schema changed, over versions of chain/versions: with their old code, and after their
 * upgrade. `EVOLUTION_PAIRS=all` takes every ordered pair, `EVOLUTION_PAIRS=3-7` one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from 'syncgen/testing'
import { fieldOf, modelOf, type Field } from '../../generator/model.js'
import { type Device, Fleet, type QueuedWrite } from './fleet.js'
import { type AnyRow, Versions } from './versions.js'

const versions = await Versions.read()

const pairs = (): readonly (readonly [number, number])[] => {
  const all = versions.schemas.flatMap((_, from) => versions.schemas.slice(from + 1).map((__, at) => [from, from + 1 + at] as const))
  const asked = process.env['EVOLUTION_PAIRS'] ?? ''
  if (asked === 'all') return all
  if (asked !== '') return all.filter(([from, to]) => asked.split(',').includes(`${from + 1}-${to + 1}`))
  // Ten that lie far apart, always the same.
  const longer = all.filter(([from, to]) => to - from > 1)
  return [...all.filter(([from, to]) => to === from + 1), ...longer.filter((_, at) => at % Math.ceil(longer.length / 10) === 3)]
}

describe('devices that were away while the schema changed', { timeout: 60_000 }, () => {
  let fleet: Fleet
  const tally = { pairs: 0, writes: 0, arrived: 0, withTheApp: 0 }

  afterAll(async () => {
    if (process.env['EVOLUTION_PAIRS'] !== undefined) console.log(JSON.stringify(tally))
    await versions.end()
  })

  beforeAll(async () => {
    await Promise.all(pairs().flatMap(([from, to]) => [versions.code(from), versions.code(to)]))
  }, 120_000)

  it.for(pairs().map(([from, to]) => ({ from, to, name: `${from + 1} → ${to + 1}` })))('[E30] [E31] $name: no queued write is lost, caches equal SQL', async ({ from, to }) => {
    fleet = await Fleet.begin(versions, from)
    try {
      await fleet.serve(from)
      const stays = await fleet.device(from)
      const goes = await fleet.device(from)
      await stays.inStep()
      await goes.inStep()
      stays.client.goOffline()
      goes.client.goOffline()
      const [stayed, went] = [stays.work(0), goes.work(1)]
      await until('everything is stored', () => Promise.resolve(true))
      await fleet.migrate(to)
      await fleet.serve(to)
      stays.client.goOnline()
      await stays.inStep()
      await goes.client.close()
      const upgraded = await fleet.device(to, goes.storage)
      await upgraded.inStep()
      await kept(stays, stayed, to)
      await kept(upgraded, went, to, from)
      const left = stays.client.rejected().length + upgraded.client.rejected().length
      tally.pairs += 1
      tally.writes += stayed.length + went.length
      tally.withTheApp += left
      tally.arrived += stayed.length + went.length - left
      await until('both hold what SQL has', async () => (await differences(stays, from, to)).length + (await differences(upgraded, to, to)).length === 0, 5_000).catch(async () => {
        expect({ old: await differences(stays, from, to), upgraded: await differences(upgraded, to, to) }).toEqual({ old: [], upgraded: [] })
      })
    } finally {
      await fleet.end()
    }
  })

  // Steps that a server of the version before survives: it does not name what is new.
  it.for([{ from: 0, to: 1 }, { from: 5 - 1, to: 5 }])('[E32] $from → $to (from 0): a new client talks to a server one version behind; what that does not understand waits', async ({ from, to }) => {
    fleet = await Fleet.begin(versions, from)
    try {
      await fleet.serve(from)
      const old = await fleet.device(from)
      await old.inStep()
      await fleet.migrate(to)
      const device = await fleet.device(to)
      await device.inStep()
      const card = fleet.card(to)
      const first = device.cache(card).all().find(({ title }) => title === 'card 4')
      device.cache(card).update(first?.id ?? '', { title: 'understood' })
      await device.inStep()
      await until('the old device sees it', () => old.cache(card).all().some(({ title }) => title === 'understood'))
      old.cache(card).update(first?.id ?? '', { title: 'answered' })
      await until('the new device sees it', () => device.cache(card).all().some(({ title }) => title === 'answered'))
      const isNew = (name: string): boolean => !versions.schema(from).models.some((each) => each.name === card.name && each.fields.some((field) => field.name === name))
      const writes = device.work(0)
      const waits = writes.some(({ values }) => Object.keys(values).some(isNew))
      if (waits) {
        await until('the first ones are there', async () => (await fleet.client.query(`select from ${card.table} where title = 'offline 0'`)).rows.length === 1)
        await new Promise((resolve) => setTimeout(resolve, 300))
        expect(device.client.pending().length).toBeGreaterThan(0)
        expect(device.client.status.get().connection).toBe('online')
      } else await device.inStep()
      await fleet.serve(to)
      await device.inStep()
      await kept(device, writes, to)
      expect(device.client.rejected()).toEqual([])
      await until('both hold what SQL has', async () => (await differences(old, from, to)).length + (await differences(device, to, to)).length === 0, 5_000).catch(async () => {
        expect({ old: await differences(old, from, to), upgraded: await differences(device, to, to) }).toEqual({ old: [], upgraded: [] })
      })
    } finally {
      await fleet.end()
    }
  })

  /** Each write is in the database, or with the app, or of something that is gone on purpose. */
  const kept = async (device: Device, writes: readonly QueuedWrite[], to: number, from = device.at): Promise<void> => {
    const rejected = device.client.rejected()
    const isKept = (write: QueuedWrite, field: string | null): boolean =>
      rejected.some(({ mutation, fields }) => mutation.ops.some((op) => op.id === write.id) && (field === null || fields.includes(field)))
    for (const write of writes) {
      const what = `${write.op} ${write.model} ${JSON.stringify(write.values, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))}`
      const model = laterModel(from, to, write.model)
      if (model === null) {
        if (write.op !== 'delete') expect(isKept(write, null), `${what} is kept`).toBe(true)
        continue
      }
      const { rows } = await fleet.client.query(`select * from ${modelOf(versions.schema(to), model).table} where id = $1`, [write.id])
      // Edits win since version 13: a delete of before cannot say what its author saw, and rows that a migration filled have changed.
      if (write.op === 'delete' && rows.length > 0 && from < 12 && to >= 12) expect(isKept(write, null), `${what} is kept`).toBe(true)
      else expect(rows.length, what).toBe(write.op === 'delete' ? 0 : 1)
      for (const [name, value] of Object.entries(write.values)) {
        const later = laterField(from, to, write.model, name)
        const isOverwritten = write.op === 'create' && name === 'title'
        if (isOverwritten) continue
        const row = rows[0] as Record<string, unknown>
        if (later !== null && spoken(row[later.column]) === spoken(laterValue(from, to, name, value))) continue
        expect(isKept(write, name), `${what}: ${name} is ${later === null ? 'gone' : spoken(row[later.column])}`).toBe(true)
      }
    }
  }

  /** What a device holds against what the database has, by the device's names. */
  const differences = async (device: Device, at: number, to: number): Promise<readonly string[]> => {
    const found: string[] = []
    for (const model of versions.schema(at).models) {
      const later = laterModel(at, to, model.name)
      const held = device.cache(model).all()
      if (later === null) {
        if (at !== to) continue
      }
      const table = modelOf(versions.schema(to), later ?? '').table
      const { rows } = await fleet.client.query(`select * from ${table}`)
      if (rows.length !== held.length) found.push(`${model.name}: ${held.length} rows, not ${rows.length}`)
      for (const row of rows as readonly Record<string, unknown>[]) {
        const own = held.find(({ id }) => id === row['id'])
        if (own === undefined) found.push(`${model.name} ${String(row['id'])} is missing`)
        else found.push(...model.fields.filter(({ serverOnly }) => !serverOnly).flatMap((field) => fieldDifference(at, to, model.name, field, own, row)))
      }
    }
    return found
  }

  const fieldDifference = (at: number, to: number, model: string, field: Field, own: AnyRow, row: Record<string, unknown>): readonly string[] => {
    const later = laterField(at, to, model, field.name)
    if (later === null || later.serverOnly) return []
    const [have, want] = [spoken(own[field.name]), spoken(earlierValue(at, to, field, row[later.column]))]
    return have === want ? [] : [`${model}.${field.name} is ${have}, not ${want}`]
  }
})

/** The name that a model has later; null: it is gone. */
const laterModel = (from: number, to: number, name: string): string | null => {
  let later: string = name
  for (let at = from + 1; at <= to; at++) {
    const model = versions.schema(at).models.find((each) => each.was === later) ?? versions.schema(at).models.find((each) => each.name === later)
    if (model === undefined) return null
    later = model.name
  }
  return later
}

const laterField = (from: number, to: number, model: string, name: string): Field | null => {
  let [own, field] = [model, name]
  for (let at = from + 1; at <= to; at++) {
    own = laterModel(at - 1, at, own) ?? ''
    const { fields } = modelOf(versions.schema(at), own)
    const later = fields.find((each) => each.was === field) ?? fields.find((each) => each.name === field)
    if (later === undefined) return null
    field = later.name
  }
  return fieldOf(modelOf(versions.schema(to), own), field)
}

/** What a value of one version becomes in a later one: a label has another name from version 5 on, and goes in 16; priorities are texts from 17 on. */
const laterValue = (from: number, to: number, field: string, value: unknown): unknown => {
  if (field === 'priority' && from < 16 && to >= 16) return value === null ? 'none' : `p${String(value)}`
  const named = value === 'doing' && from < 4 && to >= 4 ? 'active' : value
  return named === 'active' && from < 15 && to >= 15 ? 'todo' : named
}

/** How a value of a version is seen in an earlier one. */
const earlierValue = (at: number, to: number, field: Field, value: unknown): unknown => {
  if (field.name === 'priority' && at < 16 && to >= 16) return value === 'p3' ? 3 : (field.default?.value ?? null)
  return value === 'active' && at < 4 && to >= 4 ? 'doing' : value
}

/** A value as text, whatever its type. */
const spoken = (value: unknown): string => {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? String(Number(value)) : String(value)
}
