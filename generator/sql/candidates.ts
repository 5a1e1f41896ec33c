import { type Field, fieldOf, type Model } from '../model.js'
import { type Condition, conjuncts, isLeaf, type Leaf, type One, type Some } from './condition.js'
import { type Against, conditionSql } from './condition-sql.js'
import { imageValue } from './field-types.js'
import type { Moves } from './moves.js'
import { fitted, indented, joined, quoted, snake } from './text.js'
import { windowSql } from './window-sql.js'

/** Rows with both sides, as they were at $1 and as they are now. */
export interface Candidates {
  /** From clause, and what follows it. */
  readonly from: string
  readonly key: string
  readonly was: Against
  readonly wasThere: string
  readonly now: Against
  readonly nowThere: string
  /** Whether the row itself changed, or was only reached from a hop below. */
  readonly changed: string
}

export interface CandidateOptions {
  /** Fields that the text around reads of each side. */
  readonly read: readonly Field[]
  /** Only births, deaths and changes of `read` count as changes; else every change does. */
  readonly narrow: boolean
  /** Nothing is read unless the line's gate was and is open. */
  readonly gated: boolean
}

/**
 * Rows of `model` whose answer to `where` can have changed: those in the log's window, and current ones that a move below reaches. The latter
 * did not change themselves, so both their sides are the current one. Fenced by `offset 0`, so that whatever is tested in the
 * select list is tested for these rows only.
 */
export const candidates = (model: Model, where: Condition, options: CandidateOptions, moves: Moves): Candidates => {
  const tests = testsIn(where)
  return tests.length === 0 ? changedOnly(model, where, options, moves) : changedAndReached(model, where, tests, options, moves)
}

/** Fields of its own that a condition reads: compared ones and references that it follows. The key is none. */
export const fieldsIn = (model: Model, condition: Condition): readonly Field[] => {
  const names = new Set<string>()
  const visit = (each: Condition): void => {
    if (each.kind === 'all' || each.kind === 'any') each.of.forEach(visit)
    else if (isLeaf(each) || each.kind === 'one') names.add(each.field)
  }
  visit(condition)
  return model.fields.filter((field) => field.name !== 'id' && names.has(field.name))
}

const changedOnly = (model: Model, where: Condition, { read, narrow, gated }: CandidateOptions, moves: Moves): Candidates => {
  const base = { schema: moves.schema, model, parameters: moves.parameters, taken: [], existence: 'limit 1' as const }
  const window = windowSql(model, narrow ? read : null, localsIn(where), moves.parameters)
  const of = (field: Field, value: string): string => (field.name === 'id' ? 'was.key' : value)
  return {
    from: `from ${window} was\n${currentOf(model)}${gated ? `\nwhere ${gateOpen}` : ''}`,
    key: 'was.key',
    was: { ...base, column: (field) => of(field, imageValue(field, 'was.before')) },
    wasThere: 'was.before is not null',
    now: { ...base, column: (field) => of(field, `now.${quoted(field.column)}`) },
    nowThere: `now.${quoted(fieldOf(model, 'id').column)} is not null`,
    changed: 'true',
  }
}

