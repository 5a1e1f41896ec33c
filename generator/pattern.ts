/** What is wrong with a pattern, and what to do about it. */
export interface PatternFault {
  readonly message: string
  readonly hint: string
}

const longest = 500
/** PostgreSQL's largest bound (DUPMAX). */
const largestBound = 255

/**
 * Null if `pattern` means the same to JavaScript (flag `u`) and to PostgreSQL's `~` (advanced regular expressions), and cannot be
 * made to run long. That is: `^`, `$`, characters, `[…]` with ranges, groups, `|`, and the quantifiers `* + ? {n} {n,} {n,m}`.
 * Left out because the two differ: `.` (does it match a line end?), `\d \w \s \b` (which alphabet?), lazy quantifiers, named groups,
 * lookaround, backreferences. Left out because matching could take exponential time: a repeated group whose content is of variable
 * length, or whose branches begin alike. See PostgreSQL's manual, 9.7.3.
 */
export const patternFault = (pattern: string): PatternFault | null => {
  if (pattern.length > longest) return { message: `a pattern of more than ${longest} characters`, hint: 'check the rest in a beforeWrite hook' }
  try {
    new Reader([...pattern]).readAll()
    new RegExp(pattern, 'u')
    return null
  } catch (error) {
    if (error instanceof Fault) return { message: error.message, hint: error.hint }
    return { message: 'not a regular expression', hint: 'a pattern is a JavaScript regular expression with the flag u' }
  }
}

class Fault extends Error {
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** First and last code point, inclusive. */
type Range = readonly [first: number, last: number]

interface Piece {
  /** Characters it can begin with. */
  readonly first: readonly Range[]
  /** Whether all its matches have one length, and no two of its branches begin alike: then a repetition has one reading. */
  readonly fixed: boolean
  /** `^`, `$`. */
  readonly anchor: boolean
}

const anyCharacter: Range = [0, 0x10ffff]

/** Recursive descent over the code points; the depth of groups is bounded by the length of a pattern. */
class Reader {
  readonly #text: readonly string[]
  #at = 0

  constructor(text: readonly string[]) {
    this.#text = text
  }

  readAll(): void {
    this.#readBranches()
    if (this.#next() !== undefined) throw new Fault('a ")" without its "("', 'write \\) for the character')
  }

  #next(ahead = 0): string | undefined {
    return this.#text[this.#at + ahead]
  }

  #readBranches(): Piece {
    const branches = [this.#readBranch()]
    while (this.#next() === '|') {
      this.#at++
      branches.push(this.#readBranch())
    }
    const distinct = branches.every((each, at) => branches.slice(at + 1).every((other) => !overlap(each.first, other.first)))
    const fixed = branches.every((each) => each.fixed) && distinct
    return { first: branches.flatMap((each) => each.first), fixed, anchor: false }
  }

  #readBranch(): Piece {
    const pieces: Piece[] = []
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next()) pieces.push(this.#readPiece())
    const first = pieces.find((each) => !each.anchor)
    if (pieces.length === 0) throw new Fault('an empty branch', 'make the group optional instead: (…)?')
    return { first: first?.first ?? [anyCharacter], fixed: pieces.every((each) => each.fixed && !each.anchor), anchor: false }
  }

  #readPiece(): Piece {
    const atom = this.#readAtom()
    const bound = this.#readQuantifier()
    if (bound === null) return atom
    const [least, most] = bound
    if (atom.anchor) throw new Fault('a quantifier on ^ or $', 'remove it')
    if (most > 1 && !atom.fixed) {
      throw new Fault('a repeated group of variable content', 'repeat a single character or [class], or a group without *, +, ? and without branches that begin alike')
    }
    return { first: least === 0 ? [anyCharacter] : atom.first, fixed: atom.fixed && least === most, anchor: false }
  }

  #readQuantifier(): Range | null {
    const sign = this.#next()
    const simple = sign === '*' ? [0, Infinity] as const : sign === '+' ? [1, Infinity] as const : sign === '?' ? [0, 1] as const : null
    if (simple !== null) this.#at++
    const bound = simple ?? (sign === '{' ? this.#readBound() : null)
    const after = this.#next()
    if (bound !== null && (after === '?' || after === '+' || after === '*' || after === '{')) {
      throw new Fault('a quantifier on a quantifier', 'lazy and possessive quantifiers differ between JavaScript and PostgreSQL: write one')
    }
    return bound
  }

