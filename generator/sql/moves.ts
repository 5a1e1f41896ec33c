import { type Field, fieldOf, modelOf, type Schema } from '../model.js'
import { candidates, fieldsIn } from './candidates.js'
import type { One, Some } from './condition.js'
import { whereItems } from './condition-sql.js'
import type { Parameters } from './parameters.js'
import { fitted, indented, joined, snake } from './text.js'
import { wasItems } from './was-sql.js'

export interface Cte {
  readonly name: string
  readonly text: string
}

/**
 * The CTEs of one since statement, each after those it reads. For each existence test of the predicate there is one,
 * `<model>_moved (key, link_was, link_now)`, with the rows whose contribution to their parent changed since $1. The link is the value
 * through which the parent sees the row (to-one: its id; to-many: its foreign key); null: the test did not hold for it. Rows
 * with equal links stop there. Owns the names.
 */
export class Moves {
  readonly schema: Schema
  readonly parameters: Parameters
  readonly #ctes: Cte[] = []
  readonly #known = new Map<string, string>()

  constructor(schema: Schema, parameters: Parameters) {
    this.schema = schema
    this.parameters = parameters
  }

  get ctes(): readonly Cte[] {
    return this.#ctes
  }

  /** Adds a CTE and returns its name, which is numbered if it is taken. */
  add(name: string, text: string): string {
    const isFree = (candidate: string): boolean => this.#ctes.every((cte) => cte.name !== candidate)
    let unique = fitted(name)
    for (let number = 2; !isFree(unique); number++) unique = fitted(`${name}_${number}`)
    this.#ctes.push({ name: unique, text })
    return unique
  }

  /** Name of the CTE with a test's moves; it is added, after those below it, unless it is there. */
  of(test: One | Some): string {
    const key = JSON.stringify([test.kind, test.model, test.kind === 'some' ? test.field : null, test.where])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const name = this.add(`${snake(test.model)}_moved`, movedSql(test, this))
    this.#known.set(key, name)
    return name
  }
}

const movedSql = (test: One | Some, moves: Moves): string => {
  const model = modelOf(moves.schema, test.model)
  const link = fieldOf(model, test.kind === 'one' ? 'id' : test.field)
  const read = withField(model.fields, fieldsIn(model, test.where), link)
  const c = candidates(model, test.where, { read, narrow: true, gated: false }, moves)
  const was = joined([c.wasThere, ...wasItems(test.where, c.was, moves)], 'and')
  const now = joined([c.nowThere, ...whereItems(test.where, c.now)], 'and')
  return `select * from (
  select ${c.key},
    case when ${indented(was, 6)} then ${c.was.column(link)} end as link_was,
    case when ${indented(now, 6)} then ${c.now.column(link)} end as link_now
  ${indented(c.from)}
) links
where link_was is distinct from link_now`
}

const withField = (all: readonly Field[], fields: readonly Field[], more: Field): readonly Field[] =>
  all.filter((field) => field.name !== 'id' && (field === more || fields.includes(field)))
