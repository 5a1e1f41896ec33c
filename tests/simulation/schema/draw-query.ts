/** Queries as apps make them: filters, orders, pages and rows that relations lead to; and what each finds, by brute force. */
import type { CompareOp, Field, JsonValue, Model, Predicate, Schema } from '../../../generator/model.js'
import type { Wire } from '../../../runtime/protocol/values.js'
import type { Dice } from '../../postgres/random.js'
import { type ClientWhere, clientWhere } from './client-where.js'
import { matching } from './expected-rows.js'
import { randomElement, randomValue } from './random-value.js'
import type { SimSchema } from './sim-schema.js'
import type { StoredRow, Tables } from './tables.js'

export interface DrawnQuery {
  readonly model: Model
  readonly where: Predicate
  readonly orderBy: Readonly<Record<string, 'asc' | 'desc'>>
  readonly limit: number | undefined
  readonly offset: number
  /** Relations to read, in the order of what `orderBy` of each says. */
  readonly include: readonly { readonly name: string; readonly orderBy: DrawnQuery['orderBy']; readonly limit: number | undefined }[]
}

export const drawQuery = (dice: Dice, { ir, descriptor }: SimSchema, model: Model): DrawnQuery => ({
  model,
  where: drawWhere(dice, ir, model),
  orderBy: drawOrder(dice, model),
  limit: dice.chance(0.5) ? 1 + dice.below(6) : undefined,
  offset: dice.chance(0.3) ? dice.below(3) : 0,
  include: dice.some(Object.entries(descriptor.models[model.name]?.relations ?? {}), 0.4).map(([name, relation]) => {
    const isMany = relation.kind !== 'one'
    const target = ir.models.find((each) => each.name === relation.model)
    return { name, orderBy: isMany && target !== undefined ? drawOrder(dice, target) : {}, limit: isMany && dice.chance(0.3) ? 2 : undefined }
  }),
})

/** As a cache takes it. Null: clients cannot ask so. */
export const queryOptions = (schema: SimSchema, { model, where, orderBy, limit, offset, include }: DrawnQuery): Readonly<Record<string, unknown>> | null => {
  const condition: ClientWhere | null = clientWhere(schema, model.name, where, nothing)
  if (condition === null) return null
  const included = include.map(({ name, ...rest }) => [name, Object.keys(rest.orderBy).length === 0 ? true : { orderBy: rest.orderBy, ...(rest.limit === undefined ? {} : { limit: rest.limit }) }] as const)
  return { where: condition, orderBy, offset, ...(limit === undefined ? {} : { limit }), include: Object.fromEntries(included) }
}

/** Ids that it finds in these tables, in order, each with those of the rows that its relations lead to. */
export const foundBy = ({ ir, descriptor }: SimSchema, tables: Tables, { model, where, orderBy, limit, offset, include }: DrawnQuery): readonly Found[] => {
  const ids = new Set(matching(ir, tables, model.name, where, nothing))
  const rows = ordered(model, rowsOf(tables, model.name).filter(({ id }) => ids.has(id)), orderBy).slice(offset, offset + (limit ?? ids.size))
  return rows.map((row) => ({
    id: row.id,
    included: include.map((each) => {
      const relation = descriptor.models[model.name]?.relations[each.name]
      const target = ir.models.find(({ name }) => name === relation?.model)
      if (relation === undefined || target === undefined) return []
      const all = rowsOf(tables, relation.model)
      switch (relation.kind) {
        case 'one':
          return all.filter(({ id }) => id === row.values[relation.field]).map(({ id }) => id)
        case 'many':
          return page(target, all.filter(({ values }) => values[relation.field] === row.id), each)
        case 'through': {
          const links = rowsOf(tables, relation.join).filter(({ values }) => values[relation.near] === row.id)
          return page(target, links.flatMap(({ values }) => all.filter(({ id }) => id === values[relation.far])), each)
        }
      }
    }),
  }))
}

export interface Found {
  readonly id: string
  readonly included: readonly (readonly string[])[]
}

const nothing = { params: {}, claims: {} }

const rowsOf = (tables: Tables, model: string): readonly StoredRow[] => [...(tables.get(model)?.values() ?? [])]

