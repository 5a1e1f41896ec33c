/**
 * A schema drawn at random, as the YAML that somebody could have written: names that mean something elsewhere, every type, option and
 * onDelete, references in circles, join tables, rules and scopes over relations. Mostly valid; the generator judges.
 */
import { stringify } from 'yaml'
import type { FieldType, ListElement, Schema } from '../../../generator/model.js'
import { Dice } from '../../postgres/random.js'
import { drawWhere, type Shape, type ShapeField, type Variables } from './draw-where.js'
import { patterns, randomValue } from './random-value.js'

/** The same seed gives the same text. */
export const drawSchema = (seed: number): string => stringify(new Draw(new Dice(seed)).document(), { aliasDuplicateObjects: false, lineWidth: 0 })

interface DrawnModel {
  readonly shape: Shape
  /** Its entry in the document. */
  readonly entry: Record<string, unknown>
  readonly isJoin: boolean
}

/** Claims that every drawn schema has. `sub` is the id of a row of the first model. */
const claims: readonly ShapeField[] = [
  { name: 'sub', type: { kind: 'uuid' }, nullable: false },
  { name: 'level', type: { kind: 'int' }, nullable: true },
  { name: 'flag', type: { kind: 'boolean' }, nullable: true },
  { name: 'word', type: { kind: 'string', max: null, pattern: null }, nullable: false },
]

class Draw {
  readonly #dice: Dice
  readonly #enums: Schema['enums']
  readonly #models: DrawnModel[] = []
  readonly #relations = new Set<string>()

