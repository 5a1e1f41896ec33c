import type { Field, FieldType, Operand } from '../model.js'
import type { Compare, In, Leaf } from './condition.js'
import { isText } from './field-types.js'
import type { Parameters } from './parameters.js'

/**
 * A comparison as SQL, `column` being where the field's value stands. True for exactly the values that satisfy it; otherwise
 * false or unknown. Equality and order with a column alone on one side, so that indexes serve them.
 */
export const leafSql = (leaf: Leaf, field: Field, column: string, parameters: Parameters): string =>
  leaf.kind === 'in' ? inSql(leaf, field, column, parameters) : compareSql(leaf, field, column, parameters)

/** Whether `leafSql` can give unknown for a row that exists. */
export const leafCanBeUnknown = (leaf: Leaf, field: Field, parameters: Parameters): boolean => {
  if (leaf.kind === 'in') return !leaf.negated && (field.nullable || leaf.values.some((value) => parameters.canBeNull(value)))
  if (leaf.op === 'ne' || leaf.negated || isNull(leaf.value)) return false
  return field.nullable || parameters.canBeNull(leaf.value)
}

const compareSql = ({ op, value, negated }: Compare, field: Field, column: string, parameters: Parameters): string => {
  const nullable = field.nullable || parameters.canBeNull(value)
  const operand = parameters.sql(value, op === 'contains' ? elementType(field.type) : field.type)
  switch (op) {
    case 'eq':
      if (isNull(value)) return `${column} is null`
      if (!field.nullable || !parameters.canBeNull(value)) return `${column} = ${operand}`
      return `(${column} = ${operand} or (${column} is null and ${operand} is null))`
    case 'ne':
      if (isNull(value)) return `${column} is not null`
      return `${column} ${nullable ? 'is distinct from' : '<>'} ${operand}`
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const left = isText(field.type) ? `${column} collate "C"` : column
      if (negated && !nullable) return `${left} ${orders[opposite[op]]} ${operand}`
      return unlessNegated(`${left} ${orders[op]} ${operand}`, negated, nullable)
    }
    case 'startsWith':
      return unlessNegated(`starts_with(${column}, ${operand})`, negated, nullable)
    case 'contains':
      if (field.type.kind === 'list') return unlessNegated(`${operand} = any (${column})`, negated, nullable)
      return unlessNegated(`strpos(${column}, ${operand}) > 0`, negated, nullable)
  }
}

/** Values that may be null are compared one by one, the others in one list. */
const inSql = ({ values, negated }: In, field: Field, column: string, parameters: Parameters): string => {
  const single = values.filter((value) => parameters.canBeNull(value) || parameters.isList(value))
  const known = values.filter((value) => !single.includes(value)).map((value) => parameters.sql(value, field.type))
  const tests = [
    ...(known.length > 0 ? [known.length === 1 ? `${column} = ${known[0]}` : `${column} in (${known.join(', ')})`] : []),
    ...single.map((value) =>
      parameters.isList(value)
        ? `${column} = any (${parameters.sql(value, field.type)})`
        : compareSql({ kind: 'compare', field: field.name, op: 'eq', value, negated: false }, field, column, parameters),
    ),
  ]
  const text = tests.length === 1 ? (tests[0] ?? '') : `(${tests.join(' or ')})`
  return negated ? negation(text, field.nullable || single.length > 0) : text
}

const unlessNegated = (text: string, negated: boolean, nullable: boolean): string => (negated ? negation(text, nullable) : text)

const negation = (text: string, nullable: boolean): string => (nullable ? `not coalesce(${text}, false)` : `not (${text})`)

const isNull = (operand: Operand): boolean => operand.kind === 'literal' && operand.value === null

const elementType = (type: FieldType): FieldType => {
  if (type.kind !== 'list') return type
  return type.of.kind === 'string' ? { kind: 'string', max: null, pattern: null } : type.of
}

const orders = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const
const opposite = { lt: 'gte', lte: 'gt', gt: 'lte', gte: 'lt' } as const
