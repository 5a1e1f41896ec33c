/** Wire values on which two engines disagree most easily, by type; many of them near each other, so that comparisons matter. */
import { checkValue } from '../../runtime/protocol/check-value.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import type { Wire } from '../../runtime/protocol/values.js'
import type { Dice } from '../postgres/random.js'

/** A value that fits the field; null now and then where it may be. */
export const randomValue = (dice: Dice, field: FieldDescriptor): Wire => {
  if (field.nullable === true && dice.chance(0.25)) return null
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const wire = drawn(dice, field)
    if (checkValue(field, wire) === undefined) return wire
  }
  throw new Error(`no value drawn fits ${JSON.stringify(field)}`)
}

/** What could be an element of a list field. */
export const randomElement = (dice: Dice, field: FieldDescriptor): Wire => randomValue(dice, elementOf(field))

/** Of a list's elements, as if they were fields. */
export const elementOf = ({ of = 'string', values }: FieldDescriptor): FieldDescriptor => ({
  type: of,
  ...(values === undefined ? {} : { values }),
})

const drawn = (dice: Dice, field: FieldDescriptor): Wire => {
  switch (field.type) {
    case 'enum':
      return dice.pick(field.values ?? [])
    case 'list':
      return Array.from({ length: dice.below(4) }, () => randomElement(dice, field))
    case 'decimal':
      return randomDecimal(dice, field.precision ?? 12, field.scale ?? 0)
    case 'string':
    case 'text':
      return dice.chance(0.6) ? dice.pick(pools.text) : randomText(dice)
    case 'json':
      return dice.chance(0.5) ? dice.pick(pools.json) : randomJson(dice, 3)
    case 'int':
      return dice.chance(0.7) ? dice.pick(pools.int) : dice.below(2 ** 32) - 2 ** 31
    case 'bigint':
      return dice.chance(0.7) ? dice.pick(pools.bigint) : BigInt.asIntN(64, randomBits(dice)).toString()
    case 'float': {
      const double = dice.chance(0.7) ? dice.pick(pools.float) : randomDouble(dice)
      return Number.isFinite(double) ? double : 0.5
    }
    case 'timestamp':
      return dice.chance(0.7) ? dice.pick(pools.timestamp) : randomTime(dice).toISOString()
    case 'date':
      return dice.chance(0.7) ? dice.pick(pools.date) : randomTime(dice).toISOString().slice(0, 10)
    case 'uuid':
      return dice.chance(0.7) ? dice.pick(pools.uuid) : randomUuid(dice)
    default:
      return dice.pick<Wire>(pools[field.type])
  }
}

/** Text of few characters, of which many are easily taken for each other or ordered differently by code units. */
const randomText = (dice: Dice): string => Array.from({ length: dice.below(4) }, () => dice.pick(characters)).join('')

const randomDecimal = (dice: Dice, precision: number, scale: number): string => {
  const digits = (length: number): string =>
    Array.from({ length }, () => dice.pick(dice.chance(0.5) ? ['0', '9'] : ['0', '1', '5', '9'])).join('')
  const whole = digits(dice.below(precision - scale + 1)).replace(/^0+/, '') || '0'
  const text = scale === 0 ? whole : `${whole}.${digits(scale)}`
  return dice.chance(0.5) && /[1-9]/.test(text) ? `-${text}` : text
}

const randomBits = (dice: Dice): bigint => (BigInt(dice.below(2 ** 32)) << 32n) | BigInt(dice.below(2 ** 32))

/** Any double, by its bits; infinities and NaN among them. */
export const randomDouble = (dice: Dice): number => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, randomBits(dice))
  return view.getFloat64(0)
}

/** Anywhere in the years 0001 to 9999. */
export const randomTime = (dice: Dice): Date => new Date(-62_135_596_800_000 + Math.floor(dice.next() * 315_537_897_600_000))

export const randomUuid = (dice: Dice): string =>
  Array.from({ length: 4 }, () => dice.below(2 ** 32).toString(16).padStart(8, '0'))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

