import { describe, expect, it } from 'vitest'
import type { FieldDescriptor } from './descriptor.js'
import { givenAmount, givenElements } from './given-edit.js'

const int: FieldDescriptor = { type: 'int', conflict: 'counter', default: 0 }
const float: FieldDescriptor = { type: 'float', conflict: 'counter', default: 0 }
const refused = (field: string) => expect.objectContaining({ code: 'invalid-value', details: { field } }) as unknown

describe('an amount', () => {
  it.for<readonly [field: FieldDescriptor, from: number, add: number, fractions: boolean]>([
    [int, 0, 3, false],
    [int, 2_147_483_646, 1, true],
    [int, -2_000_000_000, 4_000_000_000, false],
    [float, 1, -2, false],
    [float, 1, 0.5, true],
    [float, 0, 1e308, true],
    // Others took it there: what leads back is an amount like any other.
    [int, 2_147_483_650, -1, false],
  ])('[V127] [C149] of %o from %d: %d is taken', ([field, from, add, fractions]) => {
    expect(givenAmount(field, 'n', { add }, from, fractions)).toEqual({ add })
  })

  it.for<readonly [field: FieldDescriptor, from: number, value: unknown, fractions: boolean]>([
    ...[Number.NaN, Infinity, -Infinity, '1', null, undefined, [1]].flatMap((add) => [int, float].flatMap((field) => [true, false].map((fractions) => [field, 0, { add }, fractions] as const))),
    [int, 0, { add: 0.5 }, true],
    [float, 0, { add: 0.5 }, false],
    [int, 0, { add: 2 ** 53 }, true],
    [int, 2_147_483_647, { add: 1 }, false],
    [int, -2_147_483_648, { add: -1 }, true],
    [float, 1.7e308, { add: 1e308 }, true],
    [int, 0, { add: 1, remove: 1 }, true],
    [int, 0, {}, true],
    [int, 0, 1, true],
    [int, 0, null, true],
  ])('[V127] [C149] of %o from %d: %o is refused with the field', ([field, from, value, fractions]) => {
    expect(() => givenAmount(field, 'n', value, from, fractions)).toThrow(refused('n'))
  })
})

describe('elements', () => {
  const set: FieldDescriptor = { type: 'list', of: 'int', conflict: 'set', default: [] }

  it('[V127] are two lists, each of which may be left out', () => {
    expect(givenElements(set, 's', { add: [1, 1, -0], remove: [2] })).toEqual({ add: [1, 0], remove: [2] })
    expect(givenElements(set, 's', {})).toEqual({ add: [], remove: [] })
  })

  it.for<readonly [value: unknown]>([[{ add: 1 }], [{ add: [1], put: [] }], [{ remove: null }], [{ add: ['1'] }], [{ add: [1], remove: [1] }], [null], ['1'], [{ remove: [0.5] }]])(
    '[V127] %o is refused with the field',
    ([value]) => {
      expect(() => givenElements(set, 's', value)).toThrow(refused('s'))
    },
  )
})
