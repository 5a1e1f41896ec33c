/**
 * What the client's check accepts, PostgreSQL stores in the generated column and gives back equal; what it refuses, PostgreSQL
 * refuses, too, or changes. Over values of every type and of no type, most of them hostile.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Field, Model, Schema } from '../../generator/model.js'
import { readSchema } from '../../generator/read/read-schema.js'
import { initialMigration, sqlType } from '../../generator/sql/index.js'
import { checkValue, deepestJson } from '../../runtime/protocol/check-value.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import { SyncError } from '../../runtime/protocol/errors.js'
import { equalWire } from '../../runtime/protocol/field-order.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire, toWire } from '../../runtime/protocol/wire-value.js'
import { platform } from '../../runtime/server/platform.js'
import { Database } from '../../runtime/server/transaction.js'
import { identifier, parameterOf, wireOfColumn } from '../../runtime/server/values.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { Dice, rounds, seed } from '../postgres/random.js'
import { randomDouble, randomTime, randomUuid, randomValue } from './values.js'
import { fieldDescriptorOf } from './world.js'

const used = seed(20_260_805)
const dice = new Dice(used)

/** A model for each, with this one field; null fits every second. */
const types = {
  text: 'text',
  string: '{ type: string, max: 6 }',
  pattern: '{ type: string?, max: 8, pattern: "^(?:[a-c]|\u00e9)+$" }',
  int: 'int',
  bigint: 'bigint?',
  float: 'float',
  decimal: '"decimal(12,3)?"',
  whole: '"decimal(30,0)"',
  fraction: '"decimal(4,4)"',
  boolean: 'boolean',
  timestamp: 'timestamp?',
  date: 'date',
  json: 'json',
  anyJson: 'json?',
  uuid: 'uuid',
  bytes: 'bytes?',
  state: 'State',
  tags: '"string[]?"',
  numbers: '"int[]"',
  states: '"State[]"',
} as const

const yaml = (): string => `syncgen: 1
name: values
claims: { sub: uuid }
enums: { State: [todo, doing, constructor1] }
models:
${Object.entries(types)
  .map(([name, type]) => `  ${modelName(name)}: { timestamps: false, fields: { v: ${type} }, access: { read: { id: $auth.sub } } }`)
  .join('\n')}
`

const modelName = (type: string): string => `Of${type.slice(0, 1).toUpperCase()}${type.slice(1)}`

