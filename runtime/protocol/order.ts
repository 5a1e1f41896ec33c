/**
 * Order of TypeScript values, each the same as PostgreSQL's for the column type. Generated sorted indexes and `orderBy` are
 * built from these; a comparator returns a negative number, zero or a positive number.
 */
export type Comparator<Value> = (left: Value, right: Value) => number

/** Code-point order, which is that of UTF-8 and `COLLATE "C"`; JavaScript's own puts U+1F600 before U+FF5E. */
export const compareText: Comparator<string> = (left, right) => {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at += 1) {
    const difference = left.charCodeAt(at) - right.charCodeAt(at)
    if (difference !== 0) return codePointRank(left.charCodeAt(at)) - codePointRank(right.charCodeAt(at))
  }
  return left.length - right.length
}

export const compareNumber: Comparator<number> = (left, right) => (left < right ? -1 : left > right ? 1 : 0)

export const compareBigint: Comparator<bigint> = (left, right) => (left < right ? -1 : left > right ? 1 : 0)

/** Numeric order of decimals in canonical text, whatever their scales: `1.1` equals `1.10` and precedes `10.00`. */
export const compareDecimal: Comparator<string> = (left, right) => {
  const negative = left.startsWith('-')
  if (negative !== right.startsWith('-')) return negative ? -1 : 1
  return negative ? compareMagnitude(right.slice(1), left.slice(1)) : compareMagnitude(left, right)
}

export const compareTimestamp: Comparator<Date> = (left, right) => left.getTime() - right.getTime()

/** False before true. */
export const compareBoolean: Comparator<boolean> = (left, right) => Number(left) - Number(right)

/** For text that is all ASCII, where every order is one: canonical uuids and dates. */
export const compareAscii: Comparator<string> = (left, right) => (left < right ? -1 : left > right ? 1 : 0)

export const compareBytes: Comparator<Uint8Array> = (left, right) =>
  compareLists(compareNumber)(Array.from(left), Array.from(right))

/** Element by element; a list precedes its continuations. */
export const compareLists =
  <Element>(compare: Comparator<Element>): Comparator<readonly Element[]> =>
  (left, right) => {
    const shared = Math.min(left.length, right.length)
    for (let at = 0; at < shared; at += 1) {
      const order = compare(left[at] as Element, right[at] as Element)
      if (order !== 0) return order
    }
    return left.length - right.length
  }

/** PostgreSQL's default for an ascending order. */
export const nullsLast =
  <Value>(compare: Comparator<Value>): Comparator<Value | null> =>
  (left, right) =>
    left === null ? (right === null ? 0 : 1) : right === null ? -1 : compare(left, right)

/** The other way round; nulls that were last come first, as PostgreSQL's `desc` has them. */
export const descending =
  <Value>(compare: Comparator<Value>): Comparator<Value> =>
  (left, right) =>
    compare(right, left)

/** Rows by one of their fields. */
export const comparing =
  <Row, Field extends keyof Row>(field: Field, compare: Comparator<Row[Field]>): Comparator<Row> =>
  (left, right) =>
    compare(left[field], right[field])

/** The first comparator that finds a difference decides. */
export const inOrder =
  <Row>(...compares: readonly Comparator<Row>[]): Comparator<Row> =>
  (left, right) => {
    for (const compare of compares) {
      const order = compare(left, right)
      if (order !== 0) return order
    }
    return 0
  }

/** Surrogates stand for code points above U+FFFF: they follow U+E000 … U+FFFF. */
const codePointRank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)

const compareMagnitude: Comparator<string> = (left, right) => {
  const [leftWhole = '', leftFraction = ''] = left.split('.')
  const [rightWhole = '', rightFraction = ''] = right.split('.')
  const digits = Math.max(leftFraction.length, rightFraction.length)
  return (
    leftWhole.length - rightWhole.length ||
    compareAscii(leftWhole, rightWhole) ||
    compareAscii(leftFraction.padEnd(digits, '0'), rightFraction.padEnd(digits, '0'))
  )
}