const page = (model: Model, rows: readonly StoredRow[], { orderBy, limit }: DrawnQuery['include'][number]): readonly string[] =>
  ordered(model, rows, orderBy).slice(0, limit ?? rows.length).map(({ id }) => id)

const drawWhere = (dice: Dice, ir: Schema, model: Model): Predicate => {
  const parts = Array.from({ length: dice.below(3) }, (): Predicate => {
    const field = dice.pick(model.fields.filter(({ serverOnly, reference }) => !serverOnly && reference === null))
    const op = dice.pick(operatorsOf(field))
    return { kind: 'compare', field: field.name, op, value: { kind: 'literal', value: drawOperand(dice, ir, field, op) as JsonValue } }
  })
  const reference = model.fields.find((field) => field.reference !== null)
  const to = dice.chance(0.3) ? ir.models.find(({ name }) => name === reference?.reference?.model) : undefined
  const far: readonly Predicate[] = to === undefined || reference?.reference == null ? [] : [{ kind: 'one', relation: reference.reference.relation, model: to.name, field: reference.name, where: drawWhere(dice, ir, { ...to, fields: to.fields.filter((field) => field.reference === null) }) }]
  return { kind: dice.chance(0.5) ? 'all' : 'any', of: parts.length + far.length === 0 ? [{ kind: 'always' }] : [...parts, ...far] }
}

/** Documents, bytes and lists as a whole are asked for null alone. */
const drawOperand = (dice: Dice, ir: Schema, { type, nullable }: Field, op: CompareOp): Wire => {
  if (type.kind === 'list' && op === 'contains') return randomElement(dice, ir, type.of)
  const isNull = ['json', 'bytes', 'list'].includes(type.kind) || (nullable && dice.chance(0.3))
  return isNull ? null : randomValue(dice, ir, type)
}

const operatorsOf = ({ type }: Field): readonly CompareOp[] => {
  switch (type.kind) {
    case 'string':
    case 'text':
      return ['ne', 'lt', 'gte', 'startsWith', 'contains']
    case 'int':
    case 'bigint':
    case 'float':
    case 'decimal':
    case 'timestamp':
    case 'date':
      return ['ne', 'lt', 'lte', 'gt', 'gte']
    case 'list':
      return ['eq', 'ne', 'contains']
    default:
      return ['eq', 'ne']
  }
}

const drawOrder = (dice: Dice, model: Model): DrawnQuery['orderBy'] => {
  const fields = model.fields.filter(({ serverOnly, type }) => !serverOnly && !['json', 'bytes', 'list'].includes(type.kind))
  return Object.fromEntries(Array.from({ length: 1 + dice.below(2) }, () => [dice.pick(fields).name, dice.chance(0.5) ? 'asc' : 'desc'] as const))
}

/** Nulls are last ascending, first descending; ties go by id. */
const ordered = ({ fields }: Model, rows: readonly StoredRow[], orderBy: DrawnQuery['orderBy']): readonly StoredRow[] => {
  const ways = Object.entries(orderBy).flatMap(([name, direction]) => {
    const field = fields.find((each) => each.name === name)
    return field === undefined ? [] : [{ name, kind: field.type.kind, sign: direction === 'asc' ? 1 : -1 }]
  })
  return rows.toSorted((left, right) => {
    for (const { name, kind, sign } of ways) {
      const order = compared(kind, left.values[name] ?? null, right.values[name] ?? null) * sign
      if (order !== 0) return order
    }
    return left.id < right.id ? -1 : left.id > right.id ? 1 : 0
  })
}

const compared = (kind: Field['type']['kind'], left: unknown, right: unknown): number => {
  if (left === null || right === null) return Number(left === null) - Number(right === null)
  switch (kind) {
    case 'int':
    case 'float':
    case 'boolean':
      return Number(left) - Number(right)
    case 'bigint':
    case 'decimal':
      return Number(scaled(left) - scaled(right))
    default:
      return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
  }
}

/** A decimal in units of its thirtieth place. */
const scaled = (value: unknown): bigint => {
  const [whole = '', fraction = ''] = String(value).split('.')
  return BigInt(whole + fraction.padEnd(30, '0'))
}
