import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkValue } from '../../runtime/protocol/check-value.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import { equalWire } from '../../runtime/protocol/field-order.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { platform } from '../../runtime/server/platform.js'
import { Database } from '../../runtime/server/transaction.js'
import { parameterOf, wireOfColumn } from '../../runtime/server/values.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { Dice, rounds, seed } from '../postgres/random.js'

const used = seed(20_260_805)
const dice = new Dice(used)

/** Any text at all, halves of pairs and NUL included. */
const text = (length = dice.below(12)): string =>
  String.fromCharCode(
    ...Array.from({ length }, () =>
      dice.chance(0.5) ? dice.below(0x80) : dice.chance(0.3) ? 0xd800 + dice.below(0x800) : dice.below(0x10000),
    ),
  )

/** Any double, by its bits. */
const double = (): number => {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, dice.below(2 ** 32))
  view.setUint32(4, dice.below(2 ** 32))
  return view.getFloat64(0)
}

const digits = (most: number): string => Array.from({ length: 1 + dice.below(most) }, () => dice.below(10)).join('')

const json = (depth: number): Wire => {
  switch (depth === 0 ? dice.below(4) : dice.below(6)) {
    case 0:
      return dice.pick<Wire>([null, true, false, 0])
    case 1:
      return double()
    case 2:
      return dice.below(2 ** 31) / 10 ** dice.below(12)
    case 3:
      return text()
    case 4:
      return Array.from({ length: dice.below(4) }, () => json(depth - 1))
    default:
      return Object.fromEntries(Array.from({ length: dice.below(4) }, () => [text(3), json(depth - 1)]))
  }
}

const time = (): Date => new Date(-62_135_596_800_000 + Math.floor(dice.next() * 315_537_897_600_000))

/** Per type: the cast of its column, and values of which some fit and some do not. */
const types: readonly (readonly [FieldDescriptor, string, () => Wire])[] = [
  [{ type: 'text' }, 'text', text],
  [{ type: 'string', max: 6 }, 'varchar(6)', text],
  [{ type: 'int' }, 'integer', () => dice.pick([dice.below(2 ** 32) - 2 ** 31, double(), 2 ** 31, 0])],
  [{ type: 'bigint' }, 'bigint', () => `${dice.pick(['', '', '-', '+'])}${digits(20)}`],
  [{ type: 'float' }, 'double precision', double],
  [{ type: 'decimal', precision: 12, scale: 3 }, 'numeric(12,3)', () => `${dice.pick(['', '-'])}${digits(11)}.${digits(3)}`],
  [{ type: 'decimal', precision: 30, scale: 0 }, 'numeric(30,0)', () => `${dice.pick(['', '-'])}${digits(31)}`],
  [{ type: 'boolean' }, 'boolean', () => dice.chance(0.5)],
  [{ type: 'timestamp' }, 'timestamptz(3)', () => dice.pick([time().toISOString(), time().toISOString().slice(0, -1)])],
  [{ type: 'date' }, 'date', () => dice.pick([time().toISOString().slice(0, 10), `${digits(4)}-0${digits(1)}-${digits(2)}`])],
  [{ type: 'json' }, 'jsonb', () => json(4)],
  [
    { type: 'uuid' },
    'uuid',
    () =>
      digits(32)
        .padEnd(32, '0')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  ],
  [{ type: 'bytes' }, 'bytea', () => Buffer.from(text()).toString(dice.pick(['base64', 'base64', 'hex']))],
  [{ type: 'list', of: 'string' }, 'text[]', () => Array.from({ length: dice.below(4) }, () => text(4))],
  [{ type: 'list', of: 'int' }, 'integer[]', () => Array.from({ length: dice.below(4) }, () => dice.below(2 ** 32) - 2 ** 31)],
]

describe('values that fit', () => {
  let database: Database
  let drop: () => Promise<void>

  beforeAll(async () => {
    const place = await testDatabase()
    database = new Database(place.url, () => undefined, platform.timers)
    drop = () => place.drop()
  })

  afterAll(async () => {
    await database.close()
    await drop()
  })

  it.each(types)('[W3] $type: PostgreSQL takes them as $1, and gives them back in the same form', async (field, cast, draw) => {
    let fitting = 0
    for (let round = 0; round < rounds(200); round += 1) {
      const wire = draw()
      if (wire === null || checkValue(field, wire) !== undefined) continue
      fitting += 1
      const hint = `seed ${used} round ${round} ${JSON.stringify(wire)}`
      const answer = await database.rows(`select $1::${cast}`, [parameterOf(field, wire)]).catch((error: unknown) => {
        throw new Error(hint, { cause: error })
      })
      const stored = wireOfColumn(field, answer[0]?.[0])
      expect(equalWire(field, stored, wire), hint).toBe(true)
      if (field.type !== 'json' && wire !== 0) expect(stored, hint).toEqual(wire)
      // As another client will read it: through JSON.
      expect(equalWire(field, JSON.parse(JSON.stringify(stored)) as Wire, wire), hint).toBe(true)
    }
    expect(fitting).toBeGreaterThan(rounds(200) / 20)
  })
})
