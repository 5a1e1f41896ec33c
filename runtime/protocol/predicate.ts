/**
 * The client's side of a predicate: a `where` of the schema language, interpreted once into a closure over rows of the cache.
 * The generator compiles the same language to SQL; generated tests hold the two equal (tests/predicates).
 */
import type { BaseRow, ModelDescriptor, RelationDescriptor, Uuid } from './descriptor.js'
import { type Test, allOf, anyOf, compileCondition, fixedValue, isOperators, misuse, not } from './field-condition.js'

/**
 * `{ state: { not: 'done' }, project: { ownerId: me }, any: [{ … }, { … }] }`: conditions on fields, on rows that a relation
 * leads to (to-many: on some of them; `{ none: { … } }` and `{ every: { … } }` say otherwise), and alternatives. All of them
 * hold.
 */
export type Where = Readonly<Record<string, unknown>>

/** The rows that relations lead to. Reads at the moment of the test. */
export interface World {
  /** By model name. */
  readonly models: Readonly<Record<string, ModelDescriptor>>
  readonly one: (model: string, id: Uuid) => BaseRow | undefined
  /** Rows of `model` whose `field` is this id. */
  readonly many: (model: string, field: string, id: Uuid) => Iterable<BaseRow>
}

export interface CompiledWhere {
  readonly holds: (row: BaseRow) => boolean
  /** Models whose rows decide: a change of any other cannot change an answer. Its own included. */
  readonly models: ReadonlySet<string>
  /** Fields that every row that satisfies it has at one value (as rows hold it): an index on them finds all candidates. */
  readonly equalities: ReadonlyMap<string, unknown>
}

/**
 * Names are looked up among own keys only, so a hostile `where` meets nothing of Object.prototype.
 * @throws SyncError `invalid-value` for a name, operator or operand that the model does not know.
 */
export const compileWhere = (model: ModelDescriptor, where: Where, world: World): CompiledWhere => {
  const models = new Set([model.name])
  const holds = compile(model, where, { world, models })
  return { holds, models, equalities: new Map(equalitiesOf(model, where)) }
}

/** What the compilation reads, and the models it meets on its way. */
interface Compilation {
  readonly world: World
  readonly models: Set<string>
}

const compile = (model: ModelDescriptor, where: unknown, compilation: Compilation): Test<BaseRow> => {
  if (!isOperators(where)) throw misuse(`a where on ${model.name} is an object of conditions`)
  return allOf(Object.entries(where).map(([name, condition]) => compileEntry(model, name, condition, compilation)))
}

const compileEntry = (model: ModelDescriptor, name: string, condition: unknown, compilation: Compilation): Test<BaseRow> => {
  if (name === 'any') return anyOf(alternatives(model, name, condition).map((each) => compile(model, each, compilation)))
  if (name === 'all') return allOf(alternatives(model, name, condition).map((each) => compile(model, each, compilation)))
  const field = own(model.fields, name)
  if (field !== undefined) {
    const test = compileCondition(field, `${model.name}.${name}`, condition)
    return (row) => test(valueOf(row, name))
  }
  const relation = own(model.relations, name)
  if (relation !== undefined) return compileRelation(relation, `${model.name}.${name}`, condition, compilation)
  const names = Object.keys({ ...model.fields, ...model.relations }).join(', ')
  throw misuse(`${model.name} has no field or relation "${name}": it has ${names}`)
}

const compileRelation = (
  relation: RelationDescriptor,
  name: string,
  condition: unknown,
  compilation: Compilation,
): Test<BaseRow> => {
  const target = own(compilation.world.models, relation.model)
  if (target === undefined) throw misuse(`${name} leads to ${relation.model}, of which this client has no descriptor`)
  compilation.models.add(relation.model)
  const quantified = (quantifier: string, where: unknown): Test<BaseRow> => {
    const matches = compile(target, where, compilation)
    switch (quantifier) {
      case 'none':
        return not(some(relation, matches, compilation))
      case 'every':
        return not(some(relation, not(matches), compilation))
      default:
        throw misuse(`${name}: none and every stand alone, without "${quantifier}"; join conditions by all: [{ … }, { … }]`)
    }
  }
  return relation.kind !== 'one' && isQuantified(condition)
    ? allOf(Object.entries(condition).map(([quantifier, where]) => quantified(quantifier, where)))
    : some(relation, compile(target, condition, compilation), compilation)
}

/** Some row that the relation leads to matches. A row that is not in the cache is not there. */
const some = (relation: RelationDescriptor, matches: Test<BaseRow>, compilation: Compilation): Test<BaseRow> => {
  const has = (id: unknown): boolean => {
    const row = typeof id === 'string' ? compilation.world.one(relation.model, id) : undefined
    return row !== undefined && matches(row)
  }
  switch (relation.kind) {
    case 'one':
      return (row) => has(valueOf(row, relation.field))
    case 'many':
      return (row) => contains(compilation.world.many(relation.model, relation.field, row.id), matches)
    case 'through':
      compilation.models.add(relation.join)
      return (row) =>
        contains(compilation.world.many(relation.join, relation.near, row.id), (link) => has(valueOf(link, relation.far)))
  }
}

const isQuantified = (condition: unknown): condition is Where =>
  isOperators(condition) && (Object.hasOwn(condition, 'none') || Object.hasOwn(condition, 'every'))

const equalitiesOf = (model: ModelDescriptor, where: Where): readonly (readonly [string, unknown])[] =>
  Object.entries(where).flatMap(([name, condition]) => {
    if (name === 'all') {
      return alternatives(model, name, condition).flatMap((each) => (isOperators(each) ? equalitiesOf(model, each) : []))
    }
    const field = name === 'any' ? undefined : own(model.fields, name)
    const value = field === undefined ? undefined : fixedValue(field, name, condition)
    return value === undefined ? [] : [[name, value] as const]
  })

const alternatives = (model: ModelDescriptor, name: string, condition: unknown): readonly unknown[] => {
  if (!Array.isArray(condition)) throw misuse(`${name} on ${model.name} takes a list of wheres`)
  return condition
}

const contains = (rows: Iterable<BaseRow>, matches: Test<BaseRow>): boolean => {
  for (const row of rows) if (matches(row)) return true
  return false
}

/** The cast is the boundary: a row has the fields of its descriptor, whose names were checked. */
const valueOf = (row: BaseRow, field: string): unknown => (row as BaseRow & Readonly<Record<string, unknown>>)[field]

const own = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined
