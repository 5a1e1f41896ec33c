import type { Expression } from './model.js'

/** Fields that an expression names, with repetitions. */
export const namedIn = (expression: Expression | null): readonly string[] => {
  if (expression === null) return []
  switch (expression.kind) {
    case 'literal':
    case 'old':
      return []
    case 'field':
      return [expression.field]
    case 'text':
    case 'lower':
    case 'upper':
      return namedIn(expression.of)
    case 'match':
      return [expression.of, ...expression.cases.map(([, then]) => then), expression.otherwise].flatMap(namedIn)
    default:
      return expression.of.flatMap(namedIn)
  }
}
