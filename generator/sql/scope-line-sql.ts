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
  readonly digests: Statement
  readonly keys: Statement
  readonly page: Statement
}

/** Exact `since`, digests, keys, and pages of rows of one (model, where) pair. */
export const scopeLineSql = (schema: Schema, scope: Scope, scopeLine: ScopeLine): ScopeLineSql => {
  const line = lineOf(schema, scopeLine)
  return {
    reads: modelsRead(line),
    since: sinceSql(schema, scope, line),
    digests: digestsSql(schema, scope, line),
    keys: keysSql(schema, scope, line),
    page: pageSql(schema, scope, line),
  }
}

/** The sum of 64-bit numbers is exact: modulo 2^64 it is what runtime/protocol/digest.ts adds up. */
const digestsSql = (schema: Schema, scope: Scope, line: Line): Statement => {
  const parameters = new Parameters(schema, scope, 0)
  const { alias, id, where } = membership(schema, line, parameters)
  const filter = where.length === 0 ? '' : `\nwhere ${indented(joined(where, 'and'))}`
  const text = `select ${partOf(id)} as part, count(*)::integer as rows, sum(uuid_hash_extended(${id}, ${alias}."version")) as digest
from ${quoted(line.model.table)} ${alias}${filter}
group by part`
  return { text, values: parameters.values }
}

const keysSql = (schema: Schema, scope: Scope, line: Line): Statement => {
  const parameters = new Parameters(schema, scope, 1)
  const { alias, id, where } = membership(schema, line, parameters)
  const filter = indented(joined([`($1::integer[] is null or ${partOf(id)} = any ($1::integer[]))`, ...where], 'and'))
  const text = `select ${id}, ${alias}."version"
from ${quoted(line.model.table)} ${alias}
where ${filter}
order by ${id}`
  return { text, values: parameters.values }
}

/** As runtime/protocol/digest.ts cuts a line into parts. */
const partOf = (id: string): string => `(uuid_hash_extended(${id}, 0) & 4095)::integer`

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
