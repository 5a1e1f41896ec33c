/**
 * A condition on one field: a value (equality), or operators that all have to hold. Every one is true or false for every
 * value, null included; docs/schema.md has the truth table.
 */
import type { FieldDescriptor } from './descriptor.js'
import { SyncError } from './errors.js'
import { comparatorOf, equalValues } from './field-order.js'
import { fromWire, toWire } from './wire-value.js'

export type Test<Value> = (value: Value) => boolean

/** Interprets a condition once. @throws SyncError `invalid-value` for an unknown operator or an operand that does not fit. */
export const compileCondition = (field: FieldDescriptor, name: string, condition: unknown): Test<unknown> => {
  if (!isOperators(condition)) return equals(field, name, condition)
  const tests = Object.entries(condition).map(([operator, operand]) => compileOperator(field, name, operator, operand))
  if (tests.length === 0) throw misuse(`${name}: {} says nothing; name an operator (${operatorNames}), or leave the field out`)
  return allOf(tests)
}

/** The value that a condition fixes the field to; undefined if it does not. */
export const fixedValue = (field: FieldDescriptor, name: string, condition: unknown): unknown => {
  if (!isOperators(condition)) return operandOf(field, name, condition)
  const listed = Object.hasOwn(condition, 'in') ? condition['in'] : undefined
  return Array.isArray(listed) && listed.length === 1 ? operandOf(field, name, listed[0]) : undefined
}

/** Whether something is written as `{ … }`: neither a literal nor an instance of a class. */
export const isOperators = (condition: unknown): condition is Readonly<Record<string, unknown>> => {
  if (typeof condition !== 'object' || condition === null) return false
  const prototype: unknown = Object.getPrototypeOf(condition)
  return prototype === Object.prototype || prototype === null
}

export const allOf = <Value>(tests: readonly Test<Value>[]): Test<Value> => {
  const [only] = tests
  return tests.length === 1 && only !== undefined ? only : (value) => tests.every((test) => test(value))
}

export const anyOf =
  <Value>(tests: readonly Test<Value>[]): Test<Value> =>
  (value) =>
    tests.some((test) => test(value))

export const not =
  <Value>(test: Test<Value>): Test<Value> =>
  (value) =>
    !test(value)

/** A where that cannot be understood: the app's mistake, so the message says what would be understood. */
export const misuse = (message: string): SyncError => new SyncError('invalid-value', message)

const unordered: ReadonlySet<FieldDescriptor['type']> = new Set(['boolean', 'json', 'uuid', 'bytes', 'enum', 'list'] as const)

const comparable = (field: FieldDescriptor): boolean => field.type !== 'json' && field.type !== 'bytes' && field.type !== 'list'

const operatorNames = 'not, in, notIn, lt, lte, gt, gte, startsWith, contains'

const compileOperator = (field: FieldDescriptor, name: string, operator: string, operand: unknown): Test<unknown> => {
  switch (operator) {
    case 'not':
      return not(equals(field, name, operand))
    case 'in':
      return isIn(field, name, operand)
    case 'notIn':
      return not(isIn(field, name, operand))
    case 'lt':
      return inOrder(field, name, operand, (order) => order < 0)
    case 'lte':
      return inOrder(field, name, operand, (order) => order <= 0)
    case 'gt':
      return inOrder(field, name, operand, (order) => order > 0)
    case 'gte':
      return inOrder(field, name, operand, (order) => order >= 0)
    case 'startsWith':
      return textTest(field, name, operator, operand, (text, part) => text.startsWith(part))
    case 'contains':
      return field.type === 'list'
        ? hasElement(field, name, operand)
        : textTest(field, name, operator, operand, (text, part) => text.includes(part))
    default:
      throw misuse(`${name} knows no operator "${operator}": use one of ${operatorNames}`)
  }
}

/** IS NOT DISTINCT FROM. Of json, bytes and lists only null can be asked for. */
const equals = (field: FieldDescriptor, name: string, condition: unknown): Test<unknown> => {
  if (condition !== null && !comparable(field)) throw misuse(`${name} can only be asked for null: null or { not: null }`)
  const operand = operandOf(field, name, condition)
  return (value) => equalValues(field, value, operand)
}

const isIn = (field: FieldDescriptor, name: string, operand: unknown): Test<unknown> => {
  if (!Array.isArray(operand)) throw misuse(`${name}: in and notIn take a list of values`)
  return anyOf(operand.map((each: unknown) => equals(field, name, each)))
}

/** False if either side is null. */
const inOrder = (field: FieldDescriptor, name: string, operand: unknown, holds: (order: number) => boolean): Test<unknown> => {
  if (unordered.has(field.type)) throw misuse(`${name} has no order: use equality, not, in or notIn`)
  const compare = comparatorOf(field)
  const bound = operandOf(field, name, operand)
  return bound === null ? () => false : (value) => value !== null && holds(compare(value, bound))
}

/** No wildcards, no case folding. Both sides are well-formed, so code units find what code points would. */
const textTest = (
  field: FieldDescriptor,
  name: string,
  operator: string,
  operand: unknown,
  holds: (text: string, part: string) => boolean,
): Test<unknown> => {
  if (field.type !== 'string' && field.type !== 'text') throw misuse(`${name}: ${operator} is for text`)
  const part = operandOf({ type: 'text', nullable: true }, name, operand)
  return (value) => typeof value === 'string' && typeof part === 'string' && holds(value, part)
}

const hasElement = (field: FieldDescriptor, name: string, operand: unknown): Test<unknown> => {
  const element = operandOf(elementOf(field), name, operand)
  return (value) => element !== null && Array.isArray(value) && value.includes(element)
}

const elementOf = (field: FieldDescriptor): FieldDescriptor => ({
  type: field.of ?? 'string',
  nullable: true,
  ...(field.values === undefined ? {} : { values: field.values }),
})

/** The operand as a row would hold it. It need not fit `max` or `pattern`: nothing would equal it, that is all. */
const operandOf = (field: FieldDescriptor, name: string, operand: unknown): unknown => {
  if (operand === undefined) throw misuse(`${name} is compared with undefined: say null, or leave it out`)
  const { max: _max, pattern: _pattern, ...type } = field
  const typed: FieldDescriptor = { ...type, nullable: true }
  return fromWire(typed, toWire(typed, operand, name))
}
