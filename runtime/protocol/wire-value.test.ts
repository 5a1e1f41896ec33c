import { describe, expect, it } from 'vitest'
import type { FieldDescriptor } from './descriptor.js'
import { SyncError } from './errors.js'
import type { Wire } from './values.js'
import { fromWire, toWire } from './wire-value.js'

const canonical: readonly (readonly [FieldDescriptor, unknown, Wire])[] = [
  [{ type: 'decimal', precision: 6, scale: 2 }, '1.1', '1.10'],
  [{ type: 'decimal', precision: 6, scale: 2 }, '7', '7.00'],
  [{ type: 'decimal', precision: 6, scale: 2 }, '007.5000', '7.50'],
  [{ type: 'decimal', precision: 6, scale: 2 }, '-0.0', '0.00'],
  [{ type: 'decimal', precision: 6, scale: 2 }, '+3.14', '3.14'],
  [{ type: 'decimal', precision: 6, scale: 2 }, '-3.1', '-3.10'],
  [{ type: 'decimal', precision: 4, scale: 0 }, '12.000', '12'],
  [{ type: 'decimal', precision: 2, scale: 2 }, '0.5', '0.50'],
  [{ type: 'uuid' }, '0190A5A0-0000-7000-8000-00000000ABCD', '0190a5a0-0000-7000-8000-00000000abcd'],
  [{ type: 'timestamp' }, new Date(0), '1970-01-01T00:00:00.000Z'],
  [{ type: 'bigint' }, -5n, '-5'],
  [{ type: 'bytes' }, Uint8Array.of(1, 2, 255), 'AQL/'],
  [{ type: 'int' }, -0, 0],
  [{ type: 'float' }, -0, 0],
  [{ type: 'json' }, { a: [-0, { b: undefined, c: null }] }, { a: [0, { c: null }] }],
  [{ type: 'list', of: 'int' }, [-0, 1], [0, 1]],
  [{ type: 'text', nullable: true }, null, null],
]

describe('toWire and fromWire', () => {
  it('[W5] gives every value its one canonical form', () => {
    for (const [field, value, wire] of canonical) {
      const written = toWire(field, value)
      expect(written).toEqual(wire)
      expect(Object.is(written, -0)).toBe(false)
    }
  })

  it('[W5] a canonical value comes back as it went', () => {
    for (const [field, , wire] of canonical) expect(toWire(field, fromWire(field, wire))).toEqual(wire)
    expect(fromWire({ type: 'timestamp' }, '1970-01-01T00:00:00.000Z')).toEqual(new Date(0))
    expect(fromWire({ type: 'bigint' }, '-5')).toBe(-5n)
    expect(fromWire({ type: 'bytes' }, 'AQL/')).toEqual(Uint8Array.of(1, 2, 255))
  })

  it('[W5] json and lists are copied and frozen to the bottom', () => {
    const inner = { b: 1 }
    const given = { a: [inner] }
    const written = toWire({ type: 'json' }, given) as typeof given
    inner.b = 2
    expect(written).toEqual({ a: [{ b: 1 }] })
    expect([written, written.a, written.a[0]].every((each) => Object.isFrozen(each))).toBe(true)
  })

  it('[W6] refuses what is not of the type, naming the field and not the value', () => {
    const wrong: readonly (readonly [FieldDescriptor, unknown])[] = [
      [{ type: 'text' }, undefined],
      [{ type: 'text', nullable: true }, undefined],
      [{ type: 'text' }, 4711],
      [{ type: 'int' }, '4711'],
      [{ type: 'int' }, 4711n],
      [{ type: 'bigint' }, 4711],
      [{ type: 'bigint' }, 2n ** 63n],
      [{ type: 'decimal', precision: 6, scale: 2 }, 47.11],
      [{ type: 'decimal', precision: 6, scale: 2 }, '47.111'],
      [{ type: 'decimal', precision: 6, scale: 2 }, '47114711'],
      [{ type: 'timestamp' }, '2026-01-31T00:00:00.000Z'],
      [{ type: 'timestamp' }, new Date(Number.NaN)],
      [{ type: 'timestamp' }, new Date('+010000-01-01T00:00:00.000Z')],
      [{ type: 'bytes' }, [4711]],
      [{ type: 'uuid' }, '4711'],
      [{ type: 'json' }, new Date(4711)],
      [{ type: 'json' }, { a: new Map([[4711, 4711]]) }],
      [{ type: 'json' }, { a: () => 4711 }],
      [{ type: 'json' }, [4711n]],
      [{ type: 'json' }, [undefined]],
      [{ type: 'json' }, Array.from({ length: 3 })],
      [{ type: 'json' }, { a: Number.NaN }],
      [{ type: 'json' }, JSON.parse('{"__proto__":{"admin":4711}}')],
      [{ type: 'list', of: 'int' }, [null]],
      [{ type: 'list', of: 'int' }, 4711],
    ]
    for (const [field, value] of wrong) {
      const thrown = caught(() => toWire(field, value, 'Task.title'))
      expect(thrown.code).toBe('invalid-value')
      expect(thrown.message).toMatch(/^Task\.title (must|has) /)
      expect(thrown.message).not.toContain('4711')
      expect(thrown.details).toEqual({ field: 'Task.title' })
    }
  })

  it('[W6] a value that contains itself is refused, not followed', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(caught(() => toWire({ type: 'json' }, loop)).code).toBe('invalid-value')
  })
})

const caught = (run: () => unknown): SyncError => {
  try {
    run()
  } catch (error) {
    if (error instanceof SyncError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