  constructor(dice: Dice) {
    this.#dice = dice
    const sets = [['low', 'high'], ['new', 'in-progress', 'Done', 'null'], ['a', 'b', 'c']]
    this.#enums = dice.some(['Kind', 'Mood'], 0.7).map((name) => ({
      name,
      doc: null,
      dropped: [],
      values: dice.pick(sets).map((value) => ({ name: value, was: null })),
    }))
  }

  document(): object {
    const dice = this.#dice
    const names = shuffled(dice, modelNames).slice(0, 2 + dice.below(6))
    const joins = names.length > 3 ? names.splice(2, 1 + dice.below(Math.min(2, names.length - 3))) : []
    for (const name of names) this.#model(name)
    for (const name of joins) this.#join(name)
    this.#nullableReferences()
    this.#models.forEach((model, at) => this.#access(model, at))
    return {
      syncgen: 1,
      name: 'drawn',
      claims: Object.fromEntries(claims.map((each) => [each.name, notation(each)])),
      ...(this.#enums.length === 0 ? {} : { enums: Object.fromEntries(this.#enums.map(({ name, values }) => [name, values.map((value) => value.name)])) }),
      models: Object.fromEntries(this.#models.map(({ shape, entry }) => [shape.name, entry])),
      scopes: Object.fromEntries(Array.from({ length: 1 + dice.below(4) }, (_, at) => this.#scope(at))),
    }
  }

  #model(name: string): void {
    const dice = this.#dice
    const timestamps = dice.chance(0.8)
    const entry: Record<string, unknown> = {}
    const shape: Shape = { name, fields: implicitFields(timestamps), relations: [], rules: new Set() }
    const fields: Record<string, unknown> = {}
    for (const field of shuffled(dice, fieldNames).slice(0, 1 + dice.below(7))) fields[field] = this.#scalar(shape, field)
    for (let n = dice.below(3); n > 0 && this.#models.length > 0; n -= 1) {
      const target = dice.chance(0.5) ? this.#models[0] : dice.pick(this.#models)
      if (target !== undefined) this.#reference(shape, fields, target.shape, false)
    }
    this.#options(entry, shape, fields, timestamps)
    this.#models.push({ shape, entry, isJoin: false })
  }

  #options(entry: Record<string, unknown>, shape: Shape, fields: Record<string, unknown>, timestamps: boolean): void {
    const dice = this.#dice
    if (Object.keys(fields).length > 0) entry['fields'] = fields
    if (!timestamps) entry['timestamps'] = false
    if (dice.chance(0.2)) entry['capture'] = 'row'
    if (dice.chance(0.3)) entry['deleteConflict'] = 'edit-wins'
    if (dice.chance(0.2)) entry['conflict'] = dice.pick(['latest', 'server', 'client', 'reject'])
    if (dice.chance(0.15)) entry['doc'] = `*/ a doc of ${shape.name} \${x} \` -- '`
    const own = shape.fields.filter(({ type, isImplicit, isServerOnly }) => isImplicit !== true && isServerOnly !== true && isIndexable(type))
    const pair = shuffled(dice, own.filter(({ isUnique }) => isUnique !== true)).slice(0, 2).map(({ name }) => name)
    const roll = pair.length === 2 ? dice.next() : 1
    if (roll < 0.15) entry['unique'] = [pair]
    else if (roll < 0.4) entry['indexes'] = [dice.chance(0.2) ? { on: pair, unique: true } : pair]
    const table = dice.pick(tableNames.filter((each) => !this.#relations.has(`table ${each}`)))
    if (dice.chance(0.15)) {
      entry['table'] = table
      this.#relations.add(`table ${table}`)
    }
  }

  /** The declaration of a field, which the shape gains. */
  #scalar(shape: Shape, name: string): unknown {
    const dice = this.#dice
    const type = this.#type()
    const more: Record<string, unknown> = {}
    const nullable = dice.chance(0.4)
    let field: ShapeField = { name, type, nullable }
    if (type.kind === 'string' && type.max !== null) more['max'] = type.max
    if (type.kind === 'string' && type.pattern !== null) more['pattern'] = type.pattern
    const role = dice.next()
    if (role < 0.2) more['conflict'] = dice.pick(policiesOf(field))
    else if (role < 0.28) more['immutable'] = true
    else if (role < 0.34) more['readonly'] = true
    else if (role < 0.42) {
      more['serverOnly'] = true
      field = { ...field, isServerOnly: true }
    }
    const canDefault = !nullable || dice.chance(0.3)
    const mustDefault = !nullable && (more['readonly'] === true || more['serverOnly'] === true)
    if (mustDefault || (canDefault && dice.chance(0.4))) more['default'] = more['conflict'] === 'set' ? [] : randomValue(dice, this.#ir(), type)
    else if (isUniquable(type) && dice.chance(0.15)) {
      more['unique'] = true
      field = { ...field, isUnique: true }
    }
    if (dice.chance(0.1)) more['column'] = `${name.toLowerCase()}_${dice.pick(['old', 'new', 'id', 'version'])}`
    if (dice.chance(0.1)) more['doc'] = 'What it is. */ // "'
    shape.fields.push(field)
    return Object.keys(more).length === 0 ? notation(field) : { type: notation(field), ...more }
  }

  /** Required ones lead to models that were drawn before, so that there is an order in which rows can be made. */
  #reference(shape: Shape, fields: Record<string, unknown>, target: Shape, nullable: boolean): void {
    const dice = this.#dice
    const name = this.#free(shape.name, referenceNames)
    if (name === null || fields[name] !== undefined) return
    const inverse = dice.chance(0.8) ? this.#free(target.name, inverseNames) : null
    const reference: Record<string, unknown> = { ref: `${target.name}${nullable ? '?' : ''}` }
    const onDelete = dice.pick(['cascade', 'cascade', 'restrict', 'noAction', ...(nullable ? ['setNull', 'setNull', 'setNull'] : []), null])
    if (onDelete !== null) reference['onDelete'] = onDelete
    if (inverse !== null) reference['inverse'] = inverse
    const isUnique = dice.chance(0.08)
    if (isUnique) reference['unique'] = true
    if (dice.chance(0.25)) reference['immutable'] = true
    if (dice.chance(0.15)) reference['conflict'] = dice.pick(['latest', 'server', 'client', 'reject'])
    fields[name] = reference
    shape.fields.push({ name: `${name}Id`, type: { kind: 'uuid' }, nullable, refers: target.name, isUnique })
    shape.relations.push({ name, kind: 'one', model: target.name })
    if (inverse !== null) target.relations.push({ name: inverse, kind: 'many', model: shape.name })
  }

  /** To any model, the own one included: circles. */
  #nullableReferences(): void {
    const dice = this.#dice
    for (const { shape, entry, isJoin } of this.#models) {
      if (isJoin || !dice.chance(0.5)) continue
      const fields = (entry['fields'] ?? {}) as Record<string, unknown>
      this.#reference(shape, fields, dice.chance(0.4) ? shape : dice.pick(this.#models.filter((each) => !each.isJoin)).shape, true)
      entry['fields'] = fields
    }
  }

  #join(name: string): void {
    const dice = this.#dice
    const targets = shuffled(dice, this.#models.filter((each) => !each.isJoin))
    const [left, right = left] = targets
    if (left === undefined || right === undefined) return
    const timestamps = dice.chance(0.8)
    const shape: Shape = { name, fields: implicitFields(timestamps), relations: [], rules: new Set() }
    const fields: Record<string, unknown> = {}
    const payload = dice.chance(0.5)
    if (payload) for (const field of shuffled(dice, fieldNames).slice(0, 1 + dice.below(3))) fields[field] = this.#scalar(shape, field)
    const join: Record<string, unknown> = {}
    for (const [target, other] of [[left.shape, right.shape], [right.shape, left.shape]] as const) {
      const side = this.#free(name, referenceNames)
      const inverse = this.#free(target.name, inverseNames)
      if (side === null || inverse === null) return
      join[side] = dice.chance(0.8) ? `${target.name}.${inverse}` : { ref: target.name, inverse, onDelete: dice.pick(['cascade', 'restrict', 'noAction']) }
      shape.fields.push({ name: `${side}Id`, type: { kind: 'uuid' }, nullable: false, refers: target.name })
      shape.relations.push({ name: side, kind: 'one', model: target.name })
      target.relations.push({ name: inverse, kind: 'many', model: payload ? name : other.name })
    }
    const entry: Record<string, unknown> = { join }
    this.#options(entry, shape, fields, timestamps)
    this.#models.push({ shape, entry, isJoin: true })
  }

  #access({ shape, entry }: DrawnModel, at: number): void {
    const dice = this.#dice
    const variables: Variables = { claims, params: null }
    const rule = (depth: number): object =>
      drawWhere(dice, { ir: this.#ir(), shapes: this.#shapes(), variables, mayAsk: (model) => this.#models.findIndex((each) => each.shape.name === model) < at }, shape, depth)
    const read = dice.chance(0.25) ? {} : rule(2)
    const access: Record<string, unknown> = { read }
    shape.rules.add('read')
    for (const action of ['create', 'update', 'delete'] as const) {
      if (dice.chance(0.1)) continue
      access[action] = dice.chance(0.55) ? {} : rule(1)
      shape.rules.add(action)
    }
    entry['access'] = access
    if (dice.chance(0.2) || !JSON.stringify(read).includes('$auth.')) entry['public'] = true
  }

  #scope(at: number): readonly [name: string, scope: object] {
    const dice = this.#dice
    const params = new Map<string, ShapeField>()
    const variables: Variables = { claims, params: dice.chance(0.7) ? params : null }
    const parts = { ir: this.#ir(), shapes: this.#shapes(), variables, mayAsk: () => true }
    const chosen = dice.some(this.#models, 0.6)
    const models = chosen.length === 0 ? [dice.pick(this.#models)] : chosen
    const tables = Object.fromEntries(models.map(({ shape }) => [shape.name, dice.chance(0.15) ? {} : drawWhere(dice, parts, shape, 3)]))
    const declared = Object.fromEntries([...params].map(([name, field]) => [name, notation(field)]))
    return [scopeNames[at] ?? `scope${at}`, { ...(dice.chance(0.3) ? { public: true } : {}), ...(params.size === 0 ? {} : { params: declared }), tables }]
  }

  #type(): FieldType {
    const dice = this.#dice
    const roll = dice.next()
    if (roll < 0.2) return { kind: 'string', max: dice.chance(0.3) ? 20 + dice.below(100) : null, pattern: dice.chance(0.15) ? dice.pick(Object.keys(patterns)) : null }
    if (roll < 0.25) return { kind: 'text' }
    if (roll < 0.4) return { kind: 'int' }
    if (roll < 0.48) return { kind: 'boolean' }
    if (roll < 0.56) return { kind: 'decimal', ...dice.pick([{ precision: 6, scale: 2 }, { precision: 30, scale: 10 }, { precision: 20, scale: 0 }, { precision: 3, scale: 3 }]) }
    if (roll < 0.66 && this.#enums.length > 0) return { kind: 'enum', enum: dice.pick(this.#enums).name }
    if (roll < 0.76) {
      const elements: readonly ListElement[] = [{ kind: 'string' }, { kind: 'int' }, ...this.#enums.map(({ name }): ListElement => ({ kind: 'enum', enum: name }))]
      return { kind: 'list', of: dice.pick(elements) }
    }
    if (roll < 0.8) return { kind: 'json', ts: null }
    return { kind: dice.pick(['bigint', 'float', 'timestamp', 'date', 'uuid', 'bytes'] as const) }
  }

  /** A name that no field or relation of the model has; null once all are used up. */
  #free(model: string, names: readonly string[]): string | null {
    const free = names.filter((name) => !this.#relations.has(`${model}.${name}`))
    if (free.length === 0) return null
    const name = this.#dice.pick(free)
    this.#relations.add(`${model}.${name}`)
    return name
  }

  #shapes(): ReadonlyMap<string, Shape> {
    return new Map(this.#models.map(({ shape }) => [shape.name, shape]))
  }

  /** As much of an IR as values of enums need. */
  #ir(): Schema {
    return { name: 'drawn', sources: [], versions: 5, generation: 0, claims: [], enums: this.#enums, models: [], scopes: [] }
  }
}

const implicitFields = (timestamps: boolean): ShapeField[] => [
  { name: 'id', type: { kind: 'uuid' }, nullable: false, isImplicit: true },
  ...(timestamps ? ['createdAt', 'updatedAt'].map((name): ShapeField => ({ name, type: { kind: 'timestamp' }, nullable: false, isImplicit: true })) : []),
]

/** `decimal(6,2)?`. */
export const notation = ({ type, nullable }: Pick<ShapeField, 'type' | 'nullable'>): string => `${typeNotation(type)}${nullable ? '?' : ''}`

const typeNotation = (type: FieldType): string => {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'enum':
      return type.enum
    case 'list':
      return `${type.of.kind === 'enum' ? type.of.enum : type.of.kind}[]`
    default:
      return type.kind
  }
}

const isIndexable = ({ kind }: FieldType): boolean => !['json', 'bytes', 'list', 'text'].includes(kind)

/** Types with enough values that rows differ. */
const isUniquable = (type: FieldType): boolean =>
  type.kind === 'uuid' || type.kind === 'int' || (type.kind === 'string' && (type.pattern === null || type.pattern === '^[a-z0-9:]*$'))

const policiesOf = ({ type, nullable }: ShapeField): readonly unknown[] => {
  const { kind } = type
  return [
    ...['latest', 'server', 'client', 'reject'],
    ...((kind === 'int' || kind === 'float') && !nullable ? ['counter', 'counter'] : []),
    ...(kind === 'list' && !nullable ? ['set', 'set', 'set'] : []),
    ...(['json', 'bytes', 'uuid', 'list'].includes(kind) ? [] : ['max', 'min']),
    ...(kind === 'text' && !nullable ? [{ custom: './merge.ts#mergeTexts' }, { custom: './merge.ts#mergeTexts' }] : []),
  ]
}

const shuffled = <Item>(dice: Dice, items: readonly Item[]): Item[] =>
  items.map((item) => [dice.next(), item] as const).toSorted(([a], [b]) => a - b).map(([, item]) => item)

const modelNames = ['Person', 'House', 'Child', 'Box', 'Story', 'Wolf', 'Order', 'UserGroup', 'Row', 'Change', 'Version', 'HTTPRoute', 'X', 'Note2']
const fieldNames = [
  ...['title', 'name', 'order', 'user', 'group', 'select', 'from', 'where', 'end', 'check', 'primary', 'desc', 'values', 'hash', 'op'],
  ...['before', 'after', 'row', 'old', 'key', 'model', 'ids', 'action', 'now', 'window', 'limit', 'offset', 'xid', 'wire', 'self', 'value'],
  ...['a', 'aB', 'lineTwo', 'x1', 'data', 'error', 'fields', 'kind', 'type', 'timestamp', 'date', 'text', 'point', 'level', 'sub', 'columns', 'member'],
]
const referenceNames = ['owner', 'parent', 'next', 'home', 'left', 'right', 'top', 'via', 'boss', 'peer', 'target', 'source']
const inverseNames = ['items', 'parts2', 'things', 'rows', 'links', 'pieces', 'those', 'others', 'kids', 'entries', 'deeds', 'ties', 'marks', 'pages', 'bits']
const tableNames = ['order', 'user', 'select', 'changes', 'meta', 'key_value', 'window', 'x', 'old_rows', 'rows', 'public_table', 'clients']
const scopeNames = ['home', 'board', 'all', 'keys']