describe('values', () => {
  let schema: Schema
  let database: Database
  let drop: () => Promise<void>

  beforeAll(async () => {
    schema = await schemaOf(yaml())
    const place = await testDatabase()
    database = new Database(place.url, () => undefined, platform.timers)
    await database.write((connection) => connection.command(initialMigration(schema)))
    drop = () => place.drop()
  })

  afterAll(async () => {
    await database.close()
    await drop()
  })

  const column = (type: string): { readonly model: Model; readonly field: Field; readonly descriptor: FieldDescriptor } => {
    const model = schema.models.find(({ name }) => name === modelName(type))
    const field = model?.fields.find(({ name }) => name === 'v')
    if (model === undefined || field === undefined) throw new Error(`no model of ${type}`)
    const pattern = field.type.kind === 'string' && field.type.pattern !== null ? { pattern: field.type.pattern } : {}
    return { model, field, descriptor: { ...fieldDescriptorOf(schema, field), ...pattern } }
  }

  /** What a row has after this was written to it; the error if PostgreSQL does not take it. */
  const stored = async (type: string, wire: Wire): Promise<{ readonly wire: Wire } | { readonly error: unknown }> => {
    const { model, field, descriptor } = column(type)
    const text = `insert into ${identifier(model.table)} ("v") values ($1::${sqlType(field.type)}) returning "v"`
    try {
      const rows = await database.rows(text, [parameterOf(descriptor, wire)])
      return { wire: wireOfColumn(descriptor, rows[0]?.[0]) }
    } catch (error) {
      return { error }
    }
  }

  it.each(Object.keys(types))('[W3] %s: what fits is stored and comes back equal, what does not is refused or changed by PostgreSQL, too', async (type) => {
    const { descriptor } = column(type)
    const [all, fits, misfits] = [hostileWires(descriptor), [] as Wire[], [] as Wire[]]
    for (const [at, wire] of all.entries()) {
      const hint = `seed ${used} ${type} ${at} ${JSON.stringify(wire)?.slice(0, 200)}`
      const fitting = checkValue(descriptor, wire) === undefined
      if (!fitting && isOurOwnLimit(descriptor, wire)) continue
      ;(fitting ? fits : misfits).push(wire)
      const answer = await stored(type, wire)
      if (fitting) {
        if ('error' in answer) throw new Error(hint, { cause: answer.error })
        expect(equalWire(descriptor, answer.wire, wire), hint).toBe(true)
        // As another client will read it: through JSON, which has no -0.
        const [read, sent] = [answer.wire, wire].map((each) => JSON.parse(JSON.stringify(each)) as Wire)
        if (descriptor.type !== 'json') expect(read, hint).toEqual(sent)
        expect(equalWire(descriptor, read ?? null, wire), hint).toBe(true)
      } else if ('wire' in answer) expect(isTheSame(answer.wire, wire), `${hint} was stored as it is`).toBe(false)
    }
    expect(fits.length).toBeGreaterThan(all.length / 50)
    expect(misfits.length).toBeGreaterThan(all.length / 50)
  })

  it.each(Object.keys(types))('[W6] %s: what an app gives is refused with the name of its field, or stored as it is shown', async (type) => {
    const { descriptor } = column(type)
    let taken = 0
    for (const [at, value] of hostileValues(descriptor).entries()) {
      const hint = `seed ${used} ${type} ${at} ${String(typeof value)}`
      const wire = written(descriptor, value, hint)
      if (wire === undefined) continue
      taken += 1
      const answer = await stored(type, wire)
      if ('error' in answer) throw new Error(hint, { cause: answer.error })
      expect(equalWire(descriptor, answer.wire, wire), hint).toBe(true)
      expect(fromWire(descriptor, answer.wire), hint).toEqual(fromWire(descriptor, wire))
    }
    expect(taken).toBeGreaterThan(5)
  })
})

/** The wire form that the client makes of it; undefined if it refuses, as it should: with the code and the field. */
const written = (descriptor: FieldDescriptor, value: unknown, hint: string): Wire | undefined => {
  try {
    return toWire(descriptor, value, 'v')
  } catch (error) {
    if (!(error instanceof SyncError)) throw new Error(hint, { cause: error })
    expect([error.code, error.details], hint).toEqual(['invalid-value', { field: 'v' }])
    return undefined
  }
}

/** Values that fit, values next to those, and every hostile value whatever its type. */
const hostileWires = (descriptor: FieldDescriptor): readonly Wire[] => {
  const known: FieldDescriptor = { ...descriptor, nullable: true }
  const random = Array.from({ length: rounds(60) }, (): Wire => {
    if (descriptor.pattern !== undefined) return Array.from({ length: dice.below(11) }, () => dice.pick(['a', 'b', 'c', 'd', '\u00e9', '\n'])).join('')
    return dice.chance(0.5) ? randomValue(dice, known) : near(descriptor)
  })
  return [...hostile(), ...random]
}

