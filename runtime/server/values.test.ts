import { describe, expect, it } from 'vitest'
import type { FieldDescriptor } from '../protocol/descriptor.js'
import type { Wire } from '../protocol/values.js'
import { identifier, parameterOf, wireBytes, wireOfColumn, wireTimestamp } from './values.js'

describe('a timestamp of the driver', () => {
  it.for([
    ['2026-01-31 23:59:59.1+00', '2026-01-31T23:59:59.100Z'],
    ['2026-01-31 23:59:59.123+00', '2026-01-31T23:59:59.123Z'],
    ['2026-01-31 23:59:59+00', '2026-01-31T23:59:59.000Z'],
    ['0001-01-01 00:00:00.01+00', '0001-01-01T00:00:00.010Z'],
    ['9999-12-31 23:59:59.999+00', '9999-12-31T23:59:59.999Z'],
    [null, null],
  ] as const)('[V59] %s is %s on the wire', ([text, wire]) => {
    expect(wireTimestamp(text)).toBe(wire)
  })
})

describe('a parameter', () => {
  it.for<readonly [FieldDescriptor, Wire, unknown]>([
    [{ type: 'string' }, 'a', 'a'],
    [{ type: 'bigint' }, '9223372036854775807', '9223372036854775807'],
    [{ type: 'decimal', scale: 2 }, '1.10', '1.10'],
    [{ type: 'json' }, { a: [1] }, '{"a":[1]}'],
    [{ type: 'json' }, 'text', '"text"'],
    [{ type: 'json' }, [1], '[1]'],
    [{ type: 'boolean' }, false, false],
    [{ type: 'bytes' }, 'AAH/', Buffer.from([0, 1, 255])],
    [{ type: 'list', of: 'int' }, [1, 2], [1, 2]],
    [{ type: 'list', of: 'string' }, ['a', ''], ['a', '']],
    [{ type: 'timestamp' }, '2026-01-31T23:59:59.123Z', '2026-01-31T23:59:59.123Z'],
    [{ type: 'int', nullable: true }, null, null],
  ])('[V78] of %j is never an object that could carry code: %j', ([field, wire, parameter]) => {
    expect(parameterOf(field, wire)).toEqual(parameter)
  })
})

describe('a column', () => {
  it('[V59] gives the wire value of its field', () => {
    expect(wireOfColumn({ type: 'timestamp' }, '2026-01-31 23:59:59+00')).toBe('2026-01-31T23:59:59.000Z')
    expect(wireOfColumn({ type: 'bytes' }, Buffer.from([0, 1, 255]))).toBe('AAH/')
    expect(wireOfColumn({ type: 'int' }, undefined)).toBeNull()
    expect(wireBytes(null)).toBeNull()
  })

  it('[V78] is quoted, whatever its name', () => {
    expect(identifier('order')).toBe('"order"')
    expect(identifier('a"; drop table b; --')).toBe('"a""; drop table b; --"')
  })
})
