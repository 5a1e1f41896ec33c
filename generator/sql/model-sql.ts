import { fieldOf, type Model, type Predicate, type Schema } from '../model.js'
import { conditionOf } from './condition.js'
import { aliasOf, type Provided, whereItems } from './condition-sql.js'
import { circleOf } from './create-circles.js'
import { Parameters, type Statement } from './parameters.js'
import { filled, indented, joined, quoted } from './text.js'

/** The statements of one model, as runtime/server/descriptor.ts describes them. */
export interface ModelSql {
  readonly rows: string
  readonly lock: string
  readonly delete: string
  readonly access: {
    readonly read: Statement | null
    readonly create: Statement | null
    readonly update: Statement | null
    readonly delete: Statement | null
  }
}

/** Reads, locks, deletes by key and judges by the access rules. */
export const modelSql = (schema: Schema, model: Model): ModelSql => {
  const table = quoted(model.table)
  const id = quoted(fieldOf(model, 'id').column)
  return {
    rows: `select ${filled(rowColumns(model), 2)}\nfrom ${table}\nwhere ${id} = any ($1::uuid[])`,
    lock: `select ${filled(allColumns(model), 2)}\nfrom ${table}\nwhere ${id} = any ($1::uuid[])\norder by ${id}\nfor update`,
    delete: `delete from ${table}\nwhere ${id} = any ($1::uuid[])`,
    access: {
      read: accessSql(schema, model, model.access.read),
      create: accessSql(schema, model, model.access.create, notAmong(circleOf(schema, model))),
      update: accessSql(schema, model, model.access.update),
      delete: accessSql(schema, model, model.access.delete),
    },
  }
}

/** `id, version, …` and the columns that travel, in wire order, each behind `prefix`. */
export const rowColumns = (model: Model, prefix = ''): readonly string[] => columns(model, prefix, false)

const allColumns = (model: Model): readonly string[] => columns(model, '', true)

const columns = (model: Model, prefix: string, serverOnly: boolean): readonly string[] => {
  const [id, ...rest] = model.fields.filter((field) => serverOnly || !field.serverOnly).map((field) => field.column)
  return [id ?? 'id', 'version', ...rest].map((column) => `${prefix}${quoted(column)}`)
}

/** The right to a new row comes from rows other than those that are being judged with it. */
const notAmong = (circle: ReadonlySet<string>): Provided => (model, alias) =>
  circle.has(model.name) ? [`${alias}.${quoted(fieldOf(model, 'id').column)} <> all ($1::uuid[])`] : []

const accessSql = (schema: Schema, model: Model, rule: Predicate, provided?: Provided): Statement | null => {
  const condition = conditionOf(rule)
  if (condition.kind === 'never') return null
  const parameters = new Parameters(schema, null, 1)
  const alias = aliasOf(model, [])
  const id = `${alias}.${quoted(fieldOf(model, 'id').column)}`
  const against = {
    schema,
    model,
    column: (field: { readonly column: string }) => `${alias}.${quoted(field.column)}`,
    parameters,
    taken: [alias],
    existence: 'exists' as const,
    provided,
  }
  const where = indented(joined([`${id} = any ($1::uuid[])`, ...whereItems(condition, against)], 'and'))
  return { text: `select ${id}\nfrom ${quoted(model.table)} ${alias}\nwhere ${where}`, values: parameters.values }
}

