import type { Schema, Scope } from '../model.js'
import { candidates, fieldsIn } from './candidates.js'
import { whereItems } from './condition-sql.js'
import { addGate } from './gate-sql.js'
import type { Line } from './line.js'
import { Moves } from './moves.js'
import { Parameters, type Statement } from './parameters.js'
import { indented, joined, named } from './text.js'
import { wasItems } from './was-sql.js'

/**
 * Exact `since`: what a cache that was right at $1 (pg_snapshot) needs now. Rows `(key uuid, action text)`, each key once: `send` if it is in
 * now and was not or changed; `out` or `deleted` if it was in and is not; with a null key and alone `enter` or `reset` when the line's
 * gate opened or closed.
 *
 * Membership at $1 is found as deltas up the predicate tree: no table is rebuilt as it was, so the cost is that of what
 * changed. Every existence test in a select list probes by `limit 1`, every set test is an uncorrelated `in` or `not in`, and no join has a
 * CTE on its inner side: whatever the planner estimates, it cannot make the plan quadratic.
 */
export const sinceSql = (schema: Schema, scope: Scope, line: Line): Statement => {
  if (line.row.kind === 'never') return { text: nothing, values: [] }
  const moves = new Moves(schema, new Parameters(schema, scope, 1))
  const gated = line.gate.kind !== 'always'
  if (gated) addGate(line.gate, moves)
  const root = rootSql(line, gated, moves)
  const ctes = moves.ctes.map(({ name, text }) => `${name} as materialized (\n  ${indented(text)}\n)`)
  const statement = [...(ctes.length === 0 ? [] : [`with ${ctes.join(',\n')}`]), root, ...(gated ? [flips] : [])]
  return { text: statement.join('\n'), values: moves.parameters.values }
}

const nothing = `select null::uuid as key, null::text as action
where $1::pg_snapshot is null`

const flips = `union all
select null, case when now then 'enter' else 'reset' end
from gate
where was <> now`

const rootSql = ({ model, row }: Line, gated: boolean, moves: Moves): string => {
  const c = candidates(model, row, { read: fieldsIn(model, row), narrow: false, gated }, moves)
  const was = joined([c.wasThere, ...wasItems(row, c.was, moves)], 'and')
  const now = joined([c.nowThere, ...whereItems(row, c.now)], 'and')
  return `select key, case when now then 'send' when now_there then 'out' else 'deleted' end as action
from (
  select ${c.key}, ${named(c.changed, 'changed')}, ${named(c.nowThere, 'now_there')},
    coalesce(${indented(was, 6)}, false) as was,
    coalesce(${indented(now, 6)}, false) as now
  ${indented(c.from)}
) line
where (now and (changed or not was)) or (was and not now)`
}
