/**
 * What a migration works out from a row, worked out once more where the row is cached or queued. SQL and this agree on every
 * value (generator/sql/expression-sql.ts): numbers are exact, only A to Z have a case, and null gives null.
 */
import { convertValue } from './convert-value.js'
import type { FieldDescriptor } from './descriptor.js'
import type { Wire } from './values.js'

/** As in the schema (docs/schema.md, expressions), by the names of the new version. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Wire }
  /** Another field of the row. */
  | { readonly kind: 'field'; readonly field: string }
  /** The field's own value before it was converted. */
  | { readonly kind: 'old' }
  | { readonly kind: 'text' | 'lower' | 'upper'; readonly of: Expression }
  | { readonly kind: 'concat' | 'coalesce' | 'add' | 'subtract' | 'multiply'; readonly of: readonly Expression[] }
  /** By the text of a value. */
  | { readonly kind: 'match'; readonly of: Expression; readonly cases: readonly (readonly [value: string, then: Expression])[]; readonly otherwise: Expression | null }

/** The value of a field, null: of the one that is converted; undefined: not known here. */
export type ValueOf = (field: string | null) => Wire | undefined

/** The value as one of the field `to`; undefined: it does not fit, or is not known here. */
export const evaluate = (expression: Expression, to: FieldDescriptor, valueOf: ValueOf): Wire | undefined => {
  const wire = value(expression, valueOf)
  if (wire === undefined || !isNumber(to)) return wire === undefined ? undefined : convertValue({ from: to, to }, wire)
  if (typeof wire === 'number') return convertValue({ from: { type: 'float' }, to }, wire)
  const rounded = wire !== null && (to.type === 'int' || to.type === 'bigint') ? convertValue({ from: decimal, to: { type: 'decimal' } }, wire) : wire
  return rounded === undefined ? undefined : convertValue({ from: decimal, to }, rounded)
}

const decimal: FieldDescriptor = { type: 'decimal' }

const value = (expression: Expression, valueOf: ValueOf): Wire | undefined => {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'field':
      return valueOf(expression.field)
    case 'old':
      return valueOf(null)
    case 'text':
    case 'lower':
    case 'upper':
      return known([value(expression.of, valueOf)], ([text]) => cased(expression.kind, String(text)))
    case 'concat':
      return known(each(expression.of, valueOf), (texts) => texts.join(''))
    case 'coalesce': {
      for (const wire of each(expression.of, valueOf)) if (wire !== null) return wire
      return null
    }
    case 'match': {
      const of = value(expression.of, valueOf)
      if (of === undefined) return undefined
      const then = expression.cases.find(([label]) => of !== null && label === String(of))?.[1] ?? expression.otherwise
      return then === null ? null : value(then, valueOf)
    }
    case 'add':
    case 'subtract':
    case 'multiply': {
      const { kind } = expression
      return known(each(expression.of, valueOf), (wires) => exactText(wires.map(exact).reduce((left, right) => combined(kind, left, right))))
    }
  }
}

const each = (all: readonly Expression[], valueOf: ValueOf): readonly (Wire | undefined)[] => all.map((one) => value(one, valueOf))

/** Nothing is known of what is made of something unknown; null makes null. */
const known = (wires: readonly (Wire | undefined)[], make: (wires: readonly Wire[]) => Wire): Wire | undefined => {
  if (wires.includes(undefined)) return undefined
  return wires.includes(null) ? null : make(wires as readonly Wire[])
}

const cased = (kind: 'text' | 'lower' | 'upper', text: string): string => {
  if (kind === 'text') return text
  return kind === 'lower' ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

const isNumber = ({ type }: FieldDescriptor): boolean => type === 'int' || type === 'bigint' || type === 'float' || type === 'decimal'

/** A number as its digits, and how many of them stand behind the point. */
interface Exact {
  readonly digits: bigint
  readonly scale: number
}

const exact = (wire: Wire): Exact => {
  const [whole = '', fraction = ''] = String(wire).split('.')
  return { digits: BigInt(whole + fraction), scale: fraction.length }
}

const combined = (kind: 'add' | 'subtract' | 'multiply', left: Exact, right: Exact): Exact => {
  if (kind === 'multiply') return { digits: left.digits * right.digits, scale: left.scale + right.scale }
  const scale = Math.max(left.scale, right.scale)
  const [one, other] = [left, right].map((number) => number.digits * 10n ** BigInt(scale - number.scale)) as [bigint, bigint]
  return { digits: kind === 'add' ? one + other : one - other, scale }
}

const exactText = ({ digits, scale }: Exact): string => {
  const sign = digits < 0n ? '-' : ''
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}
