/** Something in a pattern that is not in the subset (see pattern.ts). */
export class PatternMistake extends Error {
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Reads a pattern by recursive descent over its code points, and notes how it could match. The depth of groups is bounded by its length. */
export class PatternReader {
  readonly #text: readonly string[]
  #at = 0
  /** Whether every match begins where the text does. */
  anchored = false
  /** How many quantifiers have no upper bound, and how many ways the others and branches that begin alike have together. */
  unbounded = 0
  bounded = 1

  constructor(text: readonly string[]) {
    this.#text = text
  }

  readAll(): void {
    this.anchored = this.#readBranches().anchor
    if (this.#next() !== undefined) throw new PatternMistake('a ")" without its "("', 'write \\) for the character')
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
    if (!distinct) this.bounded *= branches.length
    const fixed = branches.every((each) => each.fixed) && distinct
    return { first: branches.flatMap((each) => each.first), fixed, anchor: branches.every((each) => each.anchor) }
  }

  #readBranch(): Piece {
    const pieces: Piece[] = []
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next()) pieces.push(this.#readPiece())
    const first = pieces.find((each) => !each.anchor)
    if (pieces.length === 0) throw new PatternMistake('an empty branch', 'make the group optional instead: (…)?')
    const anchor = pieces[0]?.anchor ?? false
    return { first: first?.first ?? [anyCharacter], fixed: pieces.every((each) => each.fixed && !each.anchor), anchor }
  }

  #readPiece(): Piece {
    const atom = this.#readAtom()
    const bound = this.#readQuantifier()
    if (bound === null) return atom
    const [least, most] = bound
    if (atom.anchor) throw new PatternMistake('a quantifier on ^ or $', 'put it inside a group without them')
    if (most > 1 && !atom.fixed) {
      throw new PatternMistake('a repeated group of variable content', 'repeat a single character or [class], or a group without *, +, ? and without branches that begin alike')
    }
    if (most === Infinity) this.unbounded++
    else this.bounded *= most - least + 1
    return { first: least === 0 ? [anyCharacter] : atom.first, fixed: atom.fixed && least === most, anchor: false }
  }

  #readQuantifier(): Range | null {
    const sign = this.#next()
    const simple = sign === '*' ? [0, Infinity] as const : sign === '+' ? [1, Infinity] as const : sign === '?' ? [0, 1] as const : null
    if (simple !== null) this.#at++
    const bound = simple ?? (sign === '{' ? this.#readBound() : null)
    const after = this.#next()
    if (bound !== null && (after === '?' || after === '+' || after === '*' || after === '{')) {
      throw new PatternMistake('a quantifier on a quantifier', 'lazy and possessive quantifiers differ between JavaScript and PostgreSQL: write one')
    }
    return bound
  }

  #readBound(): Range {
    const end = this.#text.indexOf('}', this.#at)
    const [, least, comma, most] = /^\{(\d{1,3})(,)?(\d{1,3})?$/.exec(this.#text.slice(this.#at, end === -1 ? this.#at : end).join('')) ?? []
    if (least === undefined) throw new PatternMistake('a "{" that begins no quantifier', 'write \\{ for the character, {2,5} for a repetition')
    this.#at = end + 1
    const range: Range = [Number(least), comma === undefined ? Number(least) : most === undefined ? Infinity : Number(most)]
    if (range[0] > largestBound || (range[1] !== Infinity && range[1] > largestBound) || range[0] > range[1]) {
      throw new PatternMistake('a repetition out of range', `PostgreSQL counts to ${largestBound}, least first`)
    }
    return range
  }

  #readAtom(): Piece {
    const next = this.#text[this.#at++] ?? ''
    if (next === '^' || next === '$') return { first: [anyCharacter], fixed: true, anchor: true }
    if (next === '(') return this.#readGroup()
    if (next === '[') return { first: this.#readClass(), fixed: true, anchor: false }
    if (next === '\\') return character(this.#readEscape())
    if (next === '.') throw new PatternMistake('"." means different things to JavaScript and PostgreSQL', 'name the characters, as in [^@]+, or write \\. for the full stop')
    if ('*+?{}]'.includes(next)) throw new PatternMistake(`"${next}" with nothing before it`, `write \\${next} for the character`)
    return character(codeOf(next))
  }

  #readGroup(): Piece {
    if (this.#next() === '?') {
      if (this.#next(1) !== ':') throw new PatternMistake('lookaround or a named group', 'only plain groups are known to both sides: (…) or (?:…)')
      this.#at += 2
    }
    const open = new PatternMistake('a "(" without its ")"', 'close the group, or write \\( for the character')
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
      if (last < first) throw new PatternMistake('a range that runs backwards', 'write the lower character first: [a-z]')
      ranges.push([first, last])
    }
    this.#at++
    if (ranges.length === 0) throw new PatternMistake('an empty [ ]', 'name at least one character')
    return negated ? complement(ranges) : ranges
  }

  #readClassCharacter(): number {
    const next = this.#text[this.#at++]
    if (next === undefined) throw new PatternMistake('a "[" without its "]"', 'close it, or write \\[ for the character')
    if (next === '[') throw new PatternMistake('"[" inside [ ] begins a class of PostgreSQL\'s', 'write \\[')
    return next === '\\' ? this.#readEscape() : codeOf(next)
  }

  #readEscape(): number {
    const next = this.#text[this.#at++]
    if (next === undefined) throw new PatternMistake('a "\\" at the end', 'write \\\\ for the character')
    const control = { n: 10, r: 13, t: 9 }[next]
    if (control !== undefined) return control
    if (/[\^$\\.*+?()[\]{}|/-]/.test(next)) return codeOf(next)
    const hint = /\d/.test(next) ? 'backreferences cannot be used' : 'name the characters, as in [0-9] for \\d and [A-Za-z0-9_] for \\w'
    throw new PatternMistake(`"\\${next}" means different things to JavaScript and PostgreSQL`, hint)
  }
}

/** First and last code point, inclusive. */
type Range = readonly [first: number, last: number]

interface Piece {
  /** Characters it can begin with. */
  readonly first: readonly Range[]
  /** Whether all its matches have one length, and no two of its branches begin alike: then a repetition has one reading. */
  readonly fixed: boolean
  /** `^` or `$`, or begins with one. */
  readonly anchor: boolean
}

const anyCharacter: Range = [0, 0x10ffff]

/** PostgreSQL's largest bound (DUPMAX). */
const largestBound = 255

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