const randomJson = (dice: Dice, depth: number): Wire => {
  switch (dice.below(depth === 0 ? 3 : 5)) {
    case 0:
      return dice.pick<Wire>([true, false, 1, 1.5, -1, 0])
    case 1:
      return dice.chance(0.5) ? dice.pick(pools.float) : randomText(dice)
    case 2:
      return randomText(dice)
    case 3:
      return Array.from({ length: dice.below(4) }, () => (dice.chance(0.2) ? null : randomJson(dice, depth - 1)))
    default:
      return Object.fromEntries(Array.from({ length: dice.below(4) }, () => [randomText(dice), randomJson(dice, depth - 1)]))
  }
}

const characters = [
  ...['a', 'A', 'b', 'B', 'z', 'Z', '0', '9', ' ', '%', '_', '\\', "'", '"', '$', '{', '}', ',', '\n', '\t', '\u0001', '\u007f'],
  ...['\u0080', '\u00a0', 'é', 'e', '\u0301', '\u0323', 'ß', 'ı', 'İ', 'i', '\u200b', '\u200d', '\u202e', '\u2028', '\ufeff'],
  ...['\ud7ff', '\ue000', 'ﬁ', '\ufffd', '\uffff', '\u{10000}', '😀', '👩', '𠀀', '\u{10ffff}', 'あ', '日', '한', '\u1112'],
]

const pools = {
  text: [
    ...['', 'a', 'A', 'aa', 'ab', 'b', 'Z', '_', '%', 'a%', 'a_b', '\\', 'a\\b', "'", '"', '$1', '$x', '{a,b}', 'NULL', 'null'],
    ...['10', '9', ' ', 'a ', ' a', '\n', 'a\nb', '\t', '\u0001', '\u00a0', '\u200b', '\u2028', 'é', 'e\u0301', 'É', 'ß', 'ss'],
    ...['İ', 'i', 'ſ', '\u212a', '\ud7ff', '\ue000', '\ufb01', '\uff5e', '\uffff', '\u{10000}', '😀', '😀a', 'a😀', '\u{10ffff}'],
    ...['日本', '--', ';', '/*', '`', '${a}', 'resumes', 'résumé', 're\u0301sume\u0301', 'a-b', 'co-op', 'coop'],
  ],
  int: [0, 1, -1, 2, 9, 10, 2_147_483_647, -2_147_483_648],
  bigint: [
    ...['0', '-1', '9', '10', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
    ...['9223372036854775806', '9223372036854775807', '-9223372036854775808'],
  ],
  float: [
    ...[0, 1, -1, 0.1, 0.3, 0.1 + 0.2, 1e21, 1e-7, 1e300, -1e300, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE],
    ...[-Number.MIN_VALUE, 9_007_199_254_740_992, 9_007_199_254_740_994, 1 + Number.EPSILON, 2.2250738585072014e-308, -0],
  ],
  boolean: [true, false],
  timestamp: [
    ...['0001-01-01T00:00:00.000Z', '1582-10-10T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00.000Z'],
    ...['2026-01-31T23:59:59.100Z', '2026-01-31T23:59:59.123Z', '2026-01-31T23:59:59.124Z', '9999-12-31T23:59:59.999Z'],
  ],
  date: ['0001-01-01', '0099-12-31', '1582-10-10', '1969-12-31', '1970-01-01', '2024-02-29', '2026-03-29', '9999-12-31'],
  json: [0, 1, 1.5, 'a', true, [], {}, { a: 1 }, { a: 1, b: 2 }, { b: 2, a: 1 }, { a: [1, { b: null }] }, [null], ''],
  uuid: [
    ...['00000000-0000-0000-0000-000000000000', '0190a5a0-0000-7000-8000-00000000000a'],
    ...['0190a5a0-0000-7000-8000-00000000000b', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ],
  bytes: ['', 'AA==', 'AAA=', '/w==', '+/+/'],
} as const satisfies Readonly<Record<string, readonly Wire[]>>
