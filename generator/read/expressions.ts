/** `backfill:` and `convert:`: values that are worked out from one row, checked against the field that gets them. */
import type { Enum, Expression, Field, FieldType, JsonValue } from '../model.js'
import type { Report } from '../problem.js'
import { comparable, isText, typeNotation, type Typed } from './field-types.js'
import { keywords } from './keywords.js'
import { readLiteral } from './literals.js'
import type { Entry, ListNode, MapNode, Node } from './parse.js'
import { didYouMean, listed } from './suggest.js'

/** What an expression may name, and whose value it is. */
export interface ExpressionGround {
  /** The name of the field that gets the value, for messages. */
  readonly target: string
  /** Fields of the row; none in `convert`. */
  readonly fields: readonly Field[]
  /** What `$old` is; null: there is none. */
  readonly old: Typed | null
  /** Whether the target is `serverOnly`, so that only the server has to know the value. */
  readonly serverOnly: boolean
  readonly enums: readonly Enum[]
  readonly report: Report
}

/** A value of `type`; never null, unless `nullable`. Null if it was reported. */
export const readExpression = (node: Node, { type, nullable }: Typed, ground: ExpressionGround): Expression | null => {
  const read = readValue(node, type, ground)
  if (read === null || nullable || !read.nullable) return read?.expression ?? null
  const hint = 'say what stands for null: { coalesce: […, a constant] }'
  ground.report('SG114', node.at, `"${ground.target}" is never null, and this may be`, hint)
  return null
}

interface Value {
  readonly expression: Expression
  readonly nullable: boolean
}

const readValue = (node: Node, type: FieldType, ground: ExpressionGround): Value | null => {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.startsWith('$')) {
    if (!node.value.startsWith('$$')) return readVariable(node.value, node, type, ground)
    return readConstant({ ...node, value: node.value.slice(1) }, type, ground)
  }
  return node.kind === 'map' && type.kind !== 'json' ? readCall(node, type, ground) : readConstant(node, type, ground)
}

const readVariable = (text: string, node: Node, type: FieldType, ground: ExpressionGround): Value | null => {
  const found = named(text, node, ground)
  if (found === null) return null
  if (!fits(found.type, type)) {
    const way = isText(type) && textual.has(found.type.kind) ? `write { text: ${text} }` : 'only values of the same kind fit, and whole numbers where there is more room'
    ground.report('SG114', node.at, `${text} is ${typeNotation(found.type)}, and ${wanted(type)} is needed here`, way)
    return null
  }
  return found
}

/** `$row.title` or `$old`, of whatever type. */
const named = (text: string, node: Node, { fields, old, serverOnly, report }: ExpressionGround): (Value & { readonly type: FieldType }) | null => {
  if (text === '$old' && old !== null) return { expression: { kind: 'old' }, ...old }
  const [, name = ''] = /^\$row\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? []
  if (old !== null || name === '') {
    const hint = old === null ? 'write $row.name for another field of the row' : 'write $old, the value before; a conversion sees no other field'
    report('SG401', node.at, `"${text}" is nothing that can be named here`, `${hint}; a text that begins with $ is written $$`)
    return null
  }
  const field = fields.find((each) => each.name === name)
  if (field === undefined) {
    report('SG401', node.at, `unknown field "${name}"`, didYouMean(name, fields.map((each) => each.name)))
    return null
  }
  const hidden = field.implicit && field.name !== 'id' ? 'the server alone sets it, so that nobody else could work the value out' : field.serverOnly && !serverOnly ? 'it never leaves the server, so that no client could work the value out' : null
  if (hidden !== null) {
    report('SG114', node.at, `"${name}" cannot be used here: ${hidden}`, 'use a field that clients have')
    return null
  }
  return { expression: { kind: 'field', field: name }, type: field.type, nullable: field.nullable }
}

