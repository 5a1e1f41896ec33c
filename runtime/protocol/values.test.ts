import { describe, expect, it } from 'vitest'
import { SyncError } from './errors.js'
import {
  type Wire,
  readBigint,
  readBytes,
  readNullable,
  readTimestamp,
  writeBigint,
  writeBytes,
  writeNullable,
  writeTimestamp,
} from './values.js'

describe('codecs of single values', () => {
  it('[W1] a timestamp keeps its milliseconds, from year 1 to year 9999', () => {
    for (const text of [
      '0001-01-01T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '2026-01-31T23:59:59.123Z',
      '9999-12-31T23:59:59.999Z',
    ]) {
      expect(writeTimestamp(readTimestamp(text))).toBe(text)
    }
  })

  it('[W1] a bigint keeps every digit', () => {
    for (const value of [0n, -1n, 9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(readBigint(writeBigint(value))).toBe(value)
    }
  })

  it('[W1] bytes of every value and length come back, and look as Buffer would write them', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) % 256)
      expect(writeBytes(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(Buffer.compare(readBytes(writeBytes(bytes)), bytes)).toBe(0)
    }
    const many = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251)
    expect(Buffer.compare(readBytes(writeBytes(many)), many)).toBe(0)
  })

  it('[W1] null stays null on both ways', () => {
    expect(readNullable(readTimestamp, null)).toBeNull()
    expect(readNullable(readTimestamp, undefined)).toBeNull()
    expect(writeNullable(writeBigint, null)).toBeNull()
    expect(readNullable(readBigint, '5')).toBe(5n)
    expect(writeNullable(writeBigint, 5n)).toBe('5')
  })

  it('[W2] refuses what is not the wire form, without repeating it', () => {
    const secret = 'secret-4711'
    const reads: readonly (readonly [(wire: Wire) => unknown, readonly Wire[]])[] = [
      [readTimestamp, [null, 0, secret, {}, '2026-13-01T00:00:00.000Z']],
      [readBigint, [null, 5, '', ' 5', '05', '-0', '1.0', '0x10', secret]],
      [readBytes, [null, 5, 'A', 'AB=', '====', 'QR==', 'QUJ=', 'a b=', secret]],
    ]
    for (const [read, wires] of reads) {
      for (const wire of wires) {
        expect(() => read(wire), JSON.stringify(wire)).toThrow(SyncError)
        expect(() => read(wire)).not.toThrow(secret)
      }
    }
  })
})
