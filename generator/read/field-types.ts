import type { Word } from './document.js'
import type { FieldType, ListElement } from '../model.js'
import type { Report } from '../problem.js'
import { didYouMean } from './suggest.js'

export interface Typed {
  readonly type: FieldType
  readonly nullable: boolean
}

/** What a type may name: enums, and models for a better message. */
export interface TypeNames {
  readonly enums: ReadonlySet<string>
  readonly models: ReadonlySet<string>
}

/** Reads `string`, `string?`, `decimal(12,2)?`, `TaskState[]`. What it cannot be is reported. */
export const readType = (word: Word, names: TypeNames, report: Report): Typed | null => {
  const [, name = '', args, brackets, question] = notation.exec(word.text.trim()) ?? []
  if (name === '') {
    report('SG104', word.at, `"${word.text}" is not a type`, 'write a type, then [] for a list, then ? if it may be null: string[]?')
    return null
  }
  if (!simpleTypes.has(name) && name !== 'decimal' && !names.enums.has(name)) {
    report('SG104', word.at, `unknown type "${name}"`, hintFor(name, names))
    return null
  }
  if (args !== undefined && name !== 'decimal') {
    report('SG108', word.at, `"${name}" takes no arguments`, name === 'string' ? 'the length is a keyword: { type: string, max: 120 }' : `write ${name}`)
    return null
  }
  const type = name === 'decimal' ? decimalOf(word, args, report) : (simpleTypes.get(name) ?? { kind: 'enum' as const, enum: name })
  if (type === null) return null
  const whole = brackets === undefined ? type : listOf(word, type, report)
  return whole === null ? null : { type: whole, nullable: question !== undefined }
}

/** A type as one writes it: `decimal(12,2)`, `TaskState[]`. */
export const typeNotation = (type: FieldType | ListElement): string => {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`
  if (type.kind === 'enum') return type.enum
  return type.kind === 'list' ? `${typeNotation(type.of)}[]` : type.kind
}

/** Whether values of the two types compare without conversion on either side. */
export const comparable = (left: FieldType, right: FieldType): boolean => {
  if (left.kind === 'enum' || right.kind === 'enum') return left.kind === right.kind && typeNotation(left) === typeNotation(right)
  return left.kind === right.kind || (isText(left) && isText(right))
}

export const isText = (type: FieldType): boolean => type.kind === 'string' || type.kind === 'text'

const notation = /^([A-Za-z_][A-Za-z0-9_]*)(?:\(([^()]*)\))?(\[\])?(\?)?$/

const simpleTypes: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['string', { kind: 'string', max: null, pattern: null }],
  ['text', { kind: 'text' }],
  ['int', { kind: 'int' }],
  ['bigint', { kind: 'bigint' }],
  ['float', { kind: 'float' }],
  ['boolean', { kind: 'boolean' }],
  ['timestamp', { kind: 'timestamp' }],
  ['date', { kind: 'date' }],
  ['json', { kind: 'json', ts: null }],
  ['uuid', { kind: 'uuid' }],
  ['bytes', { kind: 'bytes' }],
])

const hintFor = (name: string, names: TypeNames): string => {
  if (names.models.has(name)) return `a reference to a model is written { ref: ${name} }`
  const other = otherNames.get(name.toLowerCase())
  return other !== undefined ? `write ${other}` : didYouMean(name, [...simpleTypes.keys(), 'decimal', ...names.enums])
}

/** What other schema languages call our types. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['integer', 'int'],
  ['number', 'int, float or decimal(12,2)'],
  ['double', 'float'],
  ['real', 'float'],
  ['numeric', 'decimal(12,2)'],
  ['long', 'bigint'],
  ['bool', 'boolean'],
  ['datetime', 'timestamp'],
  ['timestamptz', 'timestamp'],
  ['varchar', 'string'],
  ['jsonb', 'json'],
  ['guid', 'uuid'],
  ['blob', 'bytes'],
  ['bytea', 'bytes'],
])

/** PostgreSQL's numeric: up to 1000 digits, of which `scale` after the point. */
const decimalOf = (word: Word, args: string | undefined, report: Report): FieldType | null => {
  const [, precision, scale] = /^\s*(\d{1,4})\s*(?:,\s*(\d{1,4})\s*)?$/.exec(args ?? '') ?? []
  const type = { kind: 'decimal', precision: Number(precision ?? 0), scale: Number(scale ?? 0) } as const
  if (type.precision >= 1 && type.precision <= 1000 && type.scale <= type.precision) return type
  report('SG108', word.at, 'a decimal needs its digits, and how many of them follow the point', 'write decimal(12,2): 12 digits, 2 of them after the point')
  return null
}

const listOf = (word: Word, of: FieldType, report: Report): FieldType | null => {
  if (of.kind === 'string' || of.kind === 'int') return { kind: 'list', of: { kind: of.kind } }
  if (of.kind === 'enum') return { kind: 'list', of }
  report('SG104', word.at, `there are no lists of ${typeNotation(of)}`, 'a list holds string, int or an enum; other things make a model of their own, or json')
  return null
}
