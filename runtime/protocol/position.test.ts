import { describe, expect, it } from 'vitest'
import { type Position, formatPosition, formatSnapshot, includes, longestPosition, parsePosition, sees } from './position.js'

const epoch = '0123456789abcdef0123456789abcdef'

const migrated = '00c0ffee'

const position = (xmin: number, xmax: number, ...inProgress: readonly number[]): Position => ({
  epoch,
  migrated,
  xmin: BigInt(xmin),
  xmax: BigInt(xmax),
  inProgress: inProgress.map(BigInt),
})

describe('positions', () => {
  it('[W17] come back as they were written', () => {
    for (const each of [position(5, 5), position(5, 9, 5, 7), position(3, 9, 8)])
      expect(parsePosition(formatPosition(each))).toEqual(each)
    expect(formatPosition(position(5, 9, 5, 7))).toBe(`${epoch}-${migrated}/5:9:5,7`)
    expect(formatSnapshot({ xmin: 5n, xmax: 5n, inProgress: [] })).toBe('5:5:')
    expect(parsePosition(`${epoch}-${migrated}/9223372036854775806:9223372036854775807:`)?.xmax).toBe(2n ** 63n - 1n)
  })

  it('[W17] what PostgreSQL would not have written is none', () => {
    const start = `${epoch}-${migrated}`
    const wrong = [
      ...[`${epoch}/5:5:`, `${epoch}-/5:5:`, `${epoch}-${migrated}0/5:5:`, `${epoch}-${migrated.slice(1)}/5:5:`, `${epoch}-${migrated.toUpperCase()}/5:5:`],
      ...['', '/', '5:5:', start, `${start}/`, `${start}/5:5`, `${start}/5:5:,`, `${start}/5:9:5,`, `${start}/5:9:5,,7`],
      ...[
        `${epoch.toUpperCase()}-${migrated}/5:5:`,
        `${epoch}0-${migrated}/5:5:`,
        `${start}/0:5:`,
        `${start}/05:5:`,
        `${start}/-1:5:`,
        `${start}/5:9:7,5`,
        `${start}/5:9:5,5`,
      ],
      ...[
        `${start}/9:5:`,
        `${start}/5:9:4`,
        `${start}/5:9:9`,
        `${start}/5:5:5`,
        ` ${start}/5:5:`,
        `${start}/5:5:\n`,
        `${start}/5:5:;`,
        `${start}/5:9:5 7`,
      ],
      ...[`${start}/5:9223372036854775808:`, `${start}/5:${'9'.repeat(30)}:`, `${start}/0x5:9:`, `${start}/5n:9:`],
    ]
    for (const text of wrong) expect(parsePosition(text), text).toBeUndefined()
    const long = Array.from({ length: 2000 }, (_, at) => 10_000 + at)
    expect(parsePosition(formatPosition(position(10_000, 20_000, ...long)))).toBeUndefined()
    const short = position(10_000, 20_000, ...long.slice(0, 1000))
    expect(formatPosition(short).length).toBeLessThan(longestPosition)
    expect(parsePosition(formatPosition(short))).toEqual(short)
  })

  it('[W18] one includes another if it sees every transaction that the other sees', () => {
    const all: readonly Position[] = snapshots()
    for (const later of all) {
      for (const earlier of all) {
        const seen = range(1, 8).every((xid) => !sees(earlier, xid) || sees(later, xid))
        // One that began earlier is not the later one, even if it sees as much.
        const expected = seen && later.xmax >= earlier.xmax
        expect(includes(later, earlier), `${formatSnapshot(later)} includes ${formatSnapshot(earlier)}`).toBe(expected)
      }
    }
  })

  it('[W18] which migrations there were decides nothing', () => {
    expect(includes({ ...position(9, 9), migrated: '00000000' }, position(5, 5))).toBe(true)
    expect(includes({ ...position(5, 5), migrated: '00000000' }, position(9, 9))).toBe(false)
  })

  it('[W18] positions of two histories have nothing to do with each other', () => {
    expect(includes({ ...position(9, 9), epoch: epoch.replaceAll('0', 'f') }, position(5, 5))).toBe(false)
  })
})

const range = (from: number, to: number): readonly bigint[] => Array.from({ length: to - from }, (_, at) => BigInt(from + at))

/** Every snapshot over transactions 1 to 5. */
const snapshots = (): readonly Position[] =>
  range(1, 7).flatMap((xmax) =>
    range(0, 2 ** (Number(xmax) - 1)).map((bits) => {
      const inProgress = range(1, Number(xmax)).filter((xid) => (bits >> (xid - 1n)) % 2n === 1n)
      return { epoch, migrated, xmin: inProgress[0] ?? xmax, xmax, inProgress }
    }),
  )
