import { fieldOf, modelOf } from '../model.js'
import { fieldsIn } from './candidates.js'
import type { Condition, Gate } from './condition.js'
import { whereItems } from './condition-sql.js'
import { imageValue } from './field-types.js'
import type { Moves } from './moves.js'
import { indented, joined, quoted, snake } from './text.js'
import { wasItems } from './was-sql.js'
import { windowSql } from './window-sql.js'

/** Adds the CTE `gate (was, now)`, one row, both true or false: whether the line was open to this identity at $1, and is now. */
export const addGate = (condition: Condition, moves: Moves): void => {
  if (condition.kind === 'gate' && !condition.negated) {
    moves.add('gate', pinnedSql(condition, moves))
    return
  }
  const names = new Map<string, string>()
  const side = (each: Condition, column: 'was' | 'now'): string => {
    if (each.kind === 'all' || each.kind === 'any')
      return `(${each.of.map((part) => side(part, column)).join(each.kind === 'all' ? ' and ' : ' or ')})`
    if (each.kind !== 'gate') throw new Error(`a gate of kind ${each.kind}`)
    const key = JSON.stringify([each.model, each.id, each.where])
    const name = names.get(key) ?? moves.add(`${snake(each.model)}_gate`, pinnedSql(each, moves))
    names.set(key, name)
    return `${each.negated ? 'not ' : ''}${name}.${column}`
  }
  const [was, now] = [side(condition, 'was'), side(condition, 'now')]
  moves.add('gate', `select ${was} as was, ${now} as now\nfrom ${[...names.values()].join(', ')}`)
}

/** Of the one row that an operand pins, whether it satisfied its condition, and does. */
const pinnedSql = ({ model: name, id, where }: Gate, moves: Moves): string => {
  const model = modelOf(moves.schema, name)
  const read = fieldsIn(model, where)
  const base = { schema: moves.schema, model, parameters: moves.parameters, taken: ['c'], existence: 'limit 1' as const }
  const side = (of: string) => ({
    ...base,
    column: (field: { readonly name: string; readonly column: string }): string => (field.name === 'id' ? 'c.key' : `c.${quoted(`${of}_${field.column}`)}`),
  })
  const idColumn = quoted(fieldOf(model, 'id').column)
  const pin = moves.parameters.sql(id, fieldOf(model, 'id').type)
  const pairs = read.map(
    (field) => `,
    case when was.key is null then now.${quoted(field.column)} else ${imageValue(field, 'was.before')} end as ${quoted(`was_${field.column}`)}, now.${quoted(field.column)} as ${quoted(`now_${field.column}`)}`,
  )
  return `select
  coalesce(${indented(joined(['c.was_there', ...wasItems(where, side('was'), moves)], 'and'), 4)}, false) as was,
  coalesce(${indented(joined(['c.now_there', ...whereItems(where, side('now'))], 'and'), 4)}, false) as now
from (
  select pin.key, case when was.key is null then now.${idColumn} is not null else was.before is not null end as was_there,
    now.${idColumn} is not null as now_there${pairs.join('')}
  from (values (${pin})) pin (key)
  left join (select * from ${windowSql(model, read, [], moves.parameters)} where key = ${pin}) was on true
  left join lateral (select * from ${quoted(model.table)} r where r.${idColumn} = pin.key offset 0) now on true
  offset 0
) c`
}
