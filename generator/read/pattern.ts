import { PatternMistake, PatternReader } from './pattern-reader.js'

/** What is wrong with a pattern, and what to do about it. */
export interface PatternFault {
  readonly message: string
  readonly hint: string
}

/**
 * Null if `pattern` means the same to JavaScript (flag `u`) and to PostgreSQL's `~` (advanced regular expressions), and cannot be
 * made to run long by a text of up to `max` characters. That is: `^`, `$`, characters, `[…]` with ranges, groups, `|`, and the
 * quantifiers `* + ? {n} {n,} {n,m}`. Left out because the two differ: `.` (does it match a line end?), `\d \w \s \b` (which
 * alphabet?), lazy quantifiers, named groups, lookaround, backreferences (PostgreSQL's manual, 9.7.3). Left out because a backtracking
 * matcher could try too many ways: a repeated group whose content is of variable length or whose branches begin alike, and more
 * quantifiers than `max` allows.
 */
export const patternFault = (pattern: string, max: number | null): PatternFault | null => {
  if (pattern.length > longestPattern) return { message: `a pattern of more than ${longestPattern} characters`, hint: 'check the rest in a beforeWrite hook' }
  try {
    const reader = new PatternReader([...pattern])
    reader.readAll()
    new RegExp(pattern, 'u')
    return slownessOf(reader, max ?? longestText)
  } catch (error) {
    if (error instanceof PatternMistake) return { message: error.message, hint: error.hint }
    return { message: 'not a regular expression', hint: 'a pattern is a JavaScript regular expression with the flag u' }
  }
}

const longestPattern = 500
/** Steps of a backtracking matcher that one value may cost: well under a second. */
const mostSteps = 1e8
/** Longest text that a client can send: a frame of 1 MiB. */
const longestText = 2 ** 20

/** A matcher tries each place to begin, and for each quantifier each length: that many ways at most. */
const slownessOf = ({ anchored, unbounded, bounded }: PatternReader, length: number): PatternFault | null => {
  const choices = unbounded + (anchored ? 0 : 1)
  if (length ** choices * bounded <= mostSteps) return null
  const enough = choices === 0 ? 0 : Math.floor((mostSteps / bounded) ** (1 / choices))
  const shorter = enough < 1 ? 'use fewer quantifiers' : `give the field a max of at most ${enough}${anchored ? '' : ', or begin the pattern with ^'}`
  return { message: 'a pattern that could take long on a long text', hint: shorter }
}
