/** Where something stands in a schema file. `line` and `column` count from 1, `length` in UTF-16 units; 0: the file as a whole. */
export interface Spot {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
}

/** One thing wrong with a schema: where, what, and what to do about it. This is also its JSON form (`--json`). */
export interface Problem extends Spot {
  readonly code: ProblemCode
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** What to do next. */
  readonly hint: string | null
}

/** Notes a problem; reading goes on, so that all of them are told at once. */
export type Report = (code: ProblemCode, at: Spot, message: string, hint?: string) => void

/** Every code, closed: what it means (docs/problems.md lists them; tests/golden/problems has one broken schema for each). */
export const problemCodes = {
  SG001: 'schema file not found or not readable',
  SG002: 'file larger than 1 MiB',
  SG003: 'symbolic link, or a path outside the schema folder',
  SG004: 'not valid YAML',
  SG005: 'nested deeper than 64 levels',
  SG006: 'anchor or alias',
  SG007: 'tag or directive',
  SG008: 'key written twice',
  SG009: 'not exactly one YAML document',
  SG010: 'character that cannot be stored',

  SG101: 'unknown keyword',
  SG102: 'value of another shape than expected',
  SG103: 'keyword missing',
  SG104: 'unknown type',
  SG105: 'unknown version of the schema language',
  SG106: 'declared twice',
  SG108: 'argument of a type out of range',
  SG109: 'default does not fit the type',
  SG110: 'pattern outside the subset that JavaScript and PostgreSQL agree on',
  SG111: 'keyword does not apply here',
  SG112: 'keywords contradict each other',
  SG113: 'TypeScript type or function not found',
  SG114: 'worked-out value does not fit the field',
  SG115: 'fields that are worked out from each other',
  SG116: 'rows would move to a value that is not there',

  SG201: 'malformed name',
  SG202: 'reserved name',
  SG203: 'name too long for PostgreSQL',
  SG204: 'name taken',
  SG205: 'SQL name taken',
  SG206: 'generated name taken',

  SG301: 'unknown model',
  SG302: 'two references with one inverse',
  SG303: 'malformed join',
  SG304: 'onDelete does not fit the reference',
  SG305: 'index on an unknown field',
  SG306: 'index written twice',
  SG307: 'condition of a partial index reaches beyond its row',
  SG308: 'type cannot be indexed',
  SG309: 'only a unique of all rows can be deferrable',

  SG401: 'unknown field or relation',
  SG402: 'operator does not apply to the type',
  SG403: 'operand does not fit the field',
  SG404: 'unknown claim or parameter',
  SG405: 'parameter outside a scope',
  SG406: 'operand is not constant',
  SG407: 'access rules in a circle',
  SG408: '$can names no rule',
  SG409: 'predicate too large',
  SG410: 'limit or order in a scope',

  SG501: 'model without access rules',
  SG502: 'scope line that asks nothing of the identity',
  SG503: 'scope line whose rows nobody may read',
  SG504: 'parameter widens a scope line',

  SG601: 'a rule reads a field that a weaker rule may write',
  SG602: 'rows can be created that no scope carries',
  SG603: 'no scope carries the far side of a join',
  SG604: 'unused parameter',
  SG605: 'missing claim equals missing value',
  SG606: 'field is to be dropped',
} as const

export type ProblemCode = keyof typeof problemCodes

/** SG6xx are warnings: the schema can be generated from. */
export const severityOf = (code: ProblemCode): Problem['severity'] => (code.startsWith('SG6') ? 'warning' : 'error')

/** A report that collects into `problems`. */
export const reportInto =
  (problems: Problem[]): Report =>
  (code, at, message, hint) => {
    problems.push({ ...at, code, severity: severityOf(code), message, hint: hint ?? null })
  }

/** In reading order: file, line, column, code; each once. */
export const sortProblems = (problems: readonly Problem[]): readonly Problem[] => {
  const order = (a: Problem, b: Problem): number =>
    compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.code, b.code) || compare(a.message, b.message)
  return [...problems].sort(order).filter((each, at, all) => at === 0 || order(all[at - 1] ?? each, each) !== 0)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
