/** A predicate of the schema as an app would write it in a query, with parameters and claims filled in. */
import { fromWire, type Wire } from 'syncgen/protocol'
import type { Operand, Predicate } from '../../../generator/model.js'
import type { SimSchema } from './sim-schema.js'
import type { WireRecord } from './tables.js'

export type ClientWhere = Readonly<Record<string, unknown>>

/** Values by name. */
export interface Given {
  readonly params: WireRecord
  readonly claims: WireRecord
}

/** Null: it reads what clients do not have (a `serverOnly` field, or a relation that has no name on this side). */
export const clientWhere = (schema: Pick<SimSchema, 'descriptor'>, model: string, predicate: Predicate, given: Given): ClientWhere | null => {
  const inner = (of: string, each: Predicate): ClientWhere | null => clientWhere(schema, of, each, given)
  switch (predicate.kind) {
    case 'always':
      return {}
    case 'never':
      return { any: [] }
    case 'all':
    case 'any': {
      const parts = predicate.of.map((each) => inner(model, each))
      return parts.includes(null) ? null : { [predicate.kind]: parts }
    }
    case 'not': {
      const { of } = predicate
      if (of.kind !== 'some') return null
      const relation = relationOf(schema, model, of)
      const isEvery = of.where.kind === 'not' && of.where.of.kind !== 'some'
      const where = inner(of.model, isEvery && of.where.kind === 'not' ? of.where.of : of.where)
      return relation === undefined || where === null ? null : { [relation]: { [isEvery ? 'every' : 'none']: where } }
    }
    case 'one':
    case 'some': {
      const relation = relationOf(schema, model, predicate)
      const where = inner(predicate.model, predicate.where)
      return relation === undefined || where === null ? null : { [relation]: where }
    }
    case 'in': {
      const values = predicate.values.map((value) => appValue(schema, model, predicate.field, value, given))
      return values.includes(undefined) ? null : { [predicate.field]: { [predicate.negated ? 'notIn' : 'in']: values } }
    }
    case 'compare': {
      const { field, op } = predicate
      const value = op === 'contains' ? wireOf(predicate.value, given) : appValue(schema, model, field, predicate.value, given)
      if (value === undefined || schema.descriptor.models[model]?.fields[field] === undefined) return null
      return { [field]: op === 'eq' ? value : { [op === 'ne' ? 'not' : op]: value } }
    }
  }
}

/** The name under which rows of a model lead there. */
const relationOf = ({ descriptor }: Pick<SimSchema, 'descriptor'>, model: string, to: Extract<Predicate, { kind: 'one' | 'some' }>): string | undefined => {
  const kind = to.kind === 'one' ? 'one' : 'many'
  return Object.entries(descriptor.models[model]?.relations ?? {}).find(([, each]) => each.kind === kind && each.model === to.model && each.field === to.field)?.[0]
}

const wireOf = (operand: Operand, { params, claims }: Given): Wire =>
  operand.kind === 'literal' ? (operand.value as Wire) : ((operand.kind === 'claim' ? claims : params)[operand.name] ?? null)

/** Undefined: clients do not have the field. */
const appValue = ({ descriptor }: Pick<SimSchema, 'descriptor'>, model: string, name: string, operand: Operand, given: Given): unknown => {
  const field = descriptor.models[model]?.fields[name]
  return field === undefined ? undefined : fromWire(field, wireOf(operand, given))
}
