/** The order of rows within a sorted index, as a constant built from the runtime's comparators. */
import type { Field } from '../model.js'
import { pascalCase } from '../names.js'
import type { SortedReader } from './client-readers.js'
import { type Code, code, ident, join, literal } from './code.js'
import type { Imports } from './imports.js'
import type { RuntimeSymbol } from './symbols.js'
import { listed } from './words.js'

/** One constant for each order that a reader has. */
export const comparatorsOf = (readers: readonly SortedReader[], row: Code, imports: Imports) => {
  const orders = new Map(readers.filter(({ order }) => order.length > 0).map(({ order }) => [comparatorName(order), order]))
  return [...orders].map(([name, order]) => {
    const parts = order.map((field) => comparing(field, imports))
    return {
      name,
      doc: `By ${listed(order.map((field) => field.name))}, as PostgreSQL orders them.`,
      type: code`${imports.runtime('Comparator')}<${row}>`,
      compare: parts.length === 1 ? join(parts) : code`${imports.runtime('inOrder')}(${join(parts)})`,
    }
  })
}

/** `byStateThenPosition` */
export const comparatorName = (order: readonly Field[]): Code =>
  ident(`by${order.map((field) => pascalCase(field.name)).join('Then')}`)

const comparing = (field: Field, imports: Imports): Code => {
  const bare = imports.runtime(comparatorOf(field))
  const compare = field.nullable ? code`${imports.runtime('nullsLast')}(${bare})` : bare
  return code`${imports.runtime('comparing')}(${literal(field.name)}, ${compare})`
}

const comparatorOf = (field: Field): RuntimeSymbol => {
  switch (field.type.kind) {
    case 'int':
    case 'float':
      return 'compareNumber'
    case 'bigint':
      return 'compareBigint'
    case 'decimal':
      return 'compareDecimal'
    case 'boolean':
      return 'compareBoolean'
    case 'timestamp':
      return 'compareTimestamp'
    default:
      return 'compareText'
  }
}
