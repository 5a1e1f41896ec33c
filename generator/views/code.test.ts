import fc from 'fast-check'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../model.js'
import { array, binding, code, docComment, ident, join, literal, object, templateText, union } from './code.js'

/** Texts rich in what ends strings, comments, template literals and statements. */
const dangerous = fc.string({
  unit: fc.oneof(
    fc.constantFrom('*/', '/*', '//', '--', ';', '`', '${', '}', "'", '"', '\\', '\\n', '\\u0027', '</script>', '@ts-ignore'),
    fc.constantFrom('\n', '\r', '\u2028', '\u2029', '\0', '\u202e', '\ud800'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
})

const dangerousJson = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    dangerous,
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(dangerous, fc.constantFrom('__proto__', 'constructor', 'toString')), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** What the source evaluates to, and whether it is a single expression without line breaks. */
const evaluated = (source: string): unknown => {
  const { statements } = ts.createSourceFile('x.ts', `const x = ${source}`, ts.ScriptTarget.ES2022)
  expect(statements.length).toBe(1)
  // Source of our own making, in a test about just this.
  return Function(`'use strict'; return ${source}`)() // eslint-disable-line no-new-func
}

describe('literal', () => {
  it('[G6] reads back as the same value, on one line of printable characters', () => {
    fc.assert(
      fc.property(dangerousJson, (value) => {
        const source = literal(value)
        expect(JSON.stringify(evaluated(source))).toBe(JSON.stringify(value))
        expect(source).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
      }),
    )
  })

  it('is in house style', () => {
    expect(literal({ a: 'it', 'b-c': [1, null], __proto__: 1 })).toBe(`{ a: 'it', 'b-c': [1, null] }`)
    expect(object([['__proto__', literal(1)]])).toBe(`{ ['__proto__']: 1 }`)
  })
})

describe('templateText', () => {
  it('[G6] gives a template literal with the same text and no substitution', () => {
    fc.assert(
      fc.property(dangerous.filter((text) => !text.includes('\r')), (text) => {
        expect(evaluated(`\`${templateText(text)}\``)).toBe(text)
      }),
    )
  })
})

describe('docComment', () => {
  it('[G6] is one comment, whatever it says', () => {
    fc.assert(
      fc.property(dangerous, (text) => {
        const { statements } = ts.createSourceFile('x.ts', `${docComment(text)}\nexport const x = 1`, ts.ScriptTarget.ES2022)
        expect(statements.map(({ kind }) => kind)).toEqual([ts.SyntaxKind.VariableStatement])
        expect(docComment(text)).not.toMatch(/@ts-/)
      }),
    )
  })

  it('wraps what is long', () => {
    const text = docComment(`${'word '.repeat(40)}end`, 2)
    expect(text.split('\n').every((line) => line.length <= 130)).toBe(true)
    expect(text).toMatch(/^\/\*\*\n {3}\* word .*\n {3}\* .*end\n {3}\*\/$/)
  })
})

describe('code', () => {
  it('takes identifiers that are identifiers', () => {
    expect(code`${ident('row')}.${ident('title')}[${3}]`).toBe('row.title[3]')
    for (const name of ['', 'a b', 'a-b', '1a', 'a;', "a'", 'ä']) expect(() => ident(name)).toThrow('not an identifier')
    expect([binding('class'), binding('task')]).toEqual(['class_', 'task'])
  })

  it('breaks long unions and arrays', () => {
    const names = Array.from({ length: 20 }, (_, at) => ident(`Member${at}`))
    expect(union(names.slice(0, 2), 0)).toBe('Member0 | Member1')
    expect(union(names, 0).split('\n')).toHaveLength(21)
    expect(array(names.slice(0, 2))).toBe('[Member0, Member1]')
    expect(array(names).split('\n')).toHaveLength(22)
    expect(join(names.slice(0, 2))).toBe('Member0, Member1')
  })
})
