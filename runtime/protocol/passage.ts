/** One transition in one direction, ready for use: rows, ops and scopes of one side as those of the other. Pure. */
import type { FieldDescriptor } from './descriptor.js'
import { type Conversion, convertValue, placeholder, showValue } from './convert-value.js'
import { evaluate, type Expression } from './expression.js'
import { distinct } from './field-edit.js'
import { equalWire } from './field-order.js'
import type { CreateOp, FieldEdit, Op, UpdateOp, VersionedRow } from './messages.js'
import type { FieldTransition, ModelTransition, ShapeTransition, Transition } from './transition.js'
import type { Wire } from './values.js'

/** An op as the other side means it. `lost`: fields, by their names here, that do not get there; null: the op needs nothing. */
export interface ConvertedOp {
  readonly op: Op | null
  /** Null: everything gets there. Empty: the op itself does not, for no field's fault. */
  readonly lost: readonly string[] | null
}

export interface ConvertedRow {
  readonly row: VersionedRow
  /** Whether every value is what the other side would have said. */
  readonly isExact: boolean
}

export class Passage {
  readonly #isUp: boolean
  readonly #models: ReadonlyMap<string, Shape>
  readonly #scopes: ReadonlyMap<string, Shape>
  readonly #unknownModels: ReadonlySet<string>
  readonly #unknownScopes: ReadonlySet<string>

