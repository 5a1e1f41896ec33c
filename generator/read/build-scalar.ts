import type { DeclaredScalar, Word } from './document.js'
import { optionsOf } from './field-options.js'
import { readExpression } from './expressions.js'
import { readType, type Typed, type TypeNames, typeNotation } from './field-types.js'
import { readLiteral } from './literals.js'
import type { Enum, Field, FieldType } from '../model.js'
import { patternFault } from './pattern.js'
import { checkPolicy, type Policy } from './policies.js'
import type { Report } from '../problem.js'
import { readExport } from './type-reference.js'

/** What the fields of all models are read with. */
export interface FieldContext {
  readonly names: TypeNames
  readonly enums: readonly Enum[]
  readonly report: Report
}

/** A field that holds a value; null if its type is unknown, which was reported. */
export const buildScalar = (declared: DeclaredScalar, policy: Policy, context: FieldContext): Field | null => {
  const { report } = context
  const typed = readType(declared.type, context.names, report)
  if (typed === null) return null
  const type = refine(typed.type, declared, report)
  const { nullable } = typed
  const field: Field = {
    ...optionsOf(declared, declared.name.text, policy, report),
    type,
    nullable,
    default: readDefault(declared, type, nullable, context),
    was: declared.was?.text ?? null,
    convert: readConversion(declared, { type, nullable }, context),
    reference: null,
  }
  checkPolicy(field, declared, report)
  return field
}

/** The type with what other keywords add to it. */
const refine = (type: FieldType, declared: DeclaredScalar, report: Report): FieldType => {
  const { max, pattern, ts } = declared
  const misplaced = (at: { readonly at: Word['at'] }, keyword: string, of: string): void =>
    report('SG111', at.at, `"${keyword}" does not apply to ${declared.type.text}`, `only ${of} has it`)
  if (type.kind === 'string') {
    if (ts !== null) misplaced(ts, 'ts', 'json')
    const longest = readMax(declared, report)
    return { ...type, max: longest, pattern: readPattern(pattern, longest, report) }
  }
  if (max !== null) misplaced(max, 'max', 'string')
  if (pattern !== null) misplaced(pattern, 'pattern', 'string')
  if (type.kind === 'json') return { ...type, ts: ts === null ? null : readExport(ts, 'type', report) }
  if (ts !== null) misplaced(ts, 'ts', 'json')
  return type
}

/** From the type of before, which is named, so that the schema says by itself what fits. */
const readConversion = (declared: DeclaredScalar, now: Typed, { names, enums, report }: FieldContext): Field['convert'] => {
  const { convert } = declared
  const from = convert === null ? null : readType(convert.from, names, report)
  if (convert === null || from === null) return null
  if (typeNotation(from.type) === typeNotation(now.type)) {
    report('SG112', convert.from.at, `"${declared.name.text}" is ${typeNotation(now.type)} already`, '`convert` says how values come from another type')
    return null
  }
  const ground = { target: declared.name.text, fields: [], serverOnly: false, enums, report }
  const as = readExpression(convert.as, now, { ...ground, old: from })
  const back = convert.back === null ? null : readExpression(convert.back, from, { ...ground, old: now })
  return as === null ? null : { from: from.type, nullable: from.nullable, as, back }
}

/** PostgreSQL's longest varchar. */
const longestString = 10_485_760

const readMax = ({ max }: DeclaredScalar, report: Report): number | null => {
  if (max === null) return null
  const value = max.kind === 'scalar' && typeof max.value === 'number' ? max.value : NaN
  if (Number.isInteger(value) && value >= 1 && value <= longestString) return value
  report('SG108', max.at, '"max" is not a length', `write the longest number of characters, 1 to ${longestString}; without a limit use text`)
  return null
}

const readPattern = (pattern: Word | null, max: number | null, report: Report): string | null => {
  const fault = pattern === null ? null : patternFault(pattern.text, max)
  if (pattern === null || fault === null) return pattern?.text ?? null
  report('SG110', pattern.at, fault.message, fault.hint)
  return null
}

const readDefault = (declared: DeclaredScalar, type: FieldType, nullable: boolean, { enums, report }: FieldContext): Field['default'] => {
  const node = declared.default
  if (node === null) return null
  if (node.kind === 'scalar' && node.value === null) {
    const hint = nullable ? 'leave it out: a nullable field is null by default' : `make the type nullable: ${declared.type.text}?`
    report('SG109', node.at, 'null is no default', hint)
    return null
  }
  const literal = readLiteral(node, type, enums)
  if ('value' in literal) return literal
  report('SG109', node.at, `this default does not fit ${declared.type.text}`, `write ${literal.expected}`)
  return null
}
