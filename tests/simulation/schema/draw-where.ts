/** Predicates of the schema language, drawn at random over the shapes of models. */
import type { FieldType, Schema } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import { randomElement, randomValue } from './random-value.js'

/** A field, claim or parameter. */
export interface ShapeField {
  readonly name: string
  readonly type: FieldType
  readonly nullable: boolean
  /** The model that a reference leads to. */
  readonly refers?: string
  readonly isImplicit?: boolean
  readonly isUnique?: boolean
  readonly isServerOnly?: boolean
}

/** A model while it is drawn. */
export interface Shape {
  readonly name: string
  readonly fields: ShapeField[]
  readonly relations: { readonly name: string; readonly kind: 'one' | 'many'; readonly model: string }[]
  /** The access rules that it has. */
  readonly rules: Set<string>
}

/** What a predicate may compare with. */
export interface Variables {
  readonly claims: readonly ShapeField[]
  /** Parameters so far, to which a predicate adds; null where there are none. */
  readonly params: Map<string, ShapeField> | null
}

export interface WhereParts {
  readonly ir: Pick<Schema, 'enums'>
  readonly shapes: ReadonlyMap<string, Shape>
  readonly variables: Variables
  /** Whether `$can` may ask for a rule of this model: rules in circles are refused. */
  readonly mayAsk: (model: string) => boolean
}

/** A `where` on rows of a shape, with relations at most so deep inside each other. */
export const drawWhere = (dice: Dice, parts: WhereParts, shape: Shape, depth: number): object => {
  const entries = Array.from({ length: dice.chance(0.65) ? 1 : 2 }, () => drawEntry(dice, parts, shape, depth))
  const keys = new Set(entries.flatMap((entry) => Object.keys(entry)))
  return keys.size === entries.length ? Object.assign({}, ...entries) : { all: entries }
}

const drawEntry = (dice: Dice, parts: WhereParts, shape: Shape, depth: number): object => {
  const roll = dice.next()
  if (roll < 0.1) return { any: several(dice, () => drawWhere(dice, parts, shape, depth)) }
  if (roll < 0.13) return { all: several(dice, () => drawWhere(dice, parts, shape, depth)) }
  if (roll < 0.5 && depth > 0 && shape.relations.length > 0) {
    const { name, kind, model } = dice.pick(shape.relations)
    const other = parts.shapes.get(model)
    if (other !== undefined) return { [name]: drawRelation(dice, parts, kind, other, depth - 1) }
  }
  const field = dice.chance(0.5) ? dice.pick(shape.fields) : dice.pick(shape.fields.filter(({ refers, name }) => refers !== undefined || name === 'id'))
  const condition = drawCondition(dice, parts, field)
  return condition === undefined ? drawEntry(dice, parts, shape, 0) : { [field.name]: condition }
}

const drawRelation = (dice: Dice, parts: WhereParts, kind: 'one' | 'many', other: Shape, depth: number): object => {
  const where = (): object => {
    if (parts.mayAsk(other.name) && other.rules.size > 0 && dice.chance(0.25)) return { $can: dice.pick([...other.rules]) }
    return dice.chance(0.15) ? {} : drawWhere(dice, parts, other, depth)
  }
  if (kind === 'one' || dice.chance(0.5)) return where()
  return dice.pick([{ none: where() }, { every: where() }, { none: where(), every: where() }])
}

/** Undefined: nothing can be asked of this field. */
const drawCondition = (dice: Dice, parts: WhereParts, field: ShapeField): unknown => {
  const { type, nullable } = field
  if (type.kind === 'json' || type.kind === 'bytes') return nullable ? dice.pick([null, { not: null }]) : undefined
  if (type.kind === 'list') {
    if (nullable && dice.chance(0.2)) return dice.pick([null, { not: null }])
    const element: FieldType = type.of.kind === 'string' ? { kind: 'text' } : type.of
    return { contains: drawOperand(dice, parts, { name: field.name, type: element, nullable: false }, () => randomElement(dice, parts.ir, type.of)) }
  }
  const operand = (): unknown => (nullable && dice.chance(0.15) ? null : drawOperand(dice, parts, field, () => randomValue(dice, parts.ir, type)))
  const solid = (): unknown => drawOperand(dice, parts, field, () => randomValue(dice, parts.ir, type))
  const roll = dice.next()
  if (roll < 0.4 || field.refers !== undefined) return dice.chance(0.9) ? operand() : { not: operand() }
  if (roll < 0.5) return { not: operand() }
  if (roll < 0.6) return { in: several(dice, operand) }
  if (roll < 0.7) return { notIn: several(dice, operand) }
  const isText = type.kind === 'string' || type.kind === 'text'
  if (isText && roll < 0.85) return { [dice.pick(['startsWith', 'contains'])]: drawOperand(dice, parts, { name: field.name, type: { kind: 'text' }, nullable: false }, () => dice.pick(['', 'a', 'ö', '%', '😀', 'd1'])) }
  if (['uuid', 'boolean', 'enum'].includes(type.kind)) return operand()
  const [low, high] = [dice.pick(['gt', 'gte']), dice.pick(['lt', 'lte'])]
  return dice.pick([{ [low]: solid() }, { [high]: solid() }, { [low]: solid(), [high]: solid() }, { [low]: solid(), not: operand() }])
}

const drawOperand = (dice: Dice, { variables }: WhereParts, field: ShapeField, literal: () => unknown): unknown => {
  const claim = variables.claims.filter(({ type }) => sameType(type, field.type))
  const wanted = field.type.kind === 'uuid' ? 0.9 : 0.35
  if (!dice.chance(wanted)) return escaped(literal())
  if (variables.params !== null && dice.chance(0.6)) {
    const known = [...variables.params.values()].filter(({ type }) => sameType(type, field.type))
    if (known.length > 0 && dice.chance(0.6)) return `$params.${dice.pick(known).name}`
    if (variables.params.size < 4) {
      const name = `p${variables.params.size + 1}`
      variables.params.set(name, { name, type: withoutLimits(field.type), nullable: dice.chance(0.3) })
      return `$params.${name}`
    }
  }
  return claim.length === 0 ? escaped(literal()) : `$auth.${dice.pick(claim).name}`
}

/** A text that begins with `$` is written with two. */
const escaped = (value: unknown): unknown => (typeof value === 'string' && value.startsWith('$') ? `$${value}` : value)

/** A parameter has no longest length and no pattern. */
const withoutLimits = (type: FieldType): FieldType => (type.kind === 'string' ? { kind: 'string', max: null, pattern: null } : type)

const sameType = (left: FieldType, right: FieldType): boolean => {
  if (left.kind === 'string' || left.kind === 'text') return right.kind === 'string' || right.kind === 'text'
  return JSON.stringify(left) === JSON.stringify(right)
}

const several = <Item>(dice: Dice, make: () => Item): readonly Item[] => Array.from({ length: 1 + dice.below(3) }, make)