const changedAndReached = (
  model: Model,
  where: Condition,
  tests: readonly (One | Some)[],
  { read, narrow, gated }: CandidateOptions,
  moves: Moves,
): Candidates => {
  const moved = tests.map((test) => moves.of(test))
  const locals = localsIn(where)
  const window = windowSql(model, narrow ? read : null, locals, moves.parameters)
  const changed = moves.add(`${snake(model.name)}_changed`, `select key, before from ${window} was${gated ? `\nwhere ${gateOpen}` : ''}`)
  const id = quoted(fieldOf(model, 'id').column)
  const base = { schema: moves.schema, model, parameters: moves.parameters, taken: ['c'], existence: 'limit 1' as const }
  const sideOf = (side: 'was' | 'now'): Against => ({ ...base, column: (field) => (field.name === 'id' ? 'c.key' : `c.${sideName(side, field)}`) })
  const [was, now] = [sideOf('was'), sideOf('now')]
  const pairs = read.map((field) => `,\n  ${imageValue(field, 'was.before')} as ${sideName('was', field)}, now.${quoted(field.column)} as ${sideName('now', field)}`)
  const first = `select was.key, true as changed, was.before is not null as was_there, now.${id} is not null as now_there${pairs.join('')}
from ${changed} was
${currentOf(model)}`
  const reached = tests.map((test, at) => reachedSql(model, test, moved[at] ?? '', { read, locals, changed, gated }, moves))
  const filter = locals.length === 0 ? '' : `\nwhere ${localFilter(locals, was, now)}`
  return {
    from: `from (\n  ${indented([first, ...reached].join('\nunion\n'))}\n) c${filter}\noffset 0`,
    key: 'c.key',
    was,
    wasThere: 'c.was_there',
    now,
    nowThere: 'c.now_there',
    changed: 'c.changed',
  }
}

/** Current rows that the moves of one test lead to and that pass the local conjuncts, which are inside the probe. */
const reachedSql = (
  model: Model,
  test: One | Some,
  moved: string,
  around: { readonly read: readonly Field[]; readonly locals: readonly Leaf[]; readonly changed: string; readonly gated: boolean },
  { schema, parameters }: Moves,
): string => {
  const id = quoted(fieldOf(model, 'id').column)
  const column = (field: Field): string => `r.${quoted(field.column)}`
  const keys =
    test.kind === 'one'
      ? `select key from ${moved}`
      : `select link_was as key from ${moved} where link_was is not null\n  union select link_now from ${moved} where link_now is not null`
  const link = column(test.kind === 'one' ? fieldOf(model, test.field) : fieldOf(model, 'id'))
  const against = { schema, model, column, parameters, taken: ['r'], existence: 'limit 1' as const }
  const probe = joined([`${link} = moved.key`, ...around.locals.map((leaf) => conditionSql(leaf, against))], 'and')
  const pairs = around.read.map((field) => `,\n  now.${quoted(field.column)}, now.${quoted(field.column)}`)
  const where = [...(around.gated ? [gateOpen] : []), `now.${id} not in (select key from ${around.changed})`]
  return `select now.${id}, false, true, true${pairs.join('')}
from (${keys}) moved
cross join lateral (
  select * from ${quoted(model.table)} r where ${indented(probe, 4)} offset 0
) now
where ${indented(joined(where, 'and'))}`
}

/** Its existence tests, each once, in their positive form. */
const testsIn = (condition: Condition): readonly (One | Some)[] => {
  const found = new Map<string, One | Some>()
  const visit = (each: Condition): void => {
    if (each.kind === 'all' || each.kind === 'any') each.of.forEach(visit)
    else if (each.kind === 'one' || each.kind === 'some') {
      const positive = { ...each, negated: false }
      found.set(JSON.stringify(positive), positive)
    }
  }
  visit(condition)
  return [...found.values()]
}

const localsIn = (where: Condition): readonly Leaf[] => conjuncts(where).filter(isLeaf)

/** The cheap half first: rows whose own columns satisfy the local conjuncts on neither side need no further test. */
const localFilter = (locals: readonly Leaf[], was: Against, now: Against): string => {
  const side = (there: string, against: Against): string => joined([there, ...locals.map((leaf) => conditionSql(leaf, against))], 'and')
  return `(${indented(side('c.was_there', was))})\n  or (${indented(side('c.now_there', now), 4)})`
}

const currentOf = (model: Model): string =>
  `left join lateral (select * from ${quoted(model.table)} r where r.${quoted(fieldOf(model, 'id').column)} = was.key offset 0) now on true`

const gateOpen = '(select was and now from gate)'

const sideName = (side: 'was' | 'now', field: Field): string => quoted(fitted(`${side}_${field.column}`))
