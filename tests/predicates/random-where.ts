/** Random wheres over a schema, each as the YAML of a schema file and as the TypeScript of a client query. */
import type { Field, FieldType, Model, Relation, Schema } from '../../generator/model.js'
import { modelOf } from '../../generator/model.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import type { Where } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire } from '../../runtime/protocol/wire-value.js'
import type { Dice } from '../postgres/random.js'
import { type Met, type Operator, onlyNull, operatorsOf } from './coverage.js'
import { elementOf, randomValue } from './values.js'
import { fieldDescriptorOf } from './world.js'

/** Both spellings of one thing: JSON, which YAML contains, and what an app writes. */
export interface Both<Yaml = Readonly<Record<string, unknown>>, Ts = Where> {
  /** Operands are constants, `$params.p0` or `$auth.c0`. */
  readonly yaml: Yaml
  /** The same, with constants in place of parameters and claims. */
  readonly where: Ts
}

/** A parameter of a scope or a claim of the identity, with its value. */
export interface Variable {
  readonly name: string
  readonly type: FieldType
  readonly nullable: boolean
  readonly wire: Wire
}

/** What a where may draw on, and what it leaves behind. */
export interface Sources {
  readonly dice: Dice
  readonly schema: Schema
  /** Values that rows have, so that some are found. */
  readonly known: (model: string, field: string) => readonly Wire[]
  /** Parameters that it may name and add to; none in an access rule. */
  readonly params: Variable[] | null
  readonly claims: Variable[]
  /** What `$can: read` stands for, where it may be said. */
  readonly ruleOf?: (model: string) => Both
  readonly met: Met[]
}

type Under = Met['under']

/** Any where on rows of the model. */
export const randomWhere = (sources: Sources, model: Model): Both => {
  const writer = new Writer(sources)
  const where = writer.where(model, 3, 'root')
  return sources.dice.chance(0.15) ? pinned(sources, writer, model, where) : where
}

/** Which condition is wanted; what is not said is random. */
export interface Direction {
  readonly field: Field
  readonly operator: Operator
  /** Null is what the field is compared with, or among it. */
  readonly withNull: boolean
  /** Where the operand comes from, as far as that can be: a claim that may be missing is not compared with a field that may be null. */
  readonly source?: Met['source']
}

/** One condition on rows of the model. */
export const directedWhere = (sources: Sources, model: Model, direction: Direction, under: Under): Both =>
  together([new Writer(sources).operator(model, direction, under)])

/** A reference that equals an operand, and something about the row that it leads to: what becomes a gate of a scope. */
const pinned = (sources: Sources, writer: Writer, model: Model, where: Both): Both => {
  const ones = model.relations.filter((relation) => relation.kind === 'one')
  if (ones.length === 0) return where
  const relation = sources.dice.pick(ones)
  const field = fieldNamed(model, relation.field)
  const [name, id] = writer.operator(model, { field, operator: 'equals', withNull: false }, 'root')
  const about = writer.where(modelOf(sources.schema, relation.model), 2, 'one')
  const parts = [together([[name, id]]), together([[relation.name, about]]), where]
  return together([['all', { yaml: parts.map(({ yaml }) => yaml), where: parts.map((part) => part.where) }]])
}

/** What stands beside an operator, in both spellings. */
type Operand = Both<unknown, unknown> & Pick<Met, 'withNull' | 'source'>

interface Drawn {
  readonly type: FieldType
  readonly known: FieldDescriptor
  readonly draw: () => Wire
  /** Whether null may stand there as it is. */
  readonly nullConstant: boolean
}

class Writer {
  readonly #sources: Sources
  readonly #dice: Dice

  constructor(sources: Sources) {
    this.#sources = sources
    this.#dice = sources.dice
  }