const readConstant = (node: Node, type: FieldType, ground: ExpressionGround): Value | null => {
  const literal = type === exactNumber ? readNumber(node) : readLiteral(node, type, ground.enums)
  if ('value' in literal) return { expression: { kind: 'literal', value: literal.value }, nullable: false }
  ground.report('SG114', node.at, `this does not fit ${wanted(type)}`, `write ${literal.expected}, $${ground.old === null ? 'row.name' : 'old'}, or one of ${listed(functions.map((each) => `{ ${each}: … }`))}`)
  return null
}

const readCall = (map: MapNode, type: FieldType, ground: ExpressionGround): Value | null => {
  const match = map.entries.find(({ key }) => key === 'match')
  if (match !== undefined) return readMatch(map, match, type, ground)
  const [entry, ...more] = map.entries
  if (entry === undefined || more.length > 0) {
    ground.report('SG102', map.at, 'a value is worked out by one function', `write one of ${listed(functions.map((each) => `{ ${each}: … }`))}`)
    return null
  }
  switch (entry.key) {
    case 'text':
    case 'lower':
    case 'upper':
    case 'concat':
      if (!isText(type)) return misfit(entry, type, 'text', ground)
      if (entry.key === 'text') return readText(entry, ground)
      return entry.key === 'concat' ? readAll(entry, entry.key, { kind: 'text' }, ground) : readCased(entry, entry.key, ground)
    case 'coalesce':
      return readAll(entry, entry.key, type, ground)
    case 'add':
    case 'subtract':
    case 'multiply':
      if (type.kind === 'float' || !(type.kind in numbers)) return misfit(entry, type, 'a number (int, bigint or decimal)', ground)
      return readAll(entry, entry.key, exactNumber, ground)
    default:
      ground.report('SG101', entry.at, `unknown function "${entry.key}"`, didYouMean(entry.key, functions))
      return null
  }
}

const readText = ({ value }: Entry, ground: ExpressionGround): Value | null => {
  const variable = value.kind === 'scalar' && typeof value.value === 'string' ? named(value.value, value, ground) : null
  if (variable === null) {
    if (value.kind !== 'scalar' || typeof value.value !== 'string') ground.report('SG102', value.at, '"text" takes a field', `write { text: ${ground.old === null ? '$row.name' : '$old'} }`)
    return null
  }
  if (textual.has(variable.type.kind)) return { expression: { kind: 'text', of: variable.expression }, nullable: variable.nullable }
  ground.report('SG114', value.at, `${typeNotation(variable.type)} has no text that SQL and JavaScript agree on`, `only ${listed([...textual])} have one`)
  return null
}

const readCased = ({ value }: Entry, kind: 'lower' | 'upper', ground: ExpressionGround): Value | null => {
  const of = readValue(value, { kind: 'text' }, ground)
  return of === null ? null : { expression: { kind, of: of.expression }, nullable: of.nullable }
}

const readAll = (entry: Entry, kind: 'concat' | 'coalesce' | 'add' | 'subtract' | 'multiply', type: FieldType, ground: ExpressionGround): Value | null => {
  const items = listOf(entry, ground)
  const values = items?.map((item) => readValue(item, type, ground))
  if (values === undefined || values.includes(null)) return null
  const all = values.flatMap((value) => value ?? [])
  const nullable = kind === 'coalesce' ? all.every((each) => each.nullable) : all.some((each) => each.nullable)
  return { expression: { kind, of: all.map(({ expression }) => expression) }, nullable }
}

const listOf = ({ key, value }: Entry, { report }: ExpressionGround): ListNode['items'] | null => {
  if (value.kind === 'list' && value.items.length >= 2) return value.items
  report('SG102', value.at, `"${key}" takes a list of at least two values`, `write { ${key}: [one, two] }`)
  return null
}

