/** Random wheres over a schema, each as the YAML of a schema file and as the TypeScript of a client query. */
import type { Model, Relation, Schema } from '../../generator/model.js'
import { modelOf } from '../../generator/model.js'
import type { FieldDescriptor } from '../../runtime/protocol/descriptor.js'
import type { Where } from '../../runtime/protocol/predicate.js'
import type { Wire } from '../../runtime/protocol/values.js'
import { fromWire } from '../../runtime/protocol/wire-value.js'
import type { Dice } from '../postgres/random.js'
import { randomElement, randomValue } from './values.js'
import { fieldDescriptorOf } from './world.js'

export interface RandomWhere {
  /** JSON, which YAML contains; operands are constants or `$params.pN`. */
  readonly yaml: Readonly<Record<string, unknown>>
  /** The same, with constants in place of parameters. */
  readonly where: Where
  readonly params: readonly Param[]
}

export interface Param {
  readonly name: string
  readonly type: Model['fields'][number]['type']
  readonly nullable: boolean
  readonly wire: Wire
}

export const randomWhere = (dice: Dice, schema: Schema, model: Model): RandomWhere => {
  const params: Param[] = []
  const { yaml, where } = new Writer(dice, schema, params).where(model, 3)
  return { yaml, where, params }
}

/** Both spellings of one thing. */
interface Both<Yaml, Ts> {
  readonly yaml: Yaml
  readonly where: Ts
}

class Writer {
  readonly #dice: Dice
  readonly #schema: Schema
  readonly #params: Param[]

  constructor(dice: Dice, schema: Schema, params: Param[]) {
    this.#dice = dice
    this.#schema = schema
    this.#params = params
  }

  where(model: Model, depth: number): Both<Record<string, unknown>, Where> {
    const entries = Array.from({ length: this.#dice.below(8) === 0 ? 0 : 1 + this.#dice.below(2) }, () =>
      this.#entry(model, depth),
    )
    return together(entries)
  }

  #entry(model: Model, depth: number): readonly [string, Both<unknown, unknown>] {
    const kind = depth === 0 ? 0 : this.#dice.below(10)
    if (kind >= 8) return [this.#dice.pick(['any', 'all']), this.#alternatives(model, depth - 1)]
    const relation = kind >= 5 && model.relations.length > 0 ? this.#dice.pick(model.relations) : undefined
    return relation === undefined ? this.#condition(model) : [relation.name, this.#related(relation, depth - 1)]
  }

  #alternatives(model: Model, depth: number): Both<unknown, unknown> {
    const each = Array.from({ length: 1 + this.#dice.below(3) }, () => this.where(model, depth))
    return { yaml: each.map(({ yaml }) => yaml), where: each.map(({ where }) => where) }
  }

  #related(relation: Relation, depth: number): Both<unknown, unknown> {
    const target = modelOf(this.#schema, relation.model)
    const inner = (): Both<Record<string, unknown>, Where> => this.where(target, depth)
    if (relation.kind === 'one') return inner()
    switch (this.#dice.below(5)) {
      case 0:
        return together([['none', inner()]])
      case 1:
        return together([['every', inner()]])
      case 2:
        return together([
          ['every', inner()],
          ['none', inner()],
        ])
      default:
        return inner()
    }
  }

  #condition(model: Model): readonly [string, Both<unknown, unknown>] {
    const field = this.#dice.pick(model.fields)
    const descriptor = fieldDescriptorOf(this.#schema, field)
    const operators = operatorsOf(descriptor)
    const operand = (allowNull: boolean): Both<unknown, unknown> => this.#operand(field.type, descriptor, allowNull)
    if (operators.length === 0) return [field.name, this.#onlyNull(descriptor)]
    if (descriptor.type !== 'list' && this.#dice.chance(0.3)) return [field.name, operand(true)]
    const chosen = Array.from({ length: 1 + this.#dice.below(2) }, () => this.#dice.pick(operators))
    return [
      field.name,
      together(
        chosen.map((operator) => {
          if (operator === 'in' || operator === 'notIn')
            return [operator, asList(Array.from({ length: 1 + this.#dice.below(4) }, () => operand(true)))]
          if (operator === 'contains' && descriptor.type === 'list') {
            return [operator, this.#constant(elementOf(descriptor), randomElement(this.#dice, descriptor))]
          }
          if (operator === 'startsWith' || operator === 'contains')
            return [operator, this.#constant({ type: 'text' }, this.#part(descriptor))]
          return [operator, operand(operator === 'not')]
        }),
      ),
    ]
  }

  /** Json, bytes, and lists now and then, can be asked for null. */
  #onlyNull(descriptor: FieldDescriptor): Both<unknown, unknown> {
    if (descriptor.nullable !== true)
      return together([['contains', this.#constant(elementOf(descriptor), randomElement(this.#dice, descriptor))]])
    return this.#dice.chance(0.5) ? { yaml: null, where: null } : together([['not', { yaml: null, where: null }]])
  }

  #operand(type: Param['type'], descriptor: FieldDescriptor, allowNull: boolean): Both<unknown, unknown> {
    const nullable = descriptor.nullable === true
    const { nullable: _, ...known } = descriptor
    if (this.#dice.chance(0.25)) {
      const paramNullable = this.#dice.chance(0.5)
      const wire = randomValue(this.#dice, paramNullable ? { ...known, nullable: true } : known)
      const name = `p${this.#params.length}`
      this.#params.push({ name, type, nullable: paramNullable, wire })
      return { yaml: `$params.${name}`, where: fromWire(descriptor, wire) }
    }
    return this.#constant(descriptor, randomValue(this.#dice, allowNull && nullable ? descriptor : known))
  }

  #constant(descriptor: FieldDescriptor, wire: Wire): Both<unknown, unknown> {
    return { yaml: typeof wire === 'string' && wire.startsWith('$') ? `$${wire}` : wire, where: fromWire(descriptor, wire) }
  }

  /** A beginning or middle of some value, so that it is found sometimes. */
  #part(descriptor: FieldDescriptor): Wire {
    const { nullable: _, ...known } = descriptor
    const characters = [...String(randomValue(this.#dice, known))]
    const start = this.#dice.below(2)
    return characters.slice(start, start + this.#dice.below(3)).join('')
  }
}

const elementOf = (descriptor: FieldDescriptor): FieldDescriptor => ({
  type: descriptor.of ?? 'string',
  ...(descriptor.values === undefined ? {} : { values: descriptor.values }),
})

const operatorsOf = ({ type }: FieldDescriptor): readonly string[] => {
  switch (type) {
    case 'json':
    case 'bytes':
      return []
    case 'list':
      return ['contains']
    case 'boolean':
    case 'uuid':
    case 'enum':
      return ['not', 'in', 'notIn']
    case 'string':
    case 'text':
      return ['not', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'contains']
    default:
      return ['not', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte']
  }
}

const together = (entries: readonly (readonly [string, Both<unknown, unknown>])[]): Both<Record<string, unknown>, Where> => ({
  yaml: Object.fromEntries(entries.map(([name, { yaml }]) => [name, yaml])),
  where: Object.fromEntries(entries.map(([name, { where }]) => [name, where])),
})

const asList = (operands: readonly Both<unknown, unknown>[]): Both<unknown, unknown> => ({
  yaml: operands.map(({ yaml }) => yaml),
  where: operands.map(({ where }) => where),
})
