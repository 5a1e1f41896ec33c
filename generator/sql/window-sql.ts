import { type Field, fieldOf, type FieldType, type Model, type Operand } from '../model.js'
import type { Compare, Leaf } from './condition.js'
import type { Parameters } from './parameters.js'
import { indented, literal } from './text.js'

/**
 * The rows of a model that changed since $1, with their image then, as an item of a from clause (`key`, `before`).
 * `columns`: only births, deaths and changes of these; null: every change. Equalities among `locals` go along, so that rows which changed
 * elsewhere are dropped in the log and not looked up.
 */
export const windowSql = (model: Model, columns: readonly Field[] | null, locals: readonly Leaf[], parameters: Parameters): string => {
  const equalities = locals.filter((leaf): leaf is Compare => leaf.kind === 'compare' && leaf.op === 'eq')
  const entries = equalities
    .map((leaf) => ({ field: fieldOf(model, leaf.field), value: leaf.value }))
    .filter(({ field, value }) => field.name !== 'id' && isComparedAsJson(field.type) && sameType(field.type, value, parameters))
    .map(({ field, value }) => `${literal(field.columnId)}, ${parameters.sql(value, field.type)}`)
  const args = [
    '$1::pg_snapshot',
    literal(model.name),
    ...(columns === null ? [] : [columns.length === 0 ? `'{}'` : `array[${columns.map((field) => literal(field.columnId)).join(', ')}]`]),
    ...(entries.length === 0 ? [] : [`match => jsonb_build_object(${entries.join(', ')})`]),
  ]
  const line = `syncgen.first_images(${args.join(', ')})`
  const call = line.length <= 100 ? line : `syncgen.first_images(\n  ${args.join(',\n  ')}\n)`
  const pin = equalities.find((leaf) => leaf.field === 'id')
  return pin === undefined ? call : `(select * from ${indented(call)} where key = ${parameters.sql(pin.value, fieldOf(model, 'id').type)})`
}

/** Types of which two values are equal just when their jsonb forms are; not so time stamps, which carry a zone. */
const isComparedAsJson = ({ kind }: FieldType): boolean =>
  kind === 'uuid' || kind === 'string' || kind === 'text' || kind === 'enum' || kind === 'int' || kind === 'bigint' || kind === 'boolean' || kind === 'date'

const sameType = (type: FieldType, value: Operand, parameters: Parameters): boolean =>
  value.kind === 'literal' ? value.value !== null && type.kind !== 'date' : parameters.typeOf(value).kind === type.kind
