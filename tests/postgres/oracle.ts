/**
 * Brute force: predicates judged row by row over whole tables in memory. Shares nothing with the SQL emitter; the semantics are
 * those of the truth table in docs/schema.md.
 */
import { fieldOf, type FieldType, type JsonValue, type Model, modelOf, type Operand, type Predicate, type Schema, type ScopeLine } from '../../generator/model.js'

/** A value as the test's driver gives it: timestamps are Dates, decimals and bigints text. */
export type Value = null | boolean | number | string | Date | readonly Value[] | { readonly [key: string]: unknown }

/** By column, with `id` and `version`. */
export type Row = Readonly<Record<string, Value>>

/** All rows by model and id. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>

export interface Bound {
  readonly params: Readonly<Record<string, JsonValue>>
  readonly claims: Readonly<Record<string, JsonValue>>
}

/** Ids of the rows that a line, its read rule included, holds. */
export const members = (schema: Schema, tables: Tables, line: ScopeLine, bound: Bound): ReadonlySet<string> => {
  const model = modelOf(schema, line.model)
  const judge = new Judge(schema, tables, bound)
  const rows = [...(tables.get(model.name) ?? new Map<string, Row>())]
  return new Set(rows.filter(([, row]) => judge.holds(line.where, model, row) && judge.holds(model.access.read, model, row)).map(([id]) => id))
}

/** Whether a predicate holds for one row. */
export const holds = (schema: Schema, tables: Tables, name: string, predicate: Predicate, bound: Bound, id: string): boolean => {
  const row = tables.get(name)?.get(id)
  return row !== undefined && new Judge(schema, tables, bound).holds(predicate, modelOf(schema, name), row)
}

/** What exact since has to say, action by id. */
export const expectedActions = (schema: Schema, was: Tables, now: Tables, line: ScopeLine, bound: Bound): ReadonlyMap<string, string> => {
  const before = members(schema, was, line, bound)
  const after = members(schema, now, line, bound)
  const version = (tables: Tables, id: string): Value | undefined => tables.get(line.model)?.get(id)?.['version']
  const actions = new Map<string, string>()
  for (const id of after) if (!before.has(id) || version(was, id) !== version(now, id)) actions.set(id, 'send')
  for (const id of before) if (!after.has(id)) actions.set(id, version(now, id) === undefined ? 'deleted' : 'out')
  return actions
}

class Judge {
  readonly #schema: Schema
  readonly #tables: Tables
  readonly #bound: Bound
  readonly #groups = new Map<string, ReadonlyMap<Comparable, readonly Row[]>>()

  constructor(schema: Schema, tables: Tables, bound: Bound) {
    this.#schema = schema
    this.#tables = tables
    this.#bound = bound
  }

  holds(predicate: Predicate, model: Model, row: Row): boolean {
    switch (predicate.kind) {
      case 'always':
        return true
      case 'never':
        return false
      case 'all':
        return predicate.of.every((each) => this.holds(each, model, row))
      case 'any':
        return predicate.of.some((each) => this.holds(each, model, row))
      case 'not':
        return !this.holds(predicate.of, model, row)
      case 'compare': {
        const type = operandType(fieldOf(model, predicate.field).type)
        return compares(predicate.op, this.#field(model, row, predicate.field), comparable(type, this.#operand(predicate.value)))
      }
      case 'in': {
        const value = this.#field(model, row, predicate.field)
        const { type } = fieldOf(model, predicate.field)
        return predicate.values.some((each) => value === comparable(type, this.#operand(each))) !== predicate.negated
      }
      case 'one': {
        const id = this.#field(model, row, predicate.field)
        const target = typeof id === 'string' ? this.#tables.get(predicate.model)?.get(id) : undefined
        return target !== undefined && this.holds(predicate.where, modelOf(this.#schema, predicate.model), target)
      }
      case 'some': {
        const other = modelOf(this.#schema, predicate.model)
        const rows = this.#referring(other, predicate.field).get(row['id'] ?? null) ?? []
        return rows.some((each) => this.holds(predicate.where, other, each))
      }
    }
  }

  #field(model: Model, row: Row, name: string): Comparable {
    const { column, type } = fieldOf(model, name)
    return comparable(type, row[column] ?? null)
  }

  #operand(operand: Operand): Value {
    if (operand.kind === 'literal') return operand.value
    return (operand.kind === 'claim' ? this.#bound.claims : this.#bound.params)[operand.name] ?? null
  }

  /** Rows of a model by the value of a field; found once. */
  #referring(model: Model, field: string): ReadonlyMap<Comparable, readonly Row[]> {
    const place = `${model.name}.${field}`
    const known = this.#groups.get(place)
    if (known !== undefined) return known
    const found = new Map<Comparable, Row[]>()
    for (const row of this.#tables.get(model.name)?.values() ?? []) {
      const value = this.#field(model, row, field)
      found.set(value, [...(found.get(value) ?? []), row])
    }
    this.#groups.set(place, found)
    return found
  }
}

/** What `===` and `<` compare as PostgreSQL compares values of the type; text is ordered apart, by code points. */
type Comparable = Value | bigint

const comparable = (type: FieldType, value: Value): Comparable => {
  if (value === null) return null
  switch (type.kind) {
    case 'decimal':
      return exact(String(value))
    case 'bigint':
      return BigInt(String(value))
    case 'float':
      return Number(value)
    case 'timestamp':
      return value instanceof Date ? value.getTime() : Date.parse(String(value))
    default:
      return value
  }
}

/** `1.5` as 15 × 10^29: more digits after the point than any decimal of a test has. */
const exact = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(30, '0'))
}

/** `contains` asks a list for an element. */
const operandType = (type: FieldType): FieldType => (type.kind === 'list' && type.of.kind !== 'string' ? type.of : type)

const compares = (op: Extract<Predicate, { kind: 'compare' }>['op'], left: Comparable, right: Comparable): boolean => {
  switch (op) {
    case 'eq':
      return left === right
    case 'ne':
      return left !== right
    case 'startsWith':
      return typeof left === 'string' && typeof right === 'string' && left.startsWith(right)
    case 'contains':
      if (Array.isArray(left)) return right !== null && left.includes(right)
      return typeof left === 'string' && typeof right === 'string' && left.includes(right)
    default: {
      if (left === null || right === null) return false
      const order = typeof left === 'string' ? byCodePoint(left, String(right)) : left < right ? -1 : left > right ? 1 : 0
      return op === 'lt' ? order < 0 : op === 'lte' ? order <= 0 : op === 'gt' ? order > 0 : order >= 0
    }
  }
}

const byCodePoint = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))