/** What looks like a value of the type, and is one now and then. */
const near = (descriptor: FieldDescriptor): Wire => {
  switch (descriptor.type) {
    case 'string':
    case 'text':
    case 'enum':
      return randomText()
    case 'int':
      return dice.pick([dice.below(2 ** 32) - 2 ** 31, dice.below(2 ** 33) - 2 ** 32, randomDouble(dice)])
    case 'bigint':
      return `${dice.pick(['', '', '-', '+'])}${digits(20)}`
    case 'float':
      return randomDouble(dice)
    case 'decimal':
      return `${dice.pick(['', '-'])}${digits(Math.max(1, (descriptor.precision ?? 1) - (descriptor.scale ?? 0) + 1))}${dice.pick(['', `.${digits(descriptor.scale ?? 1)}`])}`
    case 'boolean':
      return dice.chance(0.5)
    case 'timestamp':
      return dice.pick([randomTime(dice).toISOString(), randomTime(dice).toISOString().slice(0, -1), new Date(randomTime(dice).getTime() * 3).toISOString()])
    case 'date':
      return dice.pick([randomTime(dice).toISOString().slice(0, 10), `${digits(4)}-0${digits(1)}-${digits(2)}`])
    case 'json':
      return dice.pick<Wire>([randomDouble(dice), randomText(), { [randomText()]: [randomText(), randomDouble(dice)] }, [[randomText()]]])
    case 'uuid':
      return dice.pick([randomUuid(dice), randomUuid(dice).toUpperCase(), randomUuid(dice).replaceAll('-', ''), `{${randomUuid(dice)}}`])
    case 'bytes':
      return Buffer.from(randomText()).toString(dice.pick(['base64', 'base64', 'base64url', 'hex']))
    case 'list':
      return Array.from({ length: dice.below(4) }, () => near({ type: descriptor.of ?? 'string', ...(descriptor.values === undefined ? {} : { values: descriptor.values }) }))
  }
}

/** What an app might give, of its own type and of any other. */
const hostileValues = (descriptor: FieldDescriptor): readonly unknown[] => {
  const wires = hostileWires(descriptor)
  const own = wires.filter((wire) => checkValue(descriptor, wire) === undefined).map((wire) => fromWire(descriptor, wire))
  const bigs = [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n]
  const dates = [...[0, Number.NaN, 8.64e15, -8.64e15, -62_135_596_800_000, -62_135_596_800_001, 253_402_300_799_999, 253_402_300_800_000].map((at) => new Date(at))]
  const texts = ['1.1', '+1', '007', '-0', '0.00010', '.5', '1e3', '0190A5A0-0000-7000-8000-00000000ABCD', '2026-02-30', '0000-01-01', '12026-01-01']
  return [...own.slice(-30), ...wires.filter((wire) => checkValue(descriptor, wire) !== undefined), ...bigs, ...dates, ...texts, Uint8Array.of(), Uint8Array.of(0, 255), new Map([[1, 2]]), undefined, Symbol('s'), () => 1, looped()]
}

const looped = (): unknown => {
  const loop: Record<string, unknown> = {}
  loop['self'] = [loop]
  return loop
}

const nested = (levels: number): Wire => (levels === 0 ? 0 : dice.chance(0.5) ? [nested(levels - 1)] : { a: nested(levels - 1) })

