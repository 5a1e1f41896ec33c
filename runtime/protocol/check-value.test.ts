import { describe, expect, it } from 'vitest'
import { checkValue, deepestJson } from './check-value.js'
import type { FieldDescriptor } from './descriptor.js'
import type { Wire } from './values.js'

const nested = (levels: number): Wire => (levels === 0 ? 0 : [nested(levels - 1)])

const cases: Readonly<
  Record<string, { readonly field: FieldDescriptor; readonly fits: readonly Wire[]; readonly misfits: readonly Wire[] }>
> = {
  text: {
    field: { type: 'text' },
    fits: ['', 'a', '😀', 'e\u0301', '\u{10FFFF}', 'line\nline', '__proto__'],
    misfits: [null, 1, true, [], {}, 'a\0b', '\ud83d', '\ude00\ud83d', 'a\udc00'],
  },
  'string with max': {
    field: { type: 'string', max: 3 },
    fits: ['', 'abc', '😀😀😀', 'e\u0301x'],
    misfits: ['abcd', '😀😀😀😀', 'e\u0301xy', '\0'],
  },
  'string with pattern': {
    field: { type: 'string', pattern: '^#[0-9a-f]{6}$' },
    fits: ['#00ff00'],
    misfits: ['#00FF00', '#00ff00\n', 'x#00ff00', ''],
  },
  int: {
    field: { type: 'int' },
    fits: [0, -0, 1, 2_147_483_647, -2_147_483_648],
    misfits: [null, '1', 1.5, 2_147_483_648, -2_147_483_649, Number.NaN, Infinity, true, [1]],
  },
  bigint: {
    field: { type: 'bigint' },
    fits: ['0', '-1', '9223372036854775807', '-9223372036854775808'],
    misfits: [0, '9223372036854775808', '-9223372036854775809', '-0', '+1', '01', '1e3', '', ' 1', '9'.repeat(1000)],
  },
  float: {
    field: { type: 'float' },
    fits: [0, -1.5, Number.MAX_VALUE, Number.MIN_VALUE],
    misfits: [null, '1', Number.NaN, Infinity, -Infinity, true],
  },
  'decimal(6,2)': {
    field: { type: 'decimal', precision: 6, scale: 2 },
    fits: ['0.00', '1.10', '-1.10', '9999.99', '-9999.99'],
    misfits: [1.1, '1', '1.1', '1.100', '10000.00', '01.10', '.10', '+1.10', '-0.00', '1e2', 'NaN', 'Infinity', '', ' 1.10'],
  },
  'decimal(4,0)': {
    field: { type: 'decimal', precision: 4, scale: 0 },
    fits: ['0', '9999', '-1'],
    misfits: ['1.', '1.0', '10000', '-0'],
  },
  'decimal(2,2)': {
    field: { type: 'decimal', precision: 2, scale: 2 },
    fits: ['0.99', '-0.01'],
    misfits: ['1.00', '.99'],
  },
  boolean: {
    field: { type: 'boolean' },
    fits: [true, false],
    misfits: [null, 0, 1, 'true'],
  },
  timestamp: {
    field: { type: 'timestamp' },
    fits: ['2026-01-31T23:59:59.123Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2024-02-29T00:00:00.000Z'],
    misfits: [
      0,
      '2026-01-31',
      '2026-01-31T23:59:59Z',
      '2026-01-31T23:59:59.123456Z',
      '2026-01-31T23:59:59.123+00:00',
      '2026-02-29T00:00:00.000Z',
      '2026-01-31T24:00:00.000Z',
      '2026-06-30T23:59:60.000Z',
      '0000-01-01T00:00:00.000Z',
      '+010000-01-01T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      'infinity',
    ],
  },
  date: {
    field: { type: 'date' },
    fits: ['2026-01-31', '0001-01-01', '9999-12-31', '2000-02-29'],
    misfits: [
      0,
      '2026-1-31',
      '1900-02-29',
      '2026-04-31',
      '0000-01-01',
      '10000-01-01',
      '2026-01-31T00:00:00.000Z',
      'infinity',
      '2026-01-31 BC',
    ],
  },
  json: {
    field: { type: 'json' },
    fits: [0, '', false, [], {}, { a: [null, { b: 1.5 }] }, nested(deepestJson), { constructor: 1, toString: 2 }],
    misfits: [
      null,
      Infinity,
      [Number.NaN],
      'a\0',
      ['\ud800'],
      { 'a\0': 1 },
      { '\udfff': 1 },
      nested(deepestJson + 1),
      JSON.parse('{"a":{"__proto__":1}}') as Wire,
    ],
  },
  uuid: {
    field: { type: 'uuid' },
    fits: [
      '0190a5a0-0000-7000-8000-000000000000',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ],
    misfits: [
      null,
      1,
      '',
      '0190A5A0-0000-7000-8000-000000000000',
      '0190a5a0000070008000000000000000',
      '{0190a5a0-0000-7000-8000-000000000000}',
      '0190a5a0-0000-7000-8000-00000000000g',
      '0190a5a0-0000-7000-8000-000000000000\n',
      '__proto__',
    ],
  },
  bytes: {
    field: { type: 'bytes' },
    fits: ['', 'AA==', 'AAA=', 'AAAA', '+/+/'],
    misfits: [null, 1, 'A', 'AA', 'AB==', 'AAB=', 'AA==AA==', 'AA=A', '-_-_', 'AA ='],
  },
  enum: {
    field: { type: 'enum', values: ['todo', 'doing', 'done'] },
    fits: ['todo', 'done'],
    misfits: [null, '', 'Todo', 'constructor', '__proto__', 0, ['todo']],
  },
  'list of string': {
    field: { type: 'list', of: 'string' },
    fits: [[], ['a', ''], ['😀']],
    misfits: [null, 'a', [null], [1], ['a\0'], [['a']], { 0: 'a' }],
  },
  'list of int': {
    field: { type: 'list', of: 'int' },
    fits: [[], [1, -1]],
    misfits: [[1.5], ['1'], [null], [2 ** 31]],
  },
  'list of enum': {
    field: { type: 'list', of: 'enum', values: ['a', 'b'] },
    fits: [[], ['a', 'b', 'a']],
    misfits: [['c'], [null]],
  },
}

describe('checkValue', () => {
  it.each(Object.entries(cases))('[W3] %s: what fits, fits', (_, { field, fits }) => {
    for (const wire of fits) expect(checkValue(field, wire), JSON.stringify(wire)).toBeUndefined()
  })

  it.each(Object.entries(cases))('[W3] %s: everything else is refused', (_, { field, misfits }) => {
    for (const wire of misfits) expect(checkValue(field, wire), JSON.stringify(wire)).toMatch(/^(must|has) /)
  })

  it.each(Object.entries(cases))('[W3] %s: null fits exactly where the schema says so', (_, { field }) => {
    expect(checkValue(field, null)).toBe('must not be null')
    expect(checkValue({ ...field, nullable: true }, null)).toBeUndefined()
  })

  it('[W4] a message never contains the value', () => {
    const secret = 'secret 4711'
    for (const { field } of Object.values(cases)) {
      for (const wire of [secret, [secret], { [secret]: '\0' }, `${secret}\0`]) {
        expect(checkValue(field, wire) ?? '').not.toContain('4711')
      }
    }
  })
})