  #readBound(): Range {
    const end = this.#text.indexOf('}', this.#at)
    const [, least, comma, most] = /^\{(\d{1,3})(,)?(\d{1,3})?$/.exec(this.#text.slice(this.#at, end === -1 ? this.#at : end).join('')) ?? []
    if (least === undefined) throw new Fault('a "{" that begins no quantifier', 'write \\{ for the character, {2,5} for a repetition')
    this.#at = end + 1
    const range: Range = [Number(least), comma === undefined ? Number(least) : most === undefined ? Infinity : Number(most)]
    if (range[0] > largestBound || (range[1] !== Infinity && range[1] > largestBound) || range[0] > range[1]) {
      throw new Fault('a repetition out of range', `PostgreSQL counts to ${largestBound}, least first`)
    }
    return range
  }

  #readAtom(): Piece {
    const next = this.#text[this.#at++] ?? ''
    if (next === '^' || next === '$') return { first: [anyCharacter], fixed: true, anchor: true }
    if (next === '(') return this.#readGroup()
    if (next === '[') return { first: this.#readClass(), fixed: true, anchor: false }
    if (next === '\\') return character(this.#readEscape())
    if (next === '.') throw new Fault('"." means different things to JavaScript and PostgreSQL', 'name the characters, as in [^@]+, or write \\. for the full stop')
    if ('*+?{}]'.includes(next)) throw new Fault(`"${next}" with nothing before it`, `write \\${next} for the character`)
    return character(codeOf(next))
  }

  #readGroup(): Piece {
    if (this.#next() === '?') {
      if (this.#next(1) !== ':') throw new Fault('lookaround or a named group', 'only plain groups are known to both sides: (…) or (?:…)')
      this.#at += 2
    }
    const open = new Fault('a "(" without its ")"', 'close the group, or write \\( for the character')
    if (this.#next() === undefined) throw open
    const inner = this.#readBranches()
    if (this.#next() !== ')') throw open
    this.#at++
    return inner
  }

  /** After `[`, up to and with `]`. */
  #readClass(): readonly Range[] {
    const negated = this.#next() === '^'
    if (negated) this.#at++
    const ranges: Range[] = []
    while (this.#next() !== ']') {
      const first = this.#readClassCharacter()
      if (this.#next() !== '-' || this.#next(1) === ']') {
        ranges.push([first, first])
        continue
      }
      this.#at++
      const last = this.#readClassCharacter()
      if (last < first) throw new Fault('a range that runs backwards', 'write the lower character first: [a-z]')
      ranges.push([first, last])
    }
    this.#at++
    if (ranges.length === 0) throw new Fault('an empty [ ]', 'name at least one character')
    return negated ? complement(ranges) : ranges
  }

  #readClassCharacter(): number {
    const next = this.#text[this.#at++]
    if (next === undefined) throw new Fault('a "[" without its "]"', 'close it, or write \\[ for the character')
    if (next === '[') throw new Fault('"[" inside [ ] begins a class of PostgreSQL\'s', 'write \\[')
    return next === '\\' ? this.#readEscape() : codeOf(next)
  }

  #readEscape(): number {
    const next = this.#text[this.#at++]
    if (next === undefined) throw new Fault('a "\\" at the end', 'write \\\\ for the character')
    const control = { n: 10, r: 13, t: 9 }[next]
    if (control !== undefined) return control
    if (/[\^$\\.*+?()[\]{}|/-]/.test(next)) return codeOf(next)
    const hint = /\d/.test(next) ? 'backreferences cannot be used' : 'name the characters, as in [0-9] for \\d and [A-Za-z0-9_] for \\w'
    throw new Fault(`"\\${next}" means different things to JavaScript and PostgreSQL`, hint)
  }
}

const codeOf = (character: string): number => character.codePointAt(0) ?? 0

const character = (code: number): Piece => ({ first: [[code, code]], fixed: true, anchor: false })

const overlap = (left: readonly Range[], right: readonly Range[]): boolean =>
  left.some(([first, last]) => right.some(([from, to]) => first <= to && from <= last))

const complement = (ranges: readonly Range[]): readonly Range[] => {
  const gaps: Range[] = []
  let next = 0
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (first > next) gaps.push([next, first - 1])
    next = Math.max(next, last + 1)
  }
  return next <= anyCharacter[1] ? [...gaps, [next, anyCharacter[1]]] : gaps
}