/** `{ match: $row.state, cases: { done: 1, todo: 2 }, else: 3 }`. */
const readMatch = (map: MapNode, match: Entry, type: FieldType, ground: ExpressionGround): Value | null => {
  for (const each of map.entries) if (!(keywords.match as readonly string[]).includes(each.key)) ground.report('SG101', each.at, `unknown keyword "${each.key}" in "match"`, didYouMean(each.key, keywords.match))
  const variable = match.value.kind === 'scalar' && typeof match.value.value === 'string' ? named(match.value.value, match.value, ground) : null
  const cases = map.entries.find(({ key }) => key === 'cases')
  if (cases?.value.kind !== 'map' || cases.value.entries.length === 0) {
    ground.report('SG103', map.at, '"match" has no cases', 'write { match: $row.state, cases: { done: 1, todo: 2 }, else: 3 }')
    return null
  }
  if (variable === null) return null
  const labels = labelsOf(variable.type, ground.enums)
  for (const { key, at } of cases.value.entries) {
    if (labels !== null && !labels.includes(key)) ground.report('SG114', at, `${typeNotation(variable.type)} has no value "${key}"`, didYouMean(key, labels))
  }
  if (!textual.has(variable.type.kind)) {
    ground.report('SG114', match.value.at, `${typeNotation(variable.type)} cannot be matched`, `only ${listed([...textual])} can`)
    return null
  }
  const read = cases.value.entries.map(({ key, value }) => [key, readValue(value, type, ground)] as const)
  const last = map.entries.find(({ key }) => key === 'else')
  const otherwise = last === undefined ? null : readValue(last.value, type, ground)
  const then = read.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const]))
  if (then.length < read.length || (last !== undefined && otherwise === null)) return null
  const isWhole = labels !== null && !variable.nullable && labels.every((label) => then.some(([key]) => key === label))
  return {
    expression: { kind: 'match', of: variable.expression, cases: then.map(([key, value]) => [key, value.expression]), otherwise: otherwise?.expression ?? null },
    nullable: then.some(([, value]) => value.nullable) || (otherwise === null ? !isWhole : otherwise.nullable),
  }
}

const wanted = (type: FieldType): string => (type === exactNumber ? 'a number' : typeNotation(type))

const misfit = (entry: Entry, type: FieldType, what: string, { report }: ExpressionGround): null => {
  report('SG114', entry.at, `"${entry.key}" gives ${what}, and ${wanted(type)} is needed here`, 'use another function, or a constant')
  return null
}

const labelsOf = (type: FieldType, enums: readonly Enum[]): readonly string[] | null => {
  if (type.kind === 'boolean') return ['true', 'false']
  return type.kind === 'enum' ? (enums.find(({ name }) => name === type.enum)?.values.map(({ name }) => name) ?? []) : null
}

/** Whether every value of one type is one of the other, or is made one by rounding alone. */
const fits = (from: FieldType, to: FieldType): boolean => {
  if (to.kind === 'int' || to.kind === 'bigint' || to.kind === 'decimal' || to.kind === 'float') return numbers[to.kind].has(from.kind)
  if (isText(to)) return isText(from) || from.kind === 'enum'
  return to.kind === 'enum' || to.kind === 'list' ? typeNotation(from) === typeNotation(to) : comparable(from, to)
}

const numbers: Readonly<Record<'int' | 'bigint' | 'decimal' | 'float', ReadonlySet<FieldType['kind']>>> = {
  int: new Set(['int'] as const),
  bigint: new Set(['int', 'bigint'] as const),
  decimal: new Set(['int', 'bigint', 'decimal'] as const),
  float: new Set(['int', 'float'] as const),
}

/** Operands of a calculation; what comes of it is rounded once, to the digits of the field. */
const exactNumber: FieldType = { kind: 'decimal', precision: 1000, scale: 0 }

const readNumber = (node: Node): { readonly value: JsonValue } | { readonly expected: string } => {
  const text = node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'bigint') ? node.source : ''
  return /^-?\d+(\.\d+)?$/.test(text) ? { value: text } : { expected: 'a number' }
}

/** Types whose text is the same in SQL and on the wire. */
const textual: ReadonlySet<FieldType['kind']> = new Set(['string', 'text', 'enum', 'int', 'bigint', 'decimal', 'boolean', 'uuid', 'date'] as const)

const functions = ['text', 'lower', 'upper', 'concat', 'coalesce', 'add', 'subtract', 'multiply', 'match'] as const
