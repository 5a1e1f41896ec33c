/** Findings, for people. */
import type { Finding } from './compare.js'

/** Several lines: what differs, what to do, and the SQL, if it is short. */
export const textOf = ({ severity, kind, object, what, advice, sql }: Finding): string =>
  [`${severity}: ${kind} ${object} ${what}`, `  ${advice}`, ...(sql === null ? [] : linesOf(sql))].join('\n')

/** In one line. */
export const summary = (findings: readonly Finding[]): string => {
  const drifted = findings.filter(({ severity }) => severity === 'drift').length
  const notes = findings.length - drifted
  const noted = notes === 0 ? '' : ` (${count(notes, 'note')})`
  return drifted === 0 ? `The database is as its migrations made it${noted}.` : `${count(drifted, 'thing')} ${drifted === 1 ? 'is' : 'are'} not as the migrations made ${drifted === 1 ? 'it' : 'them'}${noted}.`
}

const linesOf = (sql: string): readonly string[] => {
  const lines = sql.split('\n')
  return lines.length > 8 ? [`  (${lines.length} lines of SQL: --json has them)`] : lines.map((line) => `    ${line}`)
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
