/** Wire values on which two engines disagree most easily, by type; few enough that equality and order are hit often. */
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import type { Wire } from '../../runtime/protocol/values.js'
import type { Dice } from '../postgres/random.js'

/** A value that fits the field; null now and then where it may be. */
export const randomValue = (dice: Dice, field: FieldDescriptor): Wire => {
  if (field.nullable === true && dice.chance(0.25)) return null
  return field.type === 'list'
    ? Array.from({ length: dice.below(4) }, () => randomElement(dice, field))
    : dice.pick(poolOf(field))
}

/** What could be an element of a list field. */
export const randomElement = (dice: Dice, field: FieldDescriptor): Wire =>
  dice.pick<Wire>(field.of === 'int' ? pools.int : field.of === 'enum' ? (field.values ?? []) : pools.text)

const poolOf = (field: FieldDescriptor): readonly Wire[] => {
  if (field.type === 'enum') return field.values ?? []
  if (field.type === 'decimal') return (field.scale ?? 0) === 0 ? pools.wholeDecimal : pools.decimal
  return field.type === 'string' || field.type === 'list' ? pools.text : pools[field.type]
}

const pools = {
  text: [
    ...[
      '',
      'a',
      'A',
      'aa',
      'ab',
      'b',
      'Z',
      '_',
      '%',
      'a%',
      'a_b',
      '\\',
      'a\\b',
      "'",
      '"',
      '$1',
      '$x',
      '{a,b}',
      'NULL',
      'null',
      '10',
      '9',
    ],
    ...[
      ' ',
      'a ',
      ' a',
      '\n',
      'a\nb',
      '\t',
      '\u0001',
      '\u00a0',
      '\u200b',
      '\u2028',
      'é',
      'e\u0301',
      'É',
      'ß',
      'ss',
      'İ',
      'i',
      'ſ',
      '\u212a',
    ],
    ...[
      '\ud7ff',
      '\ue000',
      '\ufb01',
      '\uff5e',
      '\uffff',
      '\u{10000}',
      '😀',
      '😀a',
      'a😀',
      '\u{10ffff}',
      '日本',
      '--',
      ';',
      '/*',
      '`',
      '${a}',
    ],
  ],
  int: [0, 1, -1, 2, 9, 10, 2_147_483_647, -2_147_483_648],
  bigint: ['0', '-1', '9', '10', '9007199254740992', '9007199254740993', '9223372036854775807', '-9223372036854775808'],
  float: [0, 1, -1, 0.1, 0.3, 0.1 + 0.2, 1e21, 1e-7, 1e300, -1e300, Number.MAX_VALUE, Number.MIN_VALUE, 9_007_199_254_740_992],
  decimal: ['0.00', '0.01', '-0.01', '1.10', '9.00', '10.00', '-9.00', '-10.00', '9999999999.99', '-9999999999.99'],
  wholeDecimal: ['0', '1', '-1', '9', '10', '9007199254740993', '99999999999999999999', '-99999999999999999999'],
  boolean: [true, false],
  timestamp: [
    ...['0001-01-01T00:00:00.000Z', '1582-10-10T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00.000Z'],
    ...['2026-01-31T23:59:59.100Z', '2026-01-31T23:59:59.123Z', '2026-01-31T23:59:59.124Z', '9999-12-31T23:59:59.999Z'],
  ],
  date: ['0001-01-01', '0099-12-31', '1969-12-31', '1970-01-01', '2024-02-29', '2026-03-29', '9999-12-31'],
  json: [0, 1, 'a', true, [], {}, { a: 1 }, { a: [1, { b: null }] }, [null], '', 1.5, { '': 'é😀' }, 1e300, 1e-7],
  uuid: ['00000000-0000-0000-0000-000000000000', '0190a5a0-0000-7000-8000-00000000000a', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  bytes: ['', 'AA==', 'AAA=', '/w==', '+/+/'],
} as const satisfies Readonly<Record<string, readonly Wire[]>>
