import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { implies } from './implies.js'
import { allOf, anyOf, notOf } from './logic.js'
import type { Operand, Predicate } from '../model.js'

/** A world of two models that lead to each other: `A.b` (field bId), and the inverse `B.as`. */
interface Row {
  readonly id: number
  readonly x: number | null
  readonly bId: number | null
}
interface World {
  readonly a: readonly Row[]
  readonly b: readonly Row[]
  readonly maybe: number | null
  readonly sub: number
}

const value = fc.constantFrom(1, 2, null)
const operand: fc.Arbitrary<Operand> = fc.oneof(
  value.map((each): Operand => ({ kind: 'literal', value: each })),
  fc.constantFrom<Operand>({ kind: 'claim', name: 'maybe' }, { kind: 'claim', name: 'sub' }),
)

const leaf = (fields: readonly string[]): fc.Arbitrary<Predicate> =>
  fc.oneof(
    fc.record({ kind: fc.constant('compare' as const), field: fc.constantFrom(...fields), op: fc.constantFrom('eq', 'ne', 'lt', 'gte'), value: operand }),
    fc.record({ kind: fc.constant('in' as const), field: fc.constantFrom(...fields), negated: fc.boolean(), values: fc.array(operand, { minLength: 1, maxLength: 2 }) }),
    fc.constantFrom<Predicate>({ kind: 'always' }, { kind: 'never' }),
  )

const predicates = fc.letrec<{ a: Predicate; b: Predicate }>((tie) => {
  const compound = (own: fc.Arbitrary<Predicate>, step: fc.Arbitrary<Predicate>, fields: readonly string[]): fc.Arbitrary<Predicate> =>
    fc.oneof(
      { maxDepth: 4 },
      leaf(fields),
      fc.array(own, { minLength: 1, maxLength: 3 }).map(allOf),
      fc.array(own, { minLength: 1, maxLength: 3 }).map(anyOf),
      own.map(notOf),
      step,
    )
  const one = tie('b').map((where): Predicate => ({ kind: 'one', relation: 'b', model: 'B', field: 'bId', where }))
  const some = tie('a').map((where): Predicate => ({ kind: 'some', relation: 'as', model: 'A', field: 'bId', where }))
  return { a: compound(tie('a'), one, ['x', 'bId', 'id']), b: compound(tie('b'), some, ['x', 'id']) }
}).a

const row = (id: number): fc.Arbitrary<Row> => fc.record({ id: fc.constant(id), x: value, bId: value })
const world: fc.Arbitrary<World> = fc.record({ a: fc.tuple(row(1), row(2), row(3)), b: fc.tuple(row(1), row(2)), maybe: value, sub: fc.constantFrom(1, 2) })

/** What a predicate means, by the truth table of docs/schema.md. */
const holds = (predicate: Predicate, at: Row, on: World): boolean => {
  const valueOf = (each: Operand): unknown => (each.kind === 'literal' ? each.value : each.name === 'sub' ? on.sub : on.maybe)
  switch (predicate.kind) {
    case 'always':
      return true
    case 'never':
      return false
    case 'all':
      return predicate.of.every((each) => holds(each, at, on))
    case 'any':
      return predicate.of.some((each) => holds(each, at, on))
    case 'not':
      return !holds(predicate.of, at, on)
    case 'one':
      return on.b.some((each) => each.id === at.bId && holds(predicate.where, each, on))
    case 'some':
      return on.a.some((each) => each.bId === at.id && holds(predicate.where, each, on))
    case 'in':
      return predicate.values.map(valueOf).includes(at[predicate.field as keyof Row]) !== predicate.negated
    case 'compare': {
      const left = at[predicate.field as keyof Row]
      const right = valueOf(predicate.value) as number | null
      if (predicate.op === 'eq') return left === right
      if (predicate.op === 'ne') return left !== right
      return left !== null && right !== null && (predicate.op === 'lt' ? left < right : left >= right)
    }
  }
}

describe('implies', () => {
  const required = new Set(['sub'])

  it('[Y13] affirms nothing that some world refutes', () => {
    let affirmed = 0
    fc.assert(
      fc.property(predicates, predicates, fc.array(world, { minLength: 5, maxLength: 5 }), (left, right, worlds) => {
        const pairs = [[left, right], [right, left], [allOf([left, right]), right], [left, anyOf([right, left])]] as const
        for (const [from, to] of pairs) {
          if (!implies(from, to, required)) continue
          affirmed++
          for (const on of worlds) for (const at of on.a) if (holds(from, at, on)) expect(holds(to, at, on)).toBe(true)
        }
      }),
      { numRuns: 4000 },
    )
    expect(affirmed).toBeGreaterThan(4000)
  })

  const eq = (field: string, of: Operand): Predicate => ({ kind: 'compare', field, op: 'eq', value: of })
  const me: Operand = { kind: 'claim', name: 'sub' }
  const one = (where: Predicate): Predicate => ({ kind: 'one', relation: 'b', model: 'B', field: 'bId', where })

  it('[Y13] sees through steps, alternatives and references', () => {
    const either = anyOf([eq('id', me), eq('x', me)])
    const maybe: Operand = { kind: 'claim', name: 'maybe' }
    const shown = (left: Predicate, right: Predicate): boolean => implies(left, right, required)
    expect(shown(one(either), anyOf([one(eq('x', me)), eq('bId', me)]))).toBe(true)
    expect(shown(one(eq('id', me)), one(either))).toBe(true)
    expect(shown(eq('bId', me), one(either))).toBe(true)
    expect(shown(eq('bId', maybe), one(eq('id', maybe)))).toBe(false)
    expect(shown(eq('x', { kind: 'literal', value: 1 }), { kind: 'in', field: 'x', negated: true, values: [{ kind: 'literal', value: 2 }] })).toBe(true)
    expect(shown(eq('x', me), eq('x', maybe))).toBe(false)
    expect(shown(either, eq('x', me))).toBe(false)
  })
})
