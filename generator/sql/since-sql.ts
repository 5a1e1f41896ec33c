import type { Schema, Scope } from '../model.js'
import { conjuncts, isLeaf } from './condition.js'
import { conditionSql } from './condition-sql.js'
import { imageValue } from './field-types.js'
import type { Line } from './line.js'
import { Parameters, type Statement } from './parameters.js'
import { indented, literal, quoted } from './text.js'

/** Exact `since` of a line: $1 pg_snapshot; rows `(key uuid, action text)`. */
export const sinceSql = (schema: Schema, scope: Scope, { model, row, gate }: Line): Statement => {
  if (gate.kind !== 'always' || !conjuncts(row).every(isLeaf)) return { text: 'select null::uuid as key, null::text as action where false', values: [] }
  const parameters = new Parameters(schema, scope, 1)
  const base = { schema, model, parameters, taken: [], existence: 'limit 1' as const }
  const was = conditionSql(row, { ...base, column: (field) => imageValue(field, 'was.before') })
  const now = conditionSql(row, { ...base, column: (field) => `now.${quoted(field.column)}` })
  const text = `select key, case when now then 'send' when now_there then 'out' else 'deleted' end as action
from (
  select was.key, now."id" is not null as now_there,
    was.before is not null and coalesce(${indented(was, 4)}, false) as was,
    now."id" is not null and coalesce(${indented(now, 4)}, false) as now
  from syncgen.first_images($1, ${literal(model.name)}) was
  left join lateral (select * from ${quoted(model.table)} r where r."id" = was.key offset 0) now on true
) changed
where now or was`
  return { text, values: parameters.values }
}
