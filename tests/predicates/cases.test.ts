/**
 * A collection of comparisons with what PostgreSQL answers to each, three-valued. Where a comparison can be written in our
 * language it must have PostgreSQL's answer, made two-valued by this mapping:
 *
 * - `=` with a null on either side is our equality (both null), `<>` is `not`; order and `like` are false for null;
 * - `in` finds null if null is listed, `not in` holds for null unless it is;
 * - `between` is gte and lte, `is null` is null, `like 'x%'` is startsWith, `like '%x%'` contains, `like 'x'` equality;
 * - the rest (other collations, ilike, order of json, arrays, enums and uuids, negation of anything but equality) is not ours.
 *
 * Equality of jsonb is not in a where, but decides conflicts: it is held against `equalWire`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FieldDescriptor, ModelDescriptor } from '../../runtime/protocol/descriptor.js'
import { SyncError } from '../../runtime/protocol/errors.js'
import { equalWire } from '../../runtime/protocol/field-order.js'
import { compileWhere } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire, toWire } from '../../runtime/protocol/wire-value.js'

interface Case {
  readonly name: string
  readonly column_type: string
  readonly collation?: string
  readonly operand_type?: string
  readonly value: Wire
  readonly predicate: Condition
  readonly expected: boolean | null | { readonly error: string }
}

interface Condition {
  readonly op: string
  readonly operand?: Wire
  readonly args?: readonly Condition[]
}

/** What one case comes to: the where that says it, and the answer that it must have. */
interface Translated {
  readonly where: unknown
  readonly expected: boolean
}

const file = new URL('../../../shared/data/predicate-cases.json', import.meta.url)
const cases = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly Case[]) : []

describe.skipIf(cases.length === 0)(
  `known comparisons${cases.length === 0 ? ': shared/data/predicate-cases.json is not there' : ''}`,
  () => {
    const verdicts = cases.map((each) => [each, verdictOn(each)] as const)

    it.each(
      verdicts.filter(([, verdict]) => verdict.kind === 'compared').map(([each, verdict]) => [each.name, verdict] as const),
    )('[W12] %s', (_, verdict) => {
      if (verdict.kind === 'compared') expect(verdict.answer).toBe(verdict.expected)
    })

    it('[W6] what PostgreSQL refuses, and what our types do not hold, is refused by us', () => {
      const refused = verdicts.filter(([, verdict]) => verdict.kind === 'refused').map(([each]) => each.name)
      expect(refused).toEqual(
        expect.arrayContaining([
          '30 February',
          'uuid invalid operand',
          "bool = ''",
          'enum unknown label in NOT IN',
          'NUL char in operand',
          'numeric NaN = NaN',
          'BC',
        ]),
      )
      for (const [each, verdict] of verdicts)
        if (typeof each.expected === 'object' && each.expected !== null) expect(verdict.kind, each.name).not.toBe('compared')
    })

    it('[W12] enough of the collection is ours', () => {
      const count = (kind: string): number => verdicts.filter(([, verdict]) => verdict.kind === kind).length
      console.info(
        `predicate cases: ${count('compared')} compared, ${count('refused')} refused by us, ${count('not ours')} not ours`,
      )
      expect(count('compared')).toBeGreaterThan(50)
      expect(count('refused')).toBeGreaterThan(15)
    })
  },
)

type Verdict =
  { readonly kind: 'compared'; readonly answer: boolean; readonly expected: boolean } | { readonly kind: 'refused' | 'not ours' }

const verdictOn = (each: Case): Verdict => {
  const field = fieldOf(each)
  if (field === undefined) return { kind: 'not ours' }
  try {
    if (field.type === 'json') return jsonVerdict(each, field)
    const translated = translate(each.predicate, each, field)
    if (translated === undefined) return { kind: 'not ours' }
    const row = { id: '', v: held(field, each.value) }
    return {
      kind: 'compared',
      answer: compileWhere(modelOf(field), { all: [translated.where] }, world).holds(row),
      expected: translated.expected,
    }
  } catch (error) {
    if (error instanceof SyncError && error.code === 'invalid-value') return { kind: 'refused' }
    throw error
  }
}

const jsonVerdict = ({ predicate, value, expected }: Case, field: FieldDescriptor): Verdict => {
  const [left, right] = [String(value), String(predicate.operand)]
  // JSON numbers are doubles in JavaScript: those that no double holds are not told apart.
  if (predicate.op !== 'eq' || /\d{16}/.test(left) || left === 'null') return { kind: 'not ours' }
  const [one, other] = [toWire(field, JSON.parse(left)), toWire(field, JSON.parse(right))]
  return { kind: 'compared', answer: equalWire(field, one, other), expected: expected === true }
}