const hostile = (): readonly Wire[] => [
  ...[null, true, false, 0, -0, 1, -1, 1.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53, 2 ** 53 + 2, 1e21, 5e-324, 1.7976931348623157e308],
  ...[Number.NaN, Infinity, -Infinity, '', ' ', '0', '-0', '00', '01', '1', '+1', '1.0', '1.10', '1e3', '0x10', 'NaN', 'Infinity', '-infinity', 'infinity'],
  ...['a\0b', '\0', '\ud800', '\udc00', '\udc00\ud800', 'a\ud83d', '😀', '😀😀😀😀😀😀', '😀😀😀😀😀😀😀', 'e\u0301'.repeat(3), 'e\u0301'.repeat(4), '\uffff', '\u{10ffff}'],
  ...['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '9007199254740993', '0.1000', '0.00001', '0.9999', '999999999.999'],
  ...['1000000000.000', '9'.repeat(30), '9'.repeat(31), '0.10', '-0.000', '1.000', '1,000', '1_000', '١'],
  ...['2026-01-31T23:59:59.123Z', '2026-01-31T23:59:59.1234Z', '2026-01-31T23:59:59Z', '2026-01-31 23:59:59.123+00', '2016-12-31T23:59:60.000Z', '2026-01-31T24:00:00.000Z'],
  ...['0000-12-31T00:00:00.000Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '+010000-01-01T00:00:00.000Z', '10000-01-01T00:00:00.000Z', '0044-03-15 00:00:00+00 BC'],
  ...['2026-01-31', '2026-02-29', '2024-02-29', '2026-1-31', '0000-01-01', '10000-01-01', '0001-01-01', '0001-01-01 BC', 'today', 'now', 'epoch', 'yesterday'],
  ...['0190a5a0-0000-7000-8000-00000000000a', '0190A5A0-0000-7000-8000-00000000000A', '{0190a5a0-0000-7000-8000-00000000000a}', '0190a5a0000070008000000000000000'],
  ...['AA==', 'AB==', 'AA=', 'AA', 'AAA=', 'AAB=', '+/+/', '-_-_', 'A A=', 'QQ==\n', 'todo', 'Todo', 'constructor', '__proto__', 'constructor1', 'abc', 'abcd', 'd', 'aaaaaaaa', 'aaaaaaaaa', 'ab\n'],
  ...[[], [null], [[]], [['a']], ['a', null], ['a', 'a'], ['NULL'], ['{}', ',', '"', '\\'], ['a\0'], ['\ud800'], [0, 2 ** 31], [1, 1.5], [1, '1'], [-0], [Number.NaN], ['todo', 'Todo'], ['todo', 'done'], ['doing']],
  ...[{}, { a: null }, { '': 1 }, { 'a\0': 1 }, { '\ud800': 1 }, { a: '\0' }, { a: '\udfff' }, { a: [Number.NaN] }, { a: Infinity }, JSON.parse('{"__proto__":{"a":1}}') as Wire, JSON.parse('{"a":[1e400]}') as Wire],
  ...[nested(deepestJson), nested(deepestJson + 1), nested(deepestJson - 1), { constructor: { prototype: 1 } }, 'x'.repeat(100_000), ['x'.repeat(100_000)], { a: 'é'.repeat(50_000) }],
]

/** What PostgreSQL would store and we do not: json that is deeper than we follow, and a key that harms apps. */
const isOurOwnLimit = ({ type }: FieldDescriptor, wire: Wire): boolean =>
  type === 'json' && (depthOf(wire) > deepestJson || JSON.stringify(wire).includes('"__proto__":'))

const depthOf = (wire: Wire): number =>
  typeof wire === 'object' && wire !== null ? 1 + Math.max(0, ...Object.values(wire).map((inner: Wire) => depthOf(inner))) : 0

/** To the last character: what is refused may be stored, but as something else. */
const isTheSame = (one: Wire, other: Wire): boolean => {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return Object.is(one, other)
  const keys = Object.keys(one)
  if (Array.isArray(one) !== Array.isArray(other) || keys.length !== Object.keys(other).length) return false
  return keys.every((key) => isTheSame(Reflect.get(one, key) as Wire, Reflect.get(other, key) as Wire))
}

/** Any text at all, halves of pairs and NUL included. */
const randomText = (length = dice.below(9)): string =>
  String.fromCharCode(
    ...Array.from({ length }, () =>
      dice.chance(0.5) ? dice.below(0x80) : dice.chance(0.2) ? 0xd800 + dice.below(0x800) : dice.below(0x10000),
    ),
  )

const digits = (most: number): string => Array.from({ length: 1 + dice.below(most) }, () => dice.below(10)).join('')

const schemaOf = async (text: string): Promise<Schema> => {
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-values-'))
  try {
    await writeFile(join(folder, 'schema.yaml'), text)
    const read = await readSchema([folder])
    if (!read.ok) throw new Error(read.problems.map((problem) => `${problem.line}: ${problem.message}`).join('\n'))
    return read.schema
  } finally {
    await rm(folder, { recursive: true })
  }
}