  constructor(transition: Transition, direction: 'up' | 'down') {
    const { models, newModels, scopes, newScopes } = transition
    this.#isUp = direction === 'up'
    this.#models = shapesOf(models, this.#isUp)
    this.#scopes = shapesOf(scopes, this.#isUp)
    const gone = (all: Transition['scopes'], added: readonly string[]): ReadonlySet<string> =>
      new Set(this.#isUp ? Object.entries(all).flatMap(([name, shape]) => (shape.name === null ? [name] : [])) : added)
    this.#unknownModels = gone(models, newModels)
    this.#unknownScopes = gone(scopes, newScopes)
  }

  /** What a model is called there; undefined: it is not known. */
  model(name: string): string | undefined {
    return this.#unknownModels.has(name) ? undefined : (this.#models.get(name)?.name ?? name)
  }

  /** What a field is called there; undefined: it is not known. */
  field(model: string, field: string): string | undefined {
    const shape = this.#models.get(model)
    if (shape === undefined) return this.#unknownModels.has(model) ? undefined : field
    return shape.targets.get(field)?.name
  }

  /** Whether rows of the model can be worked out. */
  isExact(model: string): boolean {
    return this.#models.get(model)?.isExact ?? true
  }

  /** Whether a row there has fields of which one here says nothing. */
  invents(model: string): boolean {
    return this.#models.get(model)?.fields.some(({ source }) => source === null) ?? false
  }

  /** Whether rows there may say what one here has no words for: whoever was told of such a row in the words of here was not told all of it. */
  saysMore(model: string): boolean {
    return this.#models.get(model)?.fields.some(({ source }) => source === null || !isSaidWhole(source)) ?? false
  }

  /** A row of a model that is known there. */
  row(model: string, row: VersionedRow): ConvertedRow {
    const shape = this.#models.get(model)
    if (shape === undefined) return { row, isExact: true }
    const [version, ...values] = row
    let isExact = shape.isExact
    const valueOf = (name: string): Wire => {
      const target = shape.byName.get(name)
      if (target === undefined) return null
      const shown = target.source === null ? undefined : show(target.source, values[target.source.at] ?? null)
      if (shown !== undefined) return shown
      // What has been filled in by the migration is exact; what stands for something unknown is not.
      const filled = target.compute === undefined ? target.fill : evaluate(target.compute, target.field, (other) => valueOf(other ?? ''))
      if (filled === undefined && (target.source !== null || target.compute !== undefined)) isExact = false
      return filled ?? placeholder(target.field)
    }
    return { row: [version, ...shape.fields.map(({ name }) => valueOf(name))], isExact }
  }

  op(op: Op): ConvertedOp {
    const name = this.model(op.model)
    if (name === undefined) return this.#ofUnknownModel(op)
    const shape = this.#models.get(op.model)
    if (shape === undefined) return { op, lost: null }
    switch (op.op) {
      case 'create':
        return this.#create(shape, { ...op, model: name })
      case 'update':
        return update(shape, { ...op, model: name })
      case 'delete':
        return { op: { ...op, model: name, ...(op.seen === undefined ? {} : { seen: seenOf(shape, op.seen) }) }, lost: null }
    }
  }

  /** The parameters of a scope; undefined: it is not known there, or not with these. */
  params(scope: string, params: Readonly<Record<string, Wire>>): Readonly<Record<string, Wire>> | undefined {
    if (this.#unknownScopes.has(scope)) return undefined
    const shape = this.#scopes.get(scope)
    if (shape === undefined) return params
    const converted = shape.fields.map((field): readonly [string, Wire | undefined] => {
      const given = field.source === null ? null : (params[field.source.name] ?? null)
      return [field.name, field.source === null ? (field.field.nullable === true ? null : undefined) : meant(field.source, given)]
    })
    return converted.some(([, wire]) => wire === undefined) ? undefined : (Object.fromEntries(converted) as Record<string, Wire>)
  }

  /** The deletion of what is gone has happened; of what the other side does not know yet it has not. */
  #ofUnknownModel(op: Op): ConvertedOp {
    if (op.op === 'delete') return { op: null, lost: this.#isUp ? null : [] }
    return { op: null, lost: Object.keys(op.op === 'create' ? op.values : op.set) }
  }

  #create(shape: Shape, op: CreateOp): ConvertedOp {
    const lost: string[] = []
    const values: Record<string, Wire> = {}
    for (const [name, value] of Object.entries(op.values)) {
      const target = shape.targets.get(name)
      const wire = target?.source == null || target.field.readonly === true ? undefined : meant(target.source, value)
      if (target !== undefined && wire !== undefined) values[target.name] = wire
      else if (saysSomething(shape.sources.get(name), value)) lost.push(name)
    }
    for (const target of shape.fields) {
      const { name, field } = target
      if (name in values || name === 'id' || field.readonly === true) continue
      const usual = field.default ?? (field.nullable === true ? null : undefined)
      const isNull = target.source !== null && op.values[target.source.name] === null
      const given = isNull ? filledOf(shape, op.id, values, target) : unnamed(shape, op.id, values, target)
      const wire = given === undefined ? usual : given
      // Nobody can say what the other side insists on.
      if (wire === undefined) return { op: null, lost: Object.keys(op.values) }
      if (usual === undefined || !equalWire(field, wire, usual)) values[name] = wire
    }
    return { op: { ...op, values }, lost: lost.length === 0 ? null : lost }
  }
}

/** A set of fields as one side has it, seen from the other. */
interface Shape {
  readonly name: string
  /** Of the other side, in wire order. */
  readonly fields: readonly Target[]
  readonly byName: ReadonlyMap<string, Target>
  /** Fields of the other side by their names on this. */
  readonly targets: ReadonlyMap<string, Target>
  readonly sources: ReadonlyMap<string, FieldDescriptor>
  readonly isExact: boolean
}

interface Target {
  readonly name: string
  readonly field: FieldDescriptor
  /** Null: this side has no such field. */
  readonly source: Source | null
  readonly fill: Wire | undefined
  readonly compute: Expression | undefined
}

interface Source extends Conversion {
  readonly name: string
  /** Its place in a row. */
  readonly at: number
  /** How the schema says that values become those of the other side; null: it says so for the other direction only. */
  readonly by?: Expression | null
}

const shapesOf = (all: Readonly<Record<string, ShapeTransition | ModelTransition>>, isUp: boolean): ReadonlyMap<string, Shape> =>
  new Map(
    Object.entries(all).flatMap(([old, transition]): readonly (readonly [string, Shape])[] => {
      const { name } = transition
      if (name === null) return []
      return [isUp ? [old, shapeOf(transition, name, true)] : [name, shapeOf(transition, old, false)]]
    }),
  )

const shapeOf = (transition: ShapeTransition | ModelTransition, name: string, isUp: boolean): Shape => {
  const { before, after, fields } = transition
  const [here, there] = isUp ? [before, after] : [after, before]
  const places = new Map(Object.keys(here).map((each, at) => [each, at]))
  const targets = Object.entries(there).map(([each, field]): Target => {
    const now = isUp ? each : Object.keys(after).find((candidate) => formerName(fields[candidate], candidate) === each)
    const change = now === undefined ? undefined : fields[now]
    const former = isUp ? formerName(change, each) : (now ?? null)
    const from = former === null ? undefined : here[former]
    const source = former === null || from === undefined ? null : { name: former, at: places.get(former) ?? 0, from, to: field, ...labelsOf(change, isUp, isUp ? from : field), ...declaredOf(change, isUp) }
    return { name: each, field, source, fill: isUp ? change?.fill : undefined, compute: isUp ? change?.compute : undefined }
  })
  return {
    name,
    fields: targets,
    byName: new Map(targets.map((target) => [target.name, target])),
    targets: new Map(targets.flatMap((target) => (target.source === null ? [] : [[target.source.name, target]]))),
    sources: new Map(Object.entries(here)),
    isExact: isUp && 'isExact' in transition ? transition.isExact : true,
  }
}

/** Whether each value of the other side has words on this, and these lead back to it. Texts are shown whole, however long. */
const isSaidWhole = (source: Source): boolean => {
  const { from, to } = source
  const isText = (type: FieldDescriptor['type']): boolean => type === 'string' || type === 'text'
  if (source.by !== undefined || (to.nullable === true && from.nullable !== true)) return false
  if (isText(from.type) && isText(to.type)) return true
  if (from.type !== to.type || from.of !== to.of || from.precision !== to.precision || from.scale !== to.scale) return false
  const said = new Set(from.values?.map((label) => source.labels?.get(label) ?? label))
  return to.values?.every((label) => said.has(label)) ?? true
}

const formerName = (change: FieldTransition | undefined, name: string): string | null => (change === undefined ? name : change.was)

/** Back, a label that the older side has is itself, though others became it, too; of several that became a new one, the first. */
const labelsOf = (change: FieldTransition | undefined, isUp: boolean, older: FieldDescriptor): Pick<Conversion, 'labels'> => {
  if (change?.labels === undefined) return {}
  const pairs = Object.entries(change.labels)
  if (isUp) return { labels: new Map(pairs) }
  return { labels: new Map(pairs.reverse().flatMap(([old, now]) => (older.values?.includes(now) === true ? [] : [[now, old] as const]))) }
}

const declaredOf = (change: FieldTransition | undefined, isUp: boolean): Pick<Source, 'by'> => {
  if (change?.convert === undefined) return {}
  return { by: isUp ? change.convert.as : (change.convert.back ?? null) }
}

/** A value that is written, as the other side means it. */
const meant = (source: Source, wire: Wire): Wire | undefined => {
  if (source.by === undefined) return convertValue(source, wire)
  return source.by === null ? undefined : evaluate(source.by, source.to, () => wire)
}

/** A value that is to be shown. */
const show = (source: Source, wire: Wire): Wire | undefined => (source.by === undefined ? showValue(source, wire) : meant(source, wire))

/** What the migration gave rows that had nothing. */
const filledOf = (shape: Shape, id: string, values: Readonly<Record<string, Wire>>, { field, fill, compute }: Target): Wire | undefined =>
  compute === undefined ? fill : evaluate(compute, field, (other) => valueOfNew(shape, id, values, other ?? ''))

/** What a field is in a new row that does not name it: what it would be by now, had the row been there; undefined: what new rows have. */
const unnamed = (shape: Shape, id: string, values: Readonly<Record<string, Wire>>, target: Target): Wire | undefined => {
  const { source } = target
  const former = source === null ? undefined : (source.from.default ?? (source.from.nullable === true ? null : undefined))
  const kept = source === null || former === undefined ? undefined : meant(source, former)
  return kept === undefined ? filledOf(shape, id, values, target) : kept
}

/** The same of a field that another is worked out from; undefined: only the server knows. */
const valueOfNew = (shape: Shape, id: string, values: Readonly<Record<string, Wire>>, name: string): Wire | undefined => {
  if (name === 'id') return id
  if (name in values) return values[name]
  const target = shape.byName.get(name)
  if (target === undefined) return undefined
  const given = unnamed(shape, id, values, target)
  return given === undefined ? (target.field.default ?? (target.field.nullable === true ? null : undefined)) : given
}

const update = (shape: Shape, op: UpdateOp): ConvertedOp => {
  const lost: string[] = []
  const set: Record<string, FieldEdit> = {}
  for (const [name, edit] of Object.entries(op.set)) {
    const target = shape.targets.get(name)
    const converted = target?.source == null || target.field.readonly === true ? undefined : convertEdit(target.source, edit)
    if (target === undefined || converted === undefined) lost.push(name)
    else set[target.name] = converted
  }
  const isEmpty = lost.length > 0 && Object.keys(set).length === 0
  return { op: isEmpty ? null : { ...op, set }, lost: lost.length === 0 ? null : lost }
}

/** As the policy of the other side wants it: an amount for a counter, elements for a set, else a value with the one seen. */
const convertEdit = (source: Source, edit: FieldEdit): FieldEdit | undefined => {
  const { to } = source
  if ('remove' in edit) {
    if (to.conflict !== 'set') return undefined
    const [add, remove] = [meant(source, edit.add), meant(source, edit.remove)]
    return Array.isArray(add) && Array.isArray(remove) ? { add, remove } : undefined
  }
  if (!('value' in edit)) return to.conflict === 'counter' ? edit : undefined
  const value = meant(source, edit.value)
  if (value === undefined) return undefined
  const seen = show(source, edit.seen) ?? placeholder(to)
  if (to.conflict === 'counter') return difference(seen, value)
  if (to.conflict !== 'set') return { seen, value }
  if (!Array.isArray(seen) || !Array.isArray(value)) return undefined
  const without = (all: readonly Wire[], others: readonly Wire[]): readonly Wire[] => all.filter((each) => !others.includes(each))
  return { add: without(value, seen), remove: without(distinct(seen as readonly Wire[]), value) }
}

const difference = (seen: Wire, value: Wire): FieldEdit | undefined => {
  const add = Number(value) - Number(seen)
  return Number.isFinite(add) && value !== null ? { add } : undefined
}

const seenOf = (shape: Shape, seen: Readonly<Record<string, Wire>>): Readonly<Record<string, Wire>> =>
  Object.fromEntries(
    Object.entries(seen).flatMap(([name, value]) => {
      const target = shape.targets.get(name)
      const shown = target?.source == null || target.field.readonly === true ? undefined : show(target.source, value)
      return target === undefined || shown === undefined ? [] : [[target.name, shown]]
    }),
  )

/** Whether a value of a new row is more than what the row would have had anyway: with a default, null is. */
const saysSomething = (field: FieldDescriptor | undefined, value: Wire): boolean =>
  field?.default === undefined ? value !== null : !equalWire(field, value, field.default)
