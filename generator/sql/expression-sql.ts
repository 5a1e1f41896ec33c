/** What is worked out from a row, in SQL: the same values as runtime/protocol/expression.ts gives. */
import type { Expression, Field, FieldType } from '../model.js'
import { valueLiteral } from './field-types.js'
import { literal, quoted } from './text.js'

/** What an expression may name: the columns of the row. */
export interface ExpressionScope {
  readonly fields: readonly Pick<Field, 'name' | 'column' | 'type'>[]
  /** The column that is converted, as it was; null: nothing is. */
  readonly old: Pick<Field, 'column' | 'type'> | null
}

/** SQL for a value that is then assigned to a column of `type`. Needs no parentheses. */
export const expressionSql = (expression: Expression, type: FieldType, scope: ExpressionScope): string => {
  switch (expression.kind) {
    case 'literal':
      return type.kind === 'decimal' && type.precision === exact.precision ? `(${String(expression.value)})` : valueLiteral(type, expression.value)
    case 'field':
    case 'old':
      return quoted(columnOf(expression, scope).column)
    case 'text':
      return textSql(expression.of, scope)
    case 'lower':
    case 'upper':
      // Only A to Z have a case in "C", whatever the database speaks.
      return `${expression.kind}(${expressionSql(expression.of, { kind: 'text' }, scope)} collate "C")`
    case 'concat':
      return `(${expression.of.map((each) => expressionSql(each, { kind: 'text' }, scope)).join(' || ')})`
    case 'coalesce':
      return `coalesce(${expression.of.map((each) => expressionSql(each, type, scope)).join(', ')})`
    case 'add':
    case 'subtract':
    case 'multiply':
      return `(${expression.of.map((each) => `${expressionSql(each, exact, scope)}::numeric`).join(` ${signs[expression.kind]} `)})`
    case 'match': {
      const cases = expression.cases.map(([value, then]) => `when ${literal(value)} then ${expressionSql(then, type, scope)}`)
      const otherwise = expression.otherwise === null ? '' : ` else ${expressionSql(expression.otherwise, type, scope)}`
      return `case ${textSql(expression.of, scope)} ${cases.join(' ')}${otherwise} end`
    }
  }
}

const signs = { add: '+', subtract: '-', multiply: '*' } as const

/** Numbers are exact until they are assigned. */
const exact = { kind: 'decimal', precision: 1000, scale: 0 } as const

type Named = Extract<Expression, { readonly kind: 'field' | 'old' }>

const columnOf = (expression: Named, { fields, old }: ExpressionScope): Pick<Field, 'column' | 'type'> => {
  const found = expression.kind === 'old' ? old : fields.find(({ name }) => name === expression.field)
  if (found === null || found === undefined) throw new Error(`${JSON.stringify(expression)} names nothing: the schema was not checked`)
  return found
}

/** As it is written on the wire, whatever the session's settings. */
const textSql = (expression: Expression, scope: ExpressionScope): string => {
  if (expression.kind !== 'field' && expression.kind !== 'old') throw new Error('only fields have a text')
  const { column, type } = columnOf(expression, scope)
  return type.kind === 'date' ? `to_char(${quoted(column)}, 'YYYY-MM-DD')` : `${quoted(column)}::text`
}
