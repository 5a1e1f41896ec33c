import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Digests, bucketCount, bucketOf, partCount, partOf, partsOf } from './digest.js'
import { hashOf } from './digest-hash.js'
import { type HeldKey, readKeys, writeKeys } from './held-keys.js'

const uuid = fc.uuid()
const version = fc.oneof(fc.nat(1000), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1), fc.maxSafeNat())
const keys = fc.uniqueArray(fc.tuple(uuid, version), { selector: ([id]) => id, maxLength: 60 })

const digestsOf = (rows: readonly HeldKey[]): Digests => {
  const digests = new Digests(bucketCount)
  for (const [id, each] of rows) digests.add(bucketOf(partOf(id)), id, each)
  return digests
}

const exactTotal = (rows: readonly HeldKey[]): string => {
  const sum = rows.reduce((total, [id, each]) => {
    const { high, low } = hashOf(id, each)
    return total + (BigInt(high) << 32n) + BigInt(low)
  }, 0n)
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
}

describe('digests', () => {
  it('[D2] are sums modulo 2^64: whatever the order, and what is taken away leaves no trace', () => {
    fc.assert(
      fc.property(keys, keys, (rows, others) => {
        const digests = digestsOf([...rows, ...others])
        expect(digests.total).toBe(exactTotal([...rows, ...others]))
        for (const [id, each] of others) digests.remove(bucketOf(partOf(id)), id, each)
        expect(digests.total).toBe(exactTotal(rows))
        expect(digests.differences(digestsOf([...rows].reverse()))).toEqual([])
      }),
    )
  })

  it('[D2] of parts add up to those of buckets, and travel as they are', () => {
    fc.assert(
      fc.property(keys, (rows) => {
        const parts = new Digests(partCount)
        for (const [id, each] of rows) parts.add(partOf(id), id, each)
        const buckets = digestsOf(rows)
        expect(parts.gathered(bucketCount, bucketOf).differences(buckets)).toEqual([])
        expect(Digests.read(buckets.toText(), bucketCount).differences(buckets)).toEqual([])
        expect(parts.picked([0, 7, 4095]).differences(Digests.read(parts.picked([0, 7, 4095]).toText(), 3))).toEqual([])
      }),
      { numRuns: 20 },
    )
  })

  it('[D2] differ where a row has another version, is missing or is one too many', () => {
    fc.assert(
      fc.property(keys, uuid, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (rows, id, each) => {
        fc.pre(rows.every(([other]) => other !== id))
        const place = bucketOf(partOf(id))
        expect(digestsOf([...rows, [id, each]]).differences(digestsOf(rows))).toEqual([place])
        expect(digestsOf([...rows, [id, each]]).differences(digestsOf([...rows, [id, 0]]))).toEqual([place])
        expect(digestsOf([...rows, [id, each]]).differences(digestsOf([...rows, [id, each - 1]]))).toEqual([place])
      }),
    )
  })

  it('[D2] every part is in one bucket', () => {
    const parts = Array.from({ length: bucketCount }, (_, bucket) => partsOf(bucket)).flat()
    expect(new Set(parts).size).toBe(partCount)
    expect(partsOf(3).every((part) => bucketOf(part) === 3)).toBe(true)
  })

  it('[D3] of another number of places, or not in base64, are refused', () => {
    for (const text of ['', 'AAAA', 'not base64!', new Digests(3).toText()]) {
      expect(() => Digests.read(text, 4)).toThrow(expect.objectContaining({ code: 'malformed-frame' }))
    }
  })
})

describe('keys and versions', () => {
  it('[D3] come back as they went', () => {
    fc.assert(fc.property(keys, (rows) => void expect(readKeys(writeKeys(rows))).toEqual(rows)))
  })

  it('[D3] that are cut off, or of a version that no number has, are refused', () => {
    const text = writeKeys([['01981c6e-7a13-7000-8000-000000000001', 2 ** 53 - 1]])
    for (const wrong of [text.slice(0, 28), `${text}AAAA`, 'AAAA'.repeat(5) + '/////////////'.slice(0, 12), '*']) {
      expect(() => readKeys(wrong)).toThrow(expect.objectContaining({ code: 'malformed-frame' }))
    }
  })
})
