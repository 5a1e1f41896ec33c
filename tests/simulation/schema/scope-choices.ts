/** Parameters that a scope could sensibly be opened with: values of the columns that they are compared with. */
import { fromWire, type Wire } from 'syncgen/protocol'
import { type Claim, type CompareOp, type FieldType, type Operand, type Predicate, type Schema, fieldOf, modelOf } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import type { SimSchema } from './sim-schema.js'
import type { Tables, WireRecord } from './tables.js'
import { randomValue } from './random-value.js'

/** Wire values for every parameter of a scope. One in ten is a value that stands nowhere. */
export const drawParams = (dice: Dice, ir: Schema, scope: string, tables: Tables): WireRecord => {
  const { params, lines } = scopeOf(ir, scope)
  return drawAll(dice, ir, params, lines.flatMap(({ model, where }) => usesOf(ir, 'param', model, where)), tables)
}

/** Wire values for every claim, in the same way. */
export const drawClaims = (dice: Dice, ir: Schema, tables: Tables): WireRecord => {
  const rules = ir.models.flatMap(({ name, access }) => Object.values(access).flatMap((rule: Predicate) => usesOf(ir, 'claim', name, rule)))
  const lines = ir.scopes.flatMap((scope) => scope.lines).flatMap(({ model, where }) => usesOf(ir, 'claim', model, where))
  return drawAll(dice, ir, ir.claims, [...rules, ...lines], tables)
}

const drawAll = (dice: Dice, ir: Schema, variables: readonly Claim[], uses: readonly Use[], tables: Tables): WireRecord =>
  Object.fromEntries(
    variables.map(({ name, type, nullable }) => {
      if (nullable && dice.chance(0.1)) return [name, null]
      const own = uses.filter((use) => use.variable === name)
      const found = dice.chance(0.9) ? candidates(tables, own) : []
      const value = found.length === 0 ? randomValue(dice, ir, type) : dice.pick(found)
      return [name, partFor(dice, type, own[0]?.op ?? 'eq', value)]
    }),
  )

/** The same as an app gives them to `openScope`. */
export const givenParams = ({ descriptor }: SimSchema, scope: string, params: WireRecord): Readonly<Record<string, unknown>> => {
  const fields = descriptor.scopes[scope]?.params ?? {}
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fromWire(field, params[name] ?? null)]))
}

/** Every value of a scope's only parameter that stands in some row; for a scope without parameters, one choice. */
export const allParams = (ir: Schema, scope: string, tables: Tables): readonly WireRecord[] => {
  const { params, lines } = scopeOf(ir, scope)
  const [param] = params
  if (param === undefined) return [{}]
  if (params.length > 1) return []
  const uses = lines.flatMap(({ model, where }) => usesOf(ir, 'param', model, where))
  return candidates(tables, uses).map((value) => ({ [param.name]: value }))
}

interface Use {
  /** Name of the claim or parameter. */
  readonly variable: string
  readonly model: string
  readonly field: string
  readonly type: FieldType
  readonly op: CompareOp
}

const scopeOf = (ir: Schema, name: string): Schema['scopes'][number] => {
  const scope = ir.scopes.find((each) => each.name === name)
  if (scope === undefined) throw new Error(`no scope ${name}`)
  return scope
}

const usesOf = (ir: Schema, kind: 'param' | 'claim', model: string, predicate: Predicate): readonly Use[] => {
  const use = (name: string, op: CompareOp, operand: Operand): readonly Use[] => {
    const { type } = fieldOf(modelOf(ir, model), name)
    return operand.kind === kind ? [{ variable: operand.name, model, field: name, type, op }] : []
  }
  switch (predicate.kind) {
    case 'always':
    case 'never':
      return []
    case 'all':
    case 'any':
      return predicate.of.flatMap((each) => usesOf(ir, kind, model, each))
    case 'not':
      return usesOf(ir, kind, model, predicate.of)
    case 'compare':
      return use(predicate.field, predicate.op, predicate.value)
    case 'in':
      return predicate.values.flatMap((each) => use(predicate.field, 'eq', each))
    case 'one':
    case 'some':
      return usesOf(ir, kind, predicate.model, predicate.where)
  }
}

const candidates = (tables: Tables, uses: readonly Use[]): readonly Wire[] => {
  const values = uses.flatMap(({ model, field, type }) =>
    [...(tables.get(model)?.values() ?? [])].flatMap((row): readonly Wire[] => {
      const value = row.values[field] ?? null
      return type.kind === 'list' ? (value as readonly Wire[] | null) ?? [] : [value]
    }),
  )
  return [...new Set(values.filter((value) => value !== null))]
}

/** A prefix or a part of a text, where that is asked for. */
const partFor = (dice: Dice, type: FieldType, op: CompareOp, value: Wire): Wire => {
  if (typeof value !== 'string' || (type.kind !== 'string' && type.kind !== 'text')) return value
  const points = [...value]
  if (op === 'startsWith') return points.slice(0, dice.below(4)).join('')
  return op === 'contains' ? points.slice(dice.below(points.length + 1)).slice(0, 1 + dice.below(3)).join('') : value
}
