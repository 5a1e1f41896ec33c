/** Queries over the visible rows: interpreted once, into a function that reads. */
import type { RelationDescriptor, Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import { comparatorOf } from '../protocol/field-order.js'
import { type Comparator, descending, inOrder, nullsLast } from '../protocol/order.js'
import { type CompiledWhere, compileWhere } from '../protocol/predicate.js'
import { thenById } from './indexes.js'
import type { AnyRow } from './row.js'
import type { Store } from './store.js'
import type { Table } from './table.js'

/** A query without its types: what `QueryOptions` is at run time. */
export interface QuerySpec {
  readonly where?: Readonly<Record<string, unknown>>
  readonly orderBy?: Readonly<Record<string, unknown>>
  readonly limit?: number
  readonly offset?: number
  readonly include?: Readonly<Record<string, unknown>>
}

/** A query that is ready to be read, any number of times. */
export interface CompiledQuery {
  /** Models whose rows decide what it returns. */
  readonly models: ReadonlySet<string>
  /** Rows that match, in order, within limit and offset; relations are not read. */
  rows(): readonly AnyRow[]
  readonly includes: readonly CompiledInclude[]
}

export interface CompiledInclude {
  readonly name: string
  readonly isMany: boolean
  /** Rows that the relation leads to, of which `query` selects and orders. */
  readonly related: (row: AnyRow) => readonly AnyRow[]
  readonly select: (rows: readonly AnyRow[]) => readonly AnyRow[]
  readonly includes: readonly CompiledInclude[]
}

/** @throws SyncError `invalid-value` for a name or value that the schema does not know. */
export const compileQuery = (store: Store, table: Table, spec: QuerySpec): CompiledQuery => {
  const where = compileFor(store, table, spec)
  const select = compileSelect(table, spec, where)
  const models = new Set(where.models)
  const includes = compileIncludes(store, table, spec.include, models)
  return { models, includes, rows: () => select(candidates(table, where)) }
}

/** How many rows match. */
export const compileCount = (store: Store, table: Table, spec: Pick<QuerySpec, 'where'>): (() => number) => {
  const where = compileFor(store, table, spec)
  return () => candidates(table, where).reduce((count, row) => count + Number(where.holds(row)), 0)
}

const compileFor = (store: Store, table: Table, { where = {} }: Pick<QuerySpec, 'where'>): CompiledWhere =>
  compileWhere(table.shape.model, where, store.world)

/** Rows among which all that match are: by key or by index where the query fixes a field, else all. */
const candidates = (table: Table, { equalities }: CompiledWhere): readonly AnyRow[] => {
  const id = equalities.get('id')
  if (typeof id === 'string') return present(table.get(id))
  const fixed = [...equalities].find(([field]) => table.shape.field(field)?.type !== 'json')
  return fixed === undefined ? table.all() : table.byField(fixed[0]).get(fixed[1])
}

const compileSelect = (table: Table, spec: QuerySpec, where: Pick<CompiledWhere, 'holds'>): CompiledInclude['select'] => {
  const compare = compileOrder(table, spec.orderBy ?? {})
  const offset = countOf('offset', spec.offset) ?? 0
  const limit = countOf('limit', spec.limit) ?? Number.POSITIVE_INFINITY
  return (rows) => {
    const matching = rows.filter((row) => where.holds(row)).sort(compare)
    return offset === 0 && matching.length <= limit ? matching : matching.slice(offset, offset + limit)
  }
}

const compileOrder = (table: Table, orderBy: Readonly<Record<string, unknown>>): Comparator<AnyRow> =>
  thenById(inOrder(...Object.entries(orderBy).map(([name, direction]) => compileDirection(table, name, direction))))

const compileDirection = (table: Table, name: string, direction: unknown): Comparator<AnyRow> => {
  const field = table.shape.field(name)
  if (field === undefined) throw new SyncError('invalid-value', `${table.name} has no field ${name} to order by`, { field: name })
  if (direction !== 'asc' && direction !== 'desc') {
    throw new SyncError('invalid-value', `the order of ${name} is 'asc' or 'desc'`, { field: name })
  }
  const compare = nullsLast(comparatorOf(field))
  const byField: Comparator<AnyRow> = (left, right) => compare(left[name] ?? null, right[name] ?? null)
  return direction === 'asc' ? byField : descending(byField)
}

const compileIncludes = (
  store: Store,
  table: Table,
  include: Readonly<Record<string, unknown>> | undefined,
  models: Set<string>,
): readonly CompiledInclude[] =>
  Object.entries(include ?? {})
    .filter(([, wanted]) => wanted !== undefined)
    .map(([name, wanted]) => compileInclude(store, table, name, wanted === true ? {} : (wanted as QuerySpec), models))

const compileInclude = (store: Store, table: Table, name: string, spec: QuerySpec, models: Set<string>): CompiledInclude => {
  const relations = table.shape.model.relations
  const relation = Object.hasOwn(relations, name) ? relations[name] : undefined
  if (relation === undefined) {
    throw new SyncError('invalid-value', `${table.name} has no relation ${name} to include`, { field: name })
  }
  const target = store.table(relation.model)
  models.add(relation.model)
  if (relation.kind === 'through') models.add(relation.join)
  const where = compileFor(store, target, spec)
  for (const model of where.models) models.add(model)
  return {
    name,
    isMany: relation.kind !== 'one',
    related: relatedRows(store, target, relation),
    select: compileSelect(target, spec, where),
    includes: compileIncludes(store, target, spec.include, models),
  }
}

/** Rows that a relation leads to; what is outside of this client's scopes is not there. */
const relatedRows = (store: Store, target: Table, relation: RelationDescriptor): ((row: AnyRow) => readonly AnyRow[]) => {
  switch (relation.kind) {
    case 'one':
      return (row) => byId(target, row[relation.field])
    case 'many':
      return (row) => target.byField(relation.field).get(row.id)
    case 'through': {
      const join = store.table(relation.join)
      return (row) => join.byField(relation.near).get(row.id).flatMap((link) => byId(target, link[relation.far]))
    }
  }
}

const byId = (table: Table, id: unknown): readonly AnyRow[] =>
  typeof id === 'string' ? present(table.get(id satisfies Uuid)) : []

const present = (row: AnyRow | undefined): readonly AnyRow[] => (row === undefined ? [] : [row])

const countOf = (name: string, value: number | undefined): number | undefined => {
  if (value === undefined || (Number.isInteger(value) && value >= 0)) return value
  throw new SyncError('invalid-value', `${name} is a whole number, zero or more`, { field: name })
}
