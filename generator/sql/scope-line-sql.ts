import { fieldOf, type Schema, type Scope, type ScopeLine } from '../model.js'
import { aliasOf, whereItems } from './condition-sql.js'
import { type Line, lineOf, modelsRead } from './line.js'
import { rowColumns } from './model-sql.js'
import { Parameters, type Statement } from './parameters.js'
import { sinceSql } from './since-sql.js'
import { filled, indented, joined, quoted } from './text.js'

/** The statements of one scope line, as runtime/server/descriptor.ts describes them; the read rule is in each. */
export interface ScopeLineSql {
  readonly reads: readonly string[]
  readonly since: Statement
  readonly keys: Statement
  readonly page: Statement
}

/** Exact `since`, all keys, and pages of rows of one (model, where) pair. */
export const scopeLineSql = (schema: Schema, scope: Scope, scopeLine: ScopeLine): ScopeLineSql => {
  const line = lineOf(schema, scopeLine)
  return {
    reads: modelsRead(line),
    since: sinceSql(schema, scope, line),
    keys: keysSql(schema, scope, line),
    page: pageSql(schema, scope, line),
  }
}

const keysSql = (schema: Schema, scope: Scope, line: Line): Statement => {
  const parameters = new Parameters(schema, scope, 0)
  const { alias, id, where } = membership(schema, line, parameters)
  const filter = where.length === 0 ? '' : `\nwhere ${indented(joined(where, 'and'))}`
  const from = `${quoted(line.model.table)} ${alias}`
  return { text: `select ${id}, ${alias}."version"\nfrom ${from}${filter}\norder by ${id}`, values: parameters.values }
}

/** `>=` keeps the index scan where $1 may be null, `is distinct from` makes it `>`. */
const pageSql = (schema: Schema, scope: Scope, line: Line): Statement => {
  const parameters = new Parameters(schema, scope, 2)
  const { alias, id, where } = membership(schema, line, parameters)
  const after = [`${id} >= coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')`, `${id} is distinct from $1::uuid`]
  const text = `select ${filled(rowColumns(line.model, `${alias}.`), 2)}
from ${quoted(line.model.table)} ${alias}
where ${indented(joined([...after, ...where], 'and'))}
order by ${id}
limit $2::integer`
  return { text, values: parameters.values }
}

const membership = (schema: Schema, { model, row, gate }: Line, parameters: Parameters) => {
  const alias = aliasOf(model, [])
  const column = (field: { readonly column: string }): string => `${alias}.${quoted(field.column)}`
  const against = { schema, model, column, parameters, taken: [alias], existence: 'exists' as const }
  return { alias, id: column(fieldOf(model, 'id')), where: [...whereItems(row, against), ...whereItems(gate, against)] }
}
