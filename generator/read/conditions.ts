import { isText } from './field-types.js'
import type { Ground } from './ground.js'
import { allOf, always } from './logic.js'
import type { CompareOp, Field, FieldType, Operand, Predicate } from '../model.js'
import { constantHint, readOperand } from './operands.js'
import type { Entry, MapNode, Node } from './parse.js'
import { didYouMean, listed } from './suggest.js'

/** The conditions on one field: a value (equality), or a map of operators which must all hold. */
export const readConditions = (entry: Entry, field: Field, ground: Ground): Predicate => {
  const { value } = entry
  if (value.kind === 'map') return readOperators(value, field, ground)
  if (value.kind === 'list') {
    ground.report('SG403', value.at, `"${field.name}" is compared with a list`, 'write { in: […] } for one of several values')
    return always
  }
  return compare(field, 'eq', value, ground)
}

const readOperators = (map: MapNode, field: Field, ground: Ground): Predicate => {
  if (map.entries.length === 0) {
    ground.report('SG102', map.at, `"${field.name}" has no operator`, `write a value, or one of ${listed(operatorNames)}`)
  }
  return allOf(map.entries.map((entry) => readOperator(entry, field, ground)))
}

const readOperator = (entry: Entry, field: Field, ground: Ground): Predicate => {
  if (entry.key === 'in' || entry.key === 'notIn') return readIn(entry, field, entry.key === 'notIn', ground)
  const op = operators.get(entry.key)
  if (op !== undefined) return compare(field, op, entry.value, ground)
  if (/^\$?(now|ago|today|before|after|within)$/.test(entry.key)) {
    ground.report('SG406', entry.at, `"${entry.key}" would change with time alone`, constantHint)
  } else {
    ground.report('SG101', entry.at, `unknown operator "${entry.key}"`, didYouMean(entry.key, operatorNames))
  }
  return always
}

const compare = (field: Field, op: CompareOp, node: Node, ground: Ground): Predicate => {
  const equality = op === 'eq' || op === 'ne'
  const isNull = node.kind === 'scalar' && node.value === null
  const type = operandType(field.type, op)
  if (type === null && !(equality && isNull)) {
    ground.report('SG402', node.at, `${nameOf(op)} does not apply to "${field.name}", ${describe(field.type)}`, hintFor(field.type))
    return always
  }
  const value = readOperand(node, { field, type: type ?? field.type, allowNull: equality }, ground)
  return value === null ? always : { kind: 'compare', field: field.name, op, value }
}

const readIn = (entry: Entry, field: Field, negated: boolean, ground: Ground): Predicate => {
  const type = operandType(field.type, 'eq')
  if (type === null) {
    ground.report('SG402', entry.at, `"${entry.key}" does not apply to "${field.name}", ${describe(field.type)}`, hintFor(field.type))
    return always
  }
  if (entry.value.kind !== 'list' || entry.value.items.length === 0) {
    ground.report('SG403', entry.value.at, `"${entry.key}" takes a list of at least one value`, `write ${entry.key}: [one, two]`)
    return always
  }
  const values = entry.value.items.map((item) => readOperand(item, { field, type, allowNull: true }, ground))
  return { kind: 'in', field: field.name, negated, values: values.filter((each): each is Operand => each !== null) }
}

/** The type that the operand of `op` has on a field, or null if the operator does not apply. */
const operandType = (type: FieldType, op: CompareOp): FieldType | null => {
  switch (op) {
    case 'eq':
    case 'ne':
      return type.kind === 'json' || type.kind === 'bytes' || type.kind === 'list' ? null : type
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return ordered.has(type.kind) ? type : null
    case 'startsWith':
      return isText(type) ? { kind: 'text' } : null
    case 'contains':
      if (type.kind === 'list') return type.of.kind === 'string' ? { kind: 'text' } : type.of
      return isText(type) ? { kind: 'text' } : null
  }
}

const ordered: ReadonlySet<FieldType['kind']> = new Set([
  'string', 'text', 'int', 'bigint', 'float', 'decimal', 'timestamp', 'date',
] as const)

const operators: ReadonlyMap<string, CompareOp> = new Map([
  ['not', 'ne'],
  ['lt', 'lt'],
  ['lte', 'lte'],
  ['gt', 'gt'],
  ['gte', 'gte'],
  ['startsWith', 'startsWith'],
  ['contains', 'contains'],
])

const operatorNames: readonly string[] = [...operators.keys(), 'in', 'notIn']

const nameOf = (op: CompareOp): string => (op === 'eq' ? 'equality' : `"${op === 'ne' ? 'not' : op}"`)

const describe = (type: FieldType): string => (type.kind === 'list' ? 'a list' : `of type ${type.kind}`)

const hintFor = (type: FieldType): string => {
  if (type.kind === 'list') return 'ask whether a list has an element: { contains: … }'
  if (type.kind === 'json' || type.kind === 'bytes') return 'only null can be asked for: null or { not: null }'
  return ordered.has(type.kind) ? `use one of not, in, notIn, lt, lte, gt and gte` : 'use equality, not, in or notIn'
}
