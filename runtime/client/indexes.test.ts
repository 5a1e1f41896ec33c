import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedIndex, UniqueIndex, indexKey } from './indexes.js'
import type { AnyRow } from './row.js'

interface Thing extends AnyRow {
  readonly id: string
  readonly group: string | null
  readonly rank: number
  readonly day: Date
}

const thing = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  group: fc.constantFrom('x', 'y', null),
  rank: fc.nat(3),
  day: fc.nat(2).map((day) => new Date(day)),
})
/** A row that comes or changes, or (null) goes. */
const steps = fc.array(fc.tuple(thing, fc.boolean()), { maxLength: 60 })

describe('indexes', () => {
  it('[C1] a sorted index is the rows of a key in order, at any time; a group that nothing touched is the same array', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (changes, reads) => {
        const index = new SortedIndex<Thing, string | null>('group', (left, right) => left.rank - right.rank)
        const byDay = new SortedIndex<Thing, Date>('day')
        const rows = new Map<string, Thing>()
        for (const [row, stays] of changes) {
          const before = rows.get(row.id)
          const others = ['x', 'y', null].filter((group) => group !== row.group && group !== before?.group)
          const untouched = others.map((group) => index.get(group))
          const after = stays ? row : undefined
          if (after === undefined) rows.delete(row.id)
          else rows.set(row.id, after)
          index.replace(before, after)
          byDay.replace(before, after)
          for (const [at, group] of others.entries()) if (reads) expect(index.get(group)).toBe(untouched[at])
          if (reads) expect(index.get(row.group)).toEqual(expected(rows, row.group))
        }
        for (const group of ['x', 'y', null]) expect(index.get(group)).toEqual(expected(rows, group))
        for (const day of [0, 1, 2]) {
          expect(byDay.get(new Date(day))).toEqual([...rows.values()].filter((row) => row.day.getTime() === day).sort((a, b) => (a.id < b.id ? -1 : 1)))
        }
      }),
    )
  })

  it('[C1] a unique index finds the row, and the oldest of several while the server has not judged them', () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const index = new UniqueIndex<Thing, readonly [string | null, number]>(['group', 'rank'])
        const rows = new Map<string, Thing>()
        for (const [row, stays] of changes) {
          const before = rows.get(row.id)
          if (stays) rows.set(row.id, row)
          else rows.delete(row.id)
          index.replace(before, stays ? row : undefined)
        }
        for (const group of ['x', 'y', null]) {
          for (const rank of [0, 1, 2, 3]) {
            const [first] = [...rows.values()].filter((row) => row.group === group && row.rank === rank).sort((a, b) => (a.id < b.id ? -1 : 1))
            expect(index.get(group, rank)).toBe(group === null ? undefined : first)
          }
        }
      }),
    )
  })

  it('[C1] keys of different types are different keys', () => {
    const index = new UniqueIndex<AnyRow, readonly unknown[]>(['key'])
    for (const [n, key] of ['1', 1, 1n, '1n'].entries()) index.replace(undefined, { id: String(n), key })
    expect(['1', 1].map((key) => index.get(key)?.id)).toEqual(['0', '1'])
    expect(indexKey(new Date(5))).toBe(5)
  })
})

const expected = (rows: ReadonlyMap<string, Thing>, group: string | null): readonly Thing[] =>
  [...rows.values()].filter((row) => row.group === group).sort((left, right) => left.rank - right.rank || (left.id < right.id ? -1 : 1))