  where(model: Model, depth: number, under: Under): Both {
    const entries = Array.from({ length: this.#dice.below(8) === 0 ? 0 : 1 + this.#dice.below(2) }, () =>
      this.#entry(model, depth, under),
    )
    return together(entries)
  }

  /** The condition, and the name under which it stands. */
  operator(model: Model, direction: Direction, under: Under): readonly [string, Both<unknown, unknown>] {
    const { field, operator } = direction
    const operand = this.#met(model, direction, under)
    return [field.name, operator === 'equals' ? operand : together([[operator, operand]])]
  }

  /** The operand alone, noted. */
  #met(model: Model, direction: Direction, under: Under): Both<unknown, unknown> {
    const { field, operator } = direction
    const { yaml, where, ...met } = this.#operandOf(model, direction)
    const type = fieldDescriptorOf(this.#sources.schema, field)
    this.#sources.met.push({ model: model.name, field: field.name, type, operator, under, ...met })
    return { yaml, where }
  }

  #entry(model: Model, depth: number, under: Under): readonly [string, Both<unknown, unknown>] {
    const kind = depth === 0 ? 0 : this.#dice.below(10)
    if (kind >= 8) return [this.#dice.pick(['any', 'all']), this.#alternatives(model, depth - 1, under)]
    const relation = kind >= 5 && model.relations.length > 0 ? this.#dice.pick(model.relations) : undefined
    return relation === undefined ? this.#condition(model, under) : [relation.name, this.#related(relation, depth - 1)]
  }

  #alternatives(model: Model, depth: number, under: Under): Both<unknown, unknown> {
    const each = Array.from({ length: 1 + this.#dice.below(3) }, () => this.where(model, depth, under))
    return { yaml: each.map(({ yaml }) => yaml), where: each.map(({ where }) => where) }
  }

  #related(relation: Relation, depth: number): Both<unknown, unknown> {
    const target = modelOf(this.#sources.schema, relation.model)
    const { ruleOf } = this.#sources
    const inner = (under: Under): Both =>
      ruleOf !== undefined && this.#dice.chance(0.1)
        ? { yaml: { $can: 'read' }, where: ruleOf(target.name).where }
        : this.where(target, depth, under)
    if (relation.kind === 'one') return inner('one')
    switch (this.#dice.below(5)) {
      case 0:
        return together([['none', inner('none')]])
      case 1:
        return together([['every', inner('every')]])
      case 2:
        return together([
          ['every', inner('every')],
          ['none', inner('none')],
        ])
      default:
        return inner('some')
    }
  }

  #condition(model: Model, under: Under): readonly [string, Both<unknown, unknown>] {
    const field = this.#dice.pick(model.fields)
    const type = fieldDescriptorOf(this.#sources.schema, field)
    const possible = operatorsOf(type).filter((operator) => field.nullable || !onlyNull(type) || operator === 'contains')
    // Nothing can be said of a json or bytes field that is never null.
    if (possible.length === 0) return this.operator(model, { field: fieldNamed(model, 'id'), operator: 'not', withNull: false }, under)
    const first = this.#dice.pick(possible)
    const second = this.#dice.chance(0.3) ? this.#dice.pick(possible) : first
    const direction = (operator: Operator): Direction => ({ field, operator, withNull: field.nullable && this.#dice.chance(0.2) })
    if (first === second || first === 'equals' || second === 'equals') return this.operator(model, direction(first), under)
    const both = [first, second].map((operator) => [operator, this.#met(model, direction(operator), under)] as const)
    return [field.name, together(both)]
  }

  /** What stands beside the operator. */
  #operandOf(model: Model, direction: Direction): Operand {
    const { field, operator, withNull } = direction
    const type = fieldDescriptorOf(this.#sources.schema, field)
    const { nullable: _, ...known } = type
    const value = (isNull: boolean): Operand =>
      this.#operand({ type: field.type, known, draw: () => this.#likely(model, field), nullConstant: field.nullable }, isNull, direction)
    const other = (element: FieldType, descriptor: FieldDescriptor, draw: () => Wire): Operand =>
      this.#operand({ type: element, known: descriptor, draw, nullConstant: false }, withNull, direction)
    switch (operator) {
      case 'equals':
      case 'not':
        return onlyNull(type) ? { yaml: null, where: null, withNull: true, source: 'constant' } : value(withNull)
      case 'in':
      case 'notIn': {
        const each = Array.from({ length: 1 + this.#dice.below(4) }, (_each, at) => value(withNull && at === 0))
        return {
          yaml: each.map(({ yaml }) => yaml),
          where: each.map(({ where }) => where),
          withNull: each.some((one) => one.withNull),
          source: each.find(({ source }) => source !== 'constant')?.source ?? 'constant',
        }
      }
      case 'contains':
        if (field.type.kind === 'list') return other(elementTypeOf(field.type), elementOf(type), () => this.#element(model, field))
        return other({ kind: 'text' }, { type: 'text' }, () => this.#part(model, field))
      case 'startsWith':
        return other({ kind: 'text' }, { type: 'text' }, () => this.#part(model, field))
      default:
        return this.#operand({ type: field.type, known, draw: () => this.#likely(model, field), nullConstant: false }, withNull, direction)
    }
  }

  /** A constant, a parameter or a claim. Null is a constant where it may be asked for; elsewhere only a variable can be null. */
  #operand({ type, known, draw, nullConstant }: Drawn, withNull: boolean, { source }: Direction): Operand {
    const { params, claims } = this.#sources
    const wire = withNull ? null : draw()
    const asConstant: Operand = { yaml: constant(wire), where: fromWire(known, wire), withNull, source: 'constant' }
    const mayBeConstant = !withNull || nullConstant
    if (mayBeConstant && (source === undefined ? this.#dice.chance(0.65) : source === 'constant')) return asConstant
    const asParameter = params !== null && (source === undefined ? this.#dice.chance(0.5) : source === 'parameter')
    // A claim that may be missing, beside a field that may be null, is what the generator warns of.
    const mayBeMissing = asParameter || !nullConstant
    if (withNull && !mayBeMissing) return asConstant
    const list = asParameter ? params : claims
    const name = `${asParameter ? 'p' : 'c'}${list.length}`
    list.push({ name, type, nullable: withNull || (mayBeMissing && this.#dice.chance(0.5)), wire })
    return { ...asConstant, yaml: `$${asParameter ? 'params' : 'auth'}.${name}`, source: asParameter ? 'parameter' : 'claim' }
  }

  /** A value of some row, or any. */
  #likely(model: Model, field: Field): Wire {
    const { nullable: _, ...type } = fieldDescriptorOf(this.#sources.schema, field)
    const held = this.#sources.known(model.name, field.name).filter((wire) => wire !== null)
    return held.length > 0 && this.#dice.chance(0.6) ? this.#dice.pick(held) : randomValue(this.#dice, type)
  }

  #element(model: Model, field: Field): Wire {
    const list = this.#likely(model, field)
    const { nullable: _, ...type } = fieldDescriptorOf(this.#sources.schema, field)
    return Array.isArray(list) && list.length > 0 ? this.#dice.pick(list as readonly Wire[]) : randomValue(this.#dice, elementOf(type))
  }

  /** A beginning or middle of some value, so that it is found sometimes. */
  #part(model: Model, field: Field): Wire {
    const characters = [...String(this.#likely(model, field))]
    const start = this.#dice.below(2)
    return characters.slice(start, start + this.#dice.below(3)).join('')
  }
}

const constant = (wire: Wire): Wire => (typeof wire === 'string' && wire.startsWith('$') ? `$${wire}` : wire)

const elementTypeOf = (type: Extract<FieldType, { kind: 'list' }>): FieldType =>
  type.of.kind === 'string' ? { kind: 'text' } : type.of

const fieldNamed = (model: Model, name: string): Field => model.fields.find((field) => field.name === name) ?? never()

const together = (entries: readonly (readonly [string, Both<unknown, unknown>])[]): Both => ({
  yaml: Object.fromEntries(entries.map(([name, { yaml }]) => [name, yaml])),
  where: Object.fromEntries(entries.map(([name, { where }]) => [name, where])),
})

const never = (): never => {
  throw new Error('the test asked for something that is not in its schema')
}
