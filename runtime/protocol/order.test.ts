import { describe, expect, it } from 'vitest'
import type { FieldDescriptor } from './descriptor.js'
import { comparatorOf, equalValues, equalWire } from './field-order.js'
import {
  type Comparator,
  compareBigint,
  compareBoolean,
  compareBytes,
  compareDecimal,
  compareNumber,
  compareText,
  compareTimestamp,
  comparing,
  descending,
  inOrder,
  nullsLast,
} from './order.js'
import type { Wire } from './values.js'

/** Each list ascends strictly; every pair of it is compared both ways. */
const ascends = <Value>(compare: Comparator<Value>, values: readonly Value[]): void => {
  for (const [at, left] of values.entries()) {
    for (const [other, right] of values.entries()) {
      expect(Math.sign(compare(left, right)), `${String(left)} and ${String(right)}`).toBe(Math.sign(at - other))
    }
  }
}

describe('order of values', () => {
  it('[W7] text is in code-point order, also where UTF-16 is not', () => {
    ascends(compareText, [
      '',
      '\u0001',
      '!',
      'A',
      'B',
      'BA',
      'a',
      'ab',
      'é',
      '\ud7ff',
      '\ue000',
      '\uff5e',
      '\uffff',
      '\u{10000}',
      '😀',
      '😀a',
      '\u{10ffff}',
    ])
  })

  it('[W7] text is in the order of its UTF-8 bytes, for random text', () => {
    let state = 4711
    const draw = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648)
    const alphabet = ['a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '😀', '']
    const word = (): string => Array.from({ length: draw() % 4 }, () => alphabet[draw() % alphabet.length] ?? '').join('')
    for (let round = 0; round < 5000; round += 1) {
      const [left, right] = [word(), word()]
      const bytes = Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right)))
      expect(Math.sign(compareText(left, right)), JSON.stringify([left, right])).toBe(bytes)
    }
  })

  it('[W7] decimals are compared as numbers, whatever their length and scale', () => {
    ascends(compareDecimal, [
      '-100.00',
      '-10.50',
      '-10.05',
      '-9.99',
      '-0.01',
      '0.00',
      '0.01',
      '0.10',
      '1.00',
      '9.99',
      '10.00',
      '99999999999999999999.01',
    ])
    expect(compareDecimal('1.1', '1.10')).toBe(0)
    expect(compareDecimal('-2', '-2.000')).toBe(0)
    expect(compareDecimal('10', '9.5')).toBeGreaterThan(0)
  })

  it('[W7] the other types have the order of PostgreSQL', () => {
    ascends(compareNumber, [-Infinity, -1, 0, 0.1, 1, 10])
    ascends(compareBigint, [-(2n ** 63n), -1n, 0n, 9_007_199_254_740_992n, 9_007_199_254_740_993n])
    ascends(compareBoolean, [false, true])
    ascends(compareTimestamp, [new Date(-1), new Date(0), new Date(1)])
    ascends(compareBytes, [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(1), Uint8Array.of(255)])
    ascends(comparatorOf({ type: 'list', of: 'string' }), [[], ['\uff5e'], ['\uff5e', ''], ['😀']])
    expect(() => comparatorOf({ type: 'json' })).toThrow('no order')
  })

  it('[W7] nulls come last in ascending order and first in descending order', () => {
    ascends(nullsLast(compareNumber), [1, 2, null])
    ascends(descending(nullsLast(compareNumber)), [null, 2, 1])
  })

  it('[W7] several orders count one after the other', () => {
    interface Card {
      readonly state: string
      readonly at: number
    }
    const card = (state: string, at: number): Card => ({ state, at })
    const byStateThenAt: Comparator<Card> = inOrder(comparing('state', compareText), descending(comparing('at', compareNumber)))
    ascends(byStateThenAt, [card('a', 2), card('a', 1), card('b', 3)])
  })
})

describe('equality of values', () => {
  const equal: readonly (readonly [FieldDescriptor, Wire, Wire])[] = [
    [{ type: 'decimal', scale: 2 }, '1.1', '1.10'],
    [{ type: 'float' }, 0, -0],
    [{ type: 'json' }, { a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }],
    [{ type: 'json' }, JSON.parse('{"__proto__":1}') as Wire, JSON.parse('{"__proto__":1}') as Wire],
    [{ type: 'list', of: 'string' }, ['a', 'b'], ['a', 'b']],
    [{ type: 'text' }, null, null],
  ]
  const different: readonly (readonly [FieldDescriptor, Wire, Wire])[] = [
    [{ type: 'decimal', scale: 2 }, '1.10', '1.11'],
    [{ type: 'text' }, '1.1', '1.10'],
    [{ type: 'text' }, 'é', 'e\u0301'],
    [{ type: 'text' }, null, ''],
    [{ type: 'int' }, 0, null],
    [{ type: 'json' }, { a: 1 }, { a: 1, b: null }],
    [{ type: 'json' }, { a: undefined as unknown as Wire }, { b: 1 }],
    [{ type: 'json' }, {}, JSON.parse('{"__proto__":1}') as Wire],
    [{ type: 'json' }, {}, []],
    [{ type: 'json' }, { 0: 'a' }, ['a']],
    [{ type: 'json' }, [1, 2], [2, 1]],
    [{ type: 'json' }, { toString: 1 }, {}],
    [{ type: 'json' }, { constructor: 1 }, { toString: 1 }],
    [{ type: 'json' }, '1', 1],
    [{ type: 'list', of: 'string' }, ['a', 'b'], ['b', 'a']],
    [{ type: 'list', of: 'string' }, ['a'], ['a', 'a']],
  ]

  it('[W8] wire values are equal when they stand for one value', () => {
    for (const [field, left, right] of equal) {
      expect(equalWire(field, left, right), JSON.stringify([left, right])).toBe(true)
      expect(equalWire(field, right, left), JSON.stringify([left, right])).toBe(true)
    }
    for (const [field, left, right] of different) {
      expect(equalWire(field, left, right), JSON.stringify([left, right])).toBe(false)
      expect(equalWire(field, right, left), JSON.stringify([left, right])).toBe(false)
    }
  })

  it('[W8] TypeScript values are equal when they stand for one value', () => {
    expect(equalValues({ type: 'timestamp' }, new Date(5), new Date(5))).toBe(true)
    expect(equalValues({ type: 'timestamp' }, new Date(5), new Date(6))).toBe(false)
    expect(equalValues({ type: 'bytes' }, Uint8Array.of(1), Uint8Array.of(1))).toBe(true)
    expect(equalValues({ type: 'bytes' }, Uint8Array.of(1), null)).toBe(false)
    expect(equalValues({ type: 'decimal', scale: 1 }, '1.0', '1')).toBe(true)
    expect(equalValues({ type: 'json' }, { a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
    expect(equalValues({ type: 'int', nullable: true }, null, null)).toBe(true)
    expect(equalValues({ type: 'int', nullable: true }, null, 0)).toBe(false)
  })
})
