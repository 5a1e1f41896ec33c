import type { FieldType } from '../model.js'
import { typeNotation } from '../read/field-types.js'

/** A type for people, with what its values must be like: `string of at most 5 characters`. */
export const typeWords = (type: FieldType): string => {
  if (type.kind !== 'string') return typeNotation(type)
  const limits = [...(type.max === null ? [] : [`of at most ${type.max} characters`]), ...(type.pattern === null ? [] : [`like ${type.pattern}`])]
  return ['string', ...limits].join(' ')
}