/** The condition on `v` that says the same, and what it must answer; undefined if our language does not say it. */
const translate = (condition: Condition, each: Case, field: FieldDescriptor): Translated | undefined => {
  const { value, expected } = each
  const operand = (wire: Wire | undefined): unknown => held(field, wire ?? null)
  const nulls = value === null || condition.operand === null
  const answer = (ifNull: boolean): boolean => (nulls ? ifNull : expected === true)
  switch (condition.op) {
    case 'eq':
      return { where: { v: operand(condition.operand) }, expected: answer(value === condition.operand) }
    case 'ne':
    case 'is_distinct_from':
      return { where: { v: { not: operand(condition.operand) } }, expected: answer(value !== condition.operand) }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      if (!ordered.has(field.type)) return undefined
      return { where: { v: { [condition.op]: operand(condition.operand) } }, expected: answer(false) }
    case 'between': {
      const [low, high] = list(condition.operand)
      return ordered.has(field.type)
        ? { where: { v: { gte: operand(low), lte: operand(high) } }, expected: answer(false) }
        : undefined
    }
    case 'in':
    case 'not_in': {
      const values = list(condition.operand)
      const found = values.includes(value) || (value !== null && expected === (condition.op === 'in'))
      const where = { v: { [condition.op === 'in' ? 'in' : 'notIn']: values.map(operand) } }
      // A null in the list makes SQL's answer unknown where ours is known: then membership itself decides.
      return {
        where,
        expected:
          condition.op === 'in' ? found : value === null || values.includes(null) ? !values.includes(value) : expected === true,
      }
    }
    case 'is_null':
      return { where: { v: null }, expected: value === null }
    case 'is_not_null':
      return { where: { v: { not: null } }, expected: value !== null }
    case 'is_not_true':
      return { where: { v: { not: true } }, expected: value !== true }
    case 'is_value_true':
      return { where: { v: true }, expected: value === true }
    case 'like':
      return likeOf(condition.operand ?? null, answer(false))
    case 'has':
      return field.type === 'list' ? { where: { v: { contains: condition.operand } }, expected: expected === true } : undefined
    case 'not':
      return notOf(condition.args?.[0], each, field)
    case 'or': {
      const all = (condition.args ?? []).map((arg) => translate(arg, each, field))
      return { where: { any: all.map((one) => one?.where ?? {}) }, expected: expected === true }
    }
    default:
      return undefined
  }
}

/** A negated equality is `not`, which null satisfies unless null is what it excludes. */
const notOf = (inner: Condition | undefined, each: Case, field: FieldDescriptor): Translated | undefined => {
  if (inner?.op === 'eq')
    return { where: { v: { not: held(field, inner.operand ?? null) } }, expected: each.value !== inner.operand }
  return inner?.op === 'is_value_true' ? { where: { v: { not: true } }, expected: each.value !== true } : undefined
}

const likeOf = (pattern: Wire, expected: boolean): Translated | undefined => {
  if (pattern === null) return { where: { v: { startsWith: null } }, expected }
  const [, before, part = '', after] = /^(%?)([^%_\\]*)(%?)$/.exec(String(pattern)) ?? []
  if (before === undefined || (before === '%' && after === '')) return undefined
  return { where: { v: before === '%' ? { contains: part } : after === '%' ? { startsWith: part } : part }, expected }
}

const fieldOf = ({ column_type, collation, operand_type, value, predicate }: Case): FieldDescriptor | undefined => {
  const foreign = collation !== undefined && collation !== 'C' && (predicate.op !== 'eq' || collation === 'nd_ci')
  const field = foreign || operand_type !== undefined ? undefined : types[column_type]
  if (field?.type === 'timestamp') {
    // A Date has milliseconds and says its zone; whatever else there is, no field holds.
    const texts = [value, predicate.operand].filter((each) => typeof each === 'string')
    if (texts.some((text) => /\.\d{4}|T[\d:.]+$/.test(text))) return undefined
  }
  return field?.type === 'float' && value === '1e-400' ? undefined : field
}

const types: Readonly<Record<string, FieldDescriptor>> = {
  text: { type: 'text', nullable: true },
  integer: { type: 'int', nullable: true },
  bigint: { type: 'bigint', nullable: true },
  numeric: { type: 'decimal', precision: 60, scale: 20, nullable: true },
  'numeric(10,2)': { type: 'decimal', precision: 10, scale: 2, nullable: true },
  'double precision': { type: 'float', nullable: true },
  boolean: { type: 'boolean', nullable: true },
  uuid: { type: 'uuid', nullable: true },
  timestamptz: { type: 'timestamp', nullable: true },
  date: { type: 'date', nullable: true },
  jsonb: { type: 'json', nullable: true },
  prio: { type: 'enum', values: ['low', 'medium', 'high'], nullable: true },
  'integer[]': { type: 'list', of: 'int', nullable: true },
  'text[]': { type: 'list', of: 'string', nullable: true },
}

const ordered: ReadonlySet<string> = new Set(['text', 'int', 'bigint', 'float', 'decimal', 'timestamp', 'date'])

/** A value of the collection as a row holds it. @throws SyncError `invalid-value` if the field does not hold it. */
const held = (field: FieldDescriptor, value: Wire): unknown => fromWire(field, toWire(field, asGiven(field, value)))

const asGiven = (field: FieldDescriptor, value: Wire): unknown => {
  if (value === null) return null
  switch (field.type) {
    case 'bigint':
      return BigInt(String(value))
    case 'float':
      return Number(value)
    case 'timestamp':
      return new Date(String(value))
    default:
      return value
  }
}

const list = (operand: Wire | undefined): readonly Wire[] => (Array.isArray(operand) ? (operand as readonly Wire[]) : [])

const modelOf = (field: FieldDescriptor): ModelDescriptor => ({
  name: 'T',
  plural: 'ts',
  fields: { id: { type: 'uuid' }, v: field },
  relations: {},
  timestamps: false,
  deleteConflict: 'delete-wins',
  decode: () => ({ id: '' }),
  encode: () => [],
})

const world = { models: {}, one: () => undefined, many: () => [] }
