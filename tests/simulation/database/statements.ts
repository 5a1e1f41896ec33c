/** How the SQL of the runtime is told apart and made to live in virtual time. */

/** Time of the database is the world's, and its patience with locks, too; what is random there follows from the time. */
export const inVirtualTime = (text: string): string => {
  const known = rewritten.get(text)
  if (known !== undefined) return known
  const result = text
    .replaceAll(/(?:pg_catalog\.)?clock_timestamp\(\)/g, 'sim.now()')
    .replaceAll(/(?<![\w.])now\(\)/g, 'sim.now()')
    .replaceAll(/(?<![\w.])random\(\)/g, 'sim.random()')
    .replaceAll(/lock_timeout = '\w+'/g, 'lock_timeout = 0')
    .replaceAll(/;?\s*listen \w+/g, '')
  rewritten.set(text, result)
  return result
}

const rewritten = new Map<string, string>()

export type StatementKind = 'begin' | 'commit' | 'rollback' | 'mutation' | 'record' | 'notify' | 'other'

export const kindOf = (text: string): StatementKind => {
  if (text.startsWith('begin')) return 'begin'
  if (text === 'commit') return 'commit'
  if (text === 'rollback') return 'rollback'
  if (text.startsWith('savepoint mutation')) return 'mutation'
  if (text.startsWith('select pg_notify')) return 'notify'
  return text.includes('insert into syncgen.outcomes') ? 'record' : 'other'
}

/** For the trace: what it is, without values. */
export const shortly = (text: string): string => {
  const known = short.get(text)
  if (known !== undefined) return known
  const result = text.replaceAll(/\s+/g, ' ').slice(0, 48)
  short.set(text, result)
  return result
}

/** Texts of the runtime are few; those of other programs are short and do not come again. */
const short = new Map<string, string>()
