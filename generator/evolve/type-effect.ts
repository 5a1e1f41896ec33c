import { isDeepStrictEqual } from 'node:util'
import type { FieldType } from '../model.js'
import type { TypeEffect } from './steps.js'

/** What a change of type does to values that are there. */
export const typeEffect = (from: FieldType, to: FieldType): TypeEffect => {
  if (isDeepStrictEqual(from, to)) return 'widened'
  switch (from.kind) {
    case 'string':
      if (to.kind === 'text') return 'widened'
      if (to.kind !== 'string') return 'converted'
      return (to.pattern === null || to.pattern === from.pattern) && (to.max === null || (from.max !== null && from.max <= to.max)) ? 'widened' : 'narrowed'
    case 'text':
      return to.kind === 'string' ? (to.max === null && to.pattern === null ? 'widened' : 'narrowed') : 'converted'
    case 'enum':
      if (to.kind === 'text') return 'widened'
      return to.kind === 'string' || to.kind === 'enum' ? 'narrowed' : 'converted'
    case 'int':
      if (to.kind === 'bigint' || to.kind === 'float') return 'widened'
      return to.kind === 'decimal' ? (to.precision - to.scale >= 10 ? 'widened' : 'narrowed') : 'converted'
    case 'bigint':
      return to.kind === 'int' || to.kind === 'decimal' ? 'narrowed' : 'converted'
    case 'decimal':
      if (to.kind !== 'decimal') return 'converted'
      return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale ? 'widened' : 'narrowed'
    case 'json':
      // Only its TypeScript type.
      return to.kind === 'json' ? 'widened' : 'converted'
    default:
      return 'converted'
  }
}
