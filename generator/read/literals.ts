import type { Enum, FieldType, JsonValue, ListElement } from '../model.js'
import type { Node } from './parse.js'
import { listed } from './suggest.js'

/** A constant in the JSON form of its type (docs/protocol.md, values), or what was expected instead. */
export type Literal = { readonly value: JsonValue } | { readonly expected: string }

/** Reads a constant of `type`. Null is not one of them: whoever allows it asks first. */
export const readLiteral = (node: Node, type: FieldType, enums: readonly Enum[]): Literal => {
  switch (type.kind) {
    case 'string':
    case 'text':
      return readText(node, type)
    case 'int':
      return readInt(node)
    case 'bigint':
      return readBigint(node)
    case 'float':
      return isNumber(node) && Number.isFinite(Number(node.value)) ? { value: Number(node.value) } : { expected: 'a finite number' }
    case 'decimal':
      return readDecimal(node, type)
    case 'boolean':
      return node.kind === 'scalar' && typeof node.value === 'boolean' ? { value: node.value } : { expected: 'true or false' }
    case 'timestamp':
      return readTimestamp(node)
    case 'date':
      return readDate(node)
    case 'json':
      return readJson(node)
    case 'uuid':
      return readMatching(node, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a uuid in lower case')
    case 'bytes':
      return readMatching(node, /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'bytes in base64')
    case 'enum':
      return readEnum(node, type.enum, enums)
    case 'list':
      return readList(node, type.of, enums)
  }
}

type Scalar = Extract<Node, { kind: 'scalar' }>

const isNumber = (node: Node): node is Scalar =>
  node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'bigint')

const textOf = (node: Node): string | null => (node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null)

const readText = (node: Node, type: Extract<FieldType, { kind: 'string' | 'text' }>): Literal => {
  const text = textOf(node)
  if (text === null) return { expected: 'text (in quotes)' }
  if (type.kind === 'text') return { value: text }
  if (type.max !== null && [...text].length > type.max) return { expected: `at most ${type.max} characters` }
  if (type.pattern !== null && !new RegExp(type.pattern, 'u').test(text)) return { expected: `text that matches ${type.pattern}` }
  return { value: text }
}

const readInt = (node: Node): Literal => {
  const value = isNumber(node) ? Number(node.value) : NaN
  return Number.isInteger(value) && Math.abs(value + 0.5) <= 2 ** 31 ? { value } : { expected: 'a whole number of 32 bits' }
}

const readBigint = (node: Node): Literal => {
  const digits = isNumber(node) ? node.source : textOf(node)
  if (digits === null || !/^-?\d{1,19}$/.test(digits)) return { expected: 'a whole number of 64 bits' }
  const value = BigInt(digits)
  return BigInt.asIntN(64, value) === value ? { value: value.toString() } : { expected: 'a whole number of 64 bits' }
}

/** Canonical: exactly `scale` digits after the point, no leading zeros, no minus zero. */
const readDecimal = (node: Node, type: Extract<FieldType, { kind: 'decimal' }>): Literal => {
  const expected = `a number with at most ${type.precision - type.scale} digits before the point and ${type.scale} after it`
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d+))?$/.exec((isNumber(node) ? node.source : textOf(node)) ?? '') ?? []
  const digits = fraction.replace(/0+$/, '')
  if (whole === '' || digits.length > type.scale) return { expected }
  if (whole !== '0' && whole.length > type.precision - type.scale) return { expected }
  const zero = whole === '0' && digits === ''
  return { value: `${zero ? '' : sign}${whole}${type.scale > 0 ? `.${digits.padEnd(type.scale, '0')}` : ''}` }
}

const readTimestamp = (node: Node): Literal => {
  const text = textOf(node) ?? ''
  const shape = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/.exec(text)
  const time = new Date(text)
  const within = time.getTime() >= firstTime && time.getTime() <= lastTime
  if (shape?.[1] === undefined || !isDay(shape[1]) || !within) {
    return { expected: 'a time with its zone, as 2026-01-31T23:59:59Z' }
  }
  return { value: time.toISOString() }
}

/** Years 1 to 9999, in UTC. */
const firstTime = Date.parse('0001-01-01T00:00:00.000Z')
const lastTime = Date.parse('9999-12-31T23:59:59.999Z')

const readDate = (node: Node): Literal => {
  const text = textOf(node) ?? ''
  return isDay(text) ? { value: text } : { expected: 'a day, as 2026-01-31' }
}

const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text) && !text.startsWith('0000')
}

const readMatching = (node: Node, pattern: RegExp, expected: string): Literal => {
  const text = textOf(node)
  return text !== null && pattern.test(text) ? { value: text } : { expected }
}

const readEnum = (node: Node, name: string, enums: readonly Enum[]): Literal => {
  const values = enums.find((each) => each.name === name)?.values.map((each) => each.name) ?? []
  const text = textOf(node)
  return text !== null && values.includes(text) ? { value: text } : { expected: `a value of ${name} (${listed(values, 'or')})` }
}

const readList = (node: Node, of: ListElement, enums: readonly Enum[]): Literal => {
  if (node.kind !== 'list') return { expected: 'a list' }
  const element: FieldType = of.kind === 'string' ? { kind: 'string', max: null, pattern: null } : of
  const values: JsonValue[] = []
  for (const item of node.items) {
    const literal = readLiteral(item, element, enums)
    if ('expected' in literal) return { expected: `a list, each of it ${literal.expected}` }
    values.push(literal.value)
  }
  return { value: values }
}

/** Keys become own properties, whatever their name; but no field takes a key that harms who merges it into an object. */
const readJson = (node: Node): Literal => {
  if (node.kind === 'scalar') {
    if (typeof node.value === 'bigint') return { expected: 'JSON, whose whole numbers end at 2^53 (put a longer one in quotes)' }
    if (typeof node.value === 'number' && !Number.isFinite(node.value)) return { expected: 'JSON, whose numbers are finite' }
    return { value: node.value }
  }
  if (node.kind === 'map' && node.entries.some(({ key }) => key === '__proto__')) return { expected: 'JSON without a key __proto__, which no client could send' }
  const parts = node.kind === 'list' ? node.items : node.entries.map((each) => each.value)
  const values: JsonValue[] = []
  for (const part of parts) {
    const literal = readJson(part)
    if ('expected' in literal) return literal
    values.push(literal.value)
  }
  if (node.kind === 'list') return { value: values }
  return { value: Object.fromEntries(node.entries.map((entry, at) => [entry.key, values[at] ?? null])) }
}
