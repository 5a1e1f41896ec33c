import { describe, expect, it } from 'vitest'
import { comparable, readType, typeNotation } from './field-types.js'
import { type Problem, reportInto } from '../problem.js'

const read = (text: string) => {
  const problems: Problem[] = []
  const at = { file: 'x.yaml', line: 1, column: 1, length: text.length }
  const typed = readType({ text, at }, { enums: new Set(['Role']), models: new Set(['User']) }, reportInto(problems))
  return { typed, problems: problems.map((each) => [each.code, each.hint]) }
}

describe('a type', () => {
  it.for([
    ['string', { kind: 'string', max: null, pattern: null }, false],
    ['text?', { kind: 'text' }, true],
    ['decimal(12,2)?', { kind: 'decimal', precision: 12, scale: 2 }, true],
    ['decimal( 5 )', { kind: 'decimal', precision: 5, scale: 0 }, false],
    ['Role', { kind: 'enum', enum: 'Role' }, false],
    ['Role[]?', { kind: 'list', of: { kind: 'enum', enum: 'Role' } }, true],
    ['string[]', { kind: 'list', of: { kind: 'string' } }, false],
    ['int[]', { kind: 'list', of: { kind: 'int' } }, false],
  ] as const)('%s is read', ([text, type, nullable]) => {
    expect(read(text)).toEqual({ typed: { type, nullable }, problems: [] })
    expect(typeNotation(type) + (nullable ? '?' : '')).toBe(text.replaceAll(' ', '').replace('(5)', '(5,0)'))
  })

  it.for([
    ['strin', 'SG104', 'did you mean "string"?'],
    ['Rol', 'SG104', 'did you mean "Role"?'],
    ['User', 'SG104', 'a reference to a model is written { ref: User }'],
    ['number', 'SG104', 'write int, float or decimal(12,2)'],
    ['constructor', 'SG104', expect.stringContaining('it can be')],
    ['string[][]', 'SG104', expect.stringContaining('string[]?')],
    ['decimal(2,3)', 'SG108', expect.stringContaining('decimal(12,2)')],
    ['decimal(1001,3)', 'SG108', expect.stringContaining('decimal(12,2)')],
    ['int(4)', 'SG108', 'write int'],
    ['json[]', 'SG104', expect.stringContaining('a list holds')],
    ['', 'SG104', expect.stringContaining('string[]?')],
  ] as const)('%s is refused', ([text, code, hint]) => {
    expect(read(text)).toEqual({ typed: null, problems: [[code, hint]] })
  })

  it('compares with itself, and text with strings', () => {
    const of = (text: string) => read(text).typed?.type ?? { kind: 'text' as const }
    expect(comparable(of('string'), of('text'))).toBe(true)
    expect(comparable(of('decimal(5,2)'), of('decimal(9,0)'))).toBe(true)
    expect(comparable(of('int'), of('bigint'))).toBe(false)
    expect(comparable(of('Role'), of('string'))).toBe(false)
    expect(comparable(of('Role'), of('Role'))).toBe(true)
  })
})
