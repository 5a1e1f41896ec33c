import { describe, expect, it } from 'vitest'
import { type Literal, readLiteral } from './literals.js'
import type { FieldType } from '../model.js'
import { parse } from './parse.js'

const enums = [{ name: 'Role', values: [{ name: 'owner', was: null }, { name: 'viewer', was: null }], dropped: [], doc: null }]

/** A constant as it stands in YAML. */
const read = (yaml: string, type: FieldType): Literal => {
  const root = parse({ file: 'x.yaml', path: 'x.yaml', text: `value: ${yaml}\n` }, (code, _at, message) => {
    throw new Error(`${code} ${message}`)
  })
  const node = root?.kind === 'map' ? root.entries[0]?.value : undefined
  if (node === undefined) throw new Error('no value')
  return readLiteral(node, type, enums)
}

const decimal = { kind: 'decimal', precision: 6, scale: 2 } as const

describe('a constant', () => {
  it.for<readonly [FieldType, string, unknown]>([
    [{ kind: 'string', max: 3, pattern: null }, '"😀😀😀"', '😀😀😀'],
    [{ kind: 'string', max: null, pattern: '^[a-z]+$' }, 'abc', 'abc'],
    [{ kind: 'text' }, 'no', 'no'],
    [{ kind: 'int' }, '-2147483648', -2147483648],
    [{ kind: 'int' }, '2147483647', 2147483647],
    [{ kind: 'int' }, '0x10', 16],
    [{ kind: 'bigint' }, '9007199254740993', '9007199254740993'],
    [{ kind: 'bigint' }, '-9223372036854775808', '-9223372036854775808'],
    [{ kind: 'bigint' }, '"007"', '7'],
    [{ kind: 'float' }, '1.5e3', 1500],
    [decimal, '1.5', '1.50'],
    [decimal, '"0001.50"', '1.50'],
    [decimal, '1.500', '1.50'],
    [decimal, '-0.00', '0.00'],
    [decimal, '-3', '-3.00'],
    [decimal, '9999.99', '9999.99'],
    [{ kind: 'decimal', precision: 30, scale: 0 }, '123456789012345678901234567890', '123456789012345678901234567890'],
    [{ kind: 'boolean' }, 'true', true],
    [{ kind: 'timestamp' }, '2026-01-31T23:59:59.1+01:00', '2026-01-31T22:59:59.100Z'],
    [{ kind: 'date' }, '2028-02-29', '2028-02-29'],
    [{ kind: 'uuid' }, '0190a6b8-1c2d-7e3f-8a4b-5c6d7e8f9a0b', '0190a6b8-1c2d-7e3f-8a4b-5c6d7e8f9a0b'],
    [{ kind: 'bytes' }, 'AQI=', 'AQI='],
    [{ kind: 'enum', enum: 'Role' }, 'owner', 'owner'],
    [{ kind: 'list', of: { kind: 'int' } }, '[1, 2]', [1, 2]],
    [{ kind: 'list', of: { kind: 'enum', enum: 'Role' } }, '[]', []],
    [{ kind: 'json', ts: null }, '{ a: [1, null, { b: text }] }', { a: [1, null, { b: 'text' }] }],
  ])('[Y9] of type %j, written %s, is %j', ([type, yaml, value]) => {
    expect(read(yaml, type)).toEqual({ value })
  })

  it.for<readonly [FieldType, string]>([
    [{ kind: 'string', max: 3, pattern: null }, 'abcd'],
    [{ kind: 'string', max: null, pattern: '^[a-z]+$' }, 'A'],
    [{ kind: 'string', max: null, pattern: null }, '5'],
    [{ kind: 'text' }, 'true'],
    [{ kind: 'int' }, '2147483648'],
    [{ kind: 'int' }, '-2147483649'],
    [{ kind: 'int' }, '1.5'],
    [{ kind: 'int' }, '"1"'],
    [{ kind: 'bigint' }, '9223372036854775808'],
    [{ kind: 'bigint' }, '1.0'],
    [{ kind: 'float' }, '.nan'],
    [{ kind: 'float' }, '.inf'],
    [decimal, '10000'],
    [decimal, '1.005'],
    [decimal, '1e3'],
    [{ kind: 'boolean' }, 'yes'],
    [{ kind: 'timestamp' }, '2026-01-31'],
    [{ kind: 'timestamp' }, '2026-02-30T00:00:00Z'],
    [{ kind: 'timestamp' }, '2026-01-31T23:59:59'],
    [{ kind: 'timestamp' }, '2026-01-31T23:59:59.1234Z'],
    [{ kind: 'timestamp' }, '9999-12-31T23:59:59-01:00'],
    [{ kind: 'date' }, '2026-02-29'],
    [{ kind: 'date' }, '0000-01-01'],
    [{ kind: 'uuid' }, '0190A6B8-1C2D-7E3F-8A4B-5C6D7E8F9A0B'],
    [{ kind: 'bytes' }, 'AQI'],
    [{ kind: 'enum', enum: 'Role' }, 'Owner'],
    [{ kind: 'list', of: { kind: 'int' } }, '[1, a]'],
    [{ kind: 'list', of: { kind: 'int' } }, '1'],
    [{ kind: 'json', ts: null }, '{ a: [9007199254740993] }'],
    [{ kind: 'json', ts: null }, '{ a: .inf }'],
  ])('[Y9] of type %j does not read %s', ([type, yaml]) => {
    expect(read(yaml, type)).toEqual({ expected: expect.stringMatching(/./) })
  })

  it('[Y6] of type json reaches no prototype: keys are own ones, and __proto__ is refused, as a client would', () => {
    const literal = read('{ a: { "constructor": { admin: true }, toString: 1 } }', { kind: 'json', ts: null })
    const value = 'value' in literal ? (literal.value as { readonly a: object }) : { a: {} }
    expect(Object.keys(value.a)).toEqual(['constructor', 'toString'])
    expect(Object.getPrototypeOf(value.a)).toBe(Object.prototype)
    for (const yaml of ['{ "__proto__": { admin: true } }', '{ a: [{ "__proto__": 1 }] }']) {
      expect(read(yaml, { kind: 'json', ts: null })).toEqual({ expected: expect.stringContaining('without a key __proto__') })
    }
  })
})
