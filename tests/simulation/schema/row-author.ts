/**
 * Writes rows of any model from a seed: what an app on a device would write (valid, or such that somebody must refuse it), and what
 * other programs would write by SQL. Reads only what it is shown; the same dice give the same rows.
 */
import { fromWire, type FieldDescriptor, type Wire } from 'syncgen/protocol'
import type { Field, Model, Operand, Predicate, Schema } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import { allows } from './expected-rows.js'
import { hostileValue, randomElement, randomUuid, randomValue } from './random-value.js'
import type { SimSchema } from './sim-schema.js'
import type { StoredRow, Tables, WireRecord } from './tables.js'

/** What `create` and `update` of a cache take: dates, bigints, bytes, `{ add }`. */
export type AppValues = Readonly<Record<string, unknown>>

/** A write that must not take place. */
export interface Hostile {
  readonly op: 'create' | 'update'
  /** The row to update. */
  readonly id: string | null
  readonly values: AppValues
  /** What is wrong, and with which field. */
  readonly fault: 'value' | 'dangling' | 'duplicate' | 'readonly' | 'missing'
  readonly field: string
  /** Who refuses it first: the client at the call (SyncError `invalid-value`), or the server (`rejected`). */
  readonly refusedBy: 'client' | 'server'
}

export interface RowAuthorParts {
  readonly schema: Pick<SimSchema, 'ir' | 'descriptor'>
  readonly dice: Dice
  /** A text that nobody wrote before, of `a-z`, `0-9` and `:`; at most 20 characters. */
  readonly mark: () => string
}

export class RowAuthor {
  readonly #ir: Schema
  readonly #descriptor: SimSchema['descriptor']
  readonly #dice: Dice
  readonly #mark: () => string

  constructor({ schema, dice, mark }: RowAuthorParts) {
    this.#ir = schema.ir
    this.#descriptor = schema.descriptor
    this.#dice = dice
    this.#mark = mark
  }

  /**
   * Values of a new row, its id included; one that the create rule allows if a few tries find any, else mostly null. Null, too, if
   * a reference that is required has nothing to lead to.
   */
  create(model: Model, rows: Tables, claims: WireRecord): AppValues | null {
    const wishes = equalities(model.access.create)
    let last: WireRecord | null = null
    let isAllowed = false
    for (let attempt = 0; attempt < 5 && !isAllowed; attempt += 1) {
      last = this.#newRow(model, rows, (field) => wishesOf(wishes, field, claims))
      if (last === null) return null
      isAllowed = allows(this.#ir, withRow(rows, model, last), model.name, 'create', claims, String(last['id']))
    }
    if (last === null || (!isAllowed && this.#dice.chance(0.7))) return null
    const given = creatable(model).filter(({ name, default: value, nullable }) => name === 'id' || (value === null && !nullable) || this.#dice.chance(0.8))
    return this.#appValues(model, last, given)
  }

  /** A change of one to three fields of a row, out of those `among`; null if the model has no such field that a client may change. */
  patch(model: Model, row: StoredRow, rows: Tables, among?: readonly string[]): AppValues | null {
    const fields = patchable(model).filter(({ name }) => among?.includes(name) !== false)
    if (fields.length === 0) return null
    const chosen = new Set(Array.from({ length: 1 + this.#dice.below(3) }, () => this.#dice.pick(fields)))
    const entries = [...chosen].flatMap((field) => {
      const value = this.#change(model, field, row, rows)
      return value === undefined ? [] : [[field.name, value] as const]
    })
    return entries.length === 0 ? null : Object.fromEntries(entries)
  }

  /** A write that somebody must refuse; null where the rows at hand allow none of the chosen kind. */
  hostile(model: Model, rows: Tables, claims: WireRecord): Hostile | null {
    const base = this.create(model, rows, claims)
    const known = [...(rows.get(model.name)?.values() ?? [])]
    const row = known.length > 0 && this.#dice.chance(0.5) ? this.#dice.pick(known) : null
    const fields = row === null ? creatable(model).filter(({ name }) => name !== 'id') : patchable(model)
    if (fields.length === 0 || (row === null && base === null)) return null
    const field = this.#dice.pick(fields)
    const write = (values: AppValues, rest: Pick<Hostile, 'fault' | 'refusedBy'>): Hostile => {
      const whole = row === null ? { ...base, ...values } : values
      return { op: row === null ? 'create' : 'update', id: row?.id ?? null, values: whole, field: field.name, ...rest }
    }
    const fixed = model.fields.find((each) => each.readonly && !each.serverOnly)
    if (fixed !== undefined && this.#dice.chance(0.1)) {
      const values = { [fixed.name]: this.#appValue(model, fixed, randomValue(this.#dice, this.#ir, fixed.type)) }
      return { ...write(values, { fault: 'readonly', refusedBy: 'client' }), field: fixed.name }
    }
    if (field.reference !== null && this.#dice.chance(0.6)) {
      return write({ [field.name]: randomUuid(this.#dice) }, { fault: 'dangling', refusedBy: 'server' })
    }
    const others = known.filter(({ id }) => id !== row?.id)
    if (field.unique && others.length > 0 && this.#dice.chance(0.8)) {
      const taken = this.#dice.pick(others).values[field.name] ?? null
      if (taken === null) return null
      return write({ [field.name]: this.#appValue(model, field, taken) }, { fault: 'duplicate', refusedBy: 'server' })
    }
    if (row === null && field.default === null && !field.nullable && this.#dice.chance(0.1)) {
      return write({ [field.name]: undefined }, { fault: 'missing', refusedBy: 'client' })
    }
    if (row !== null && field.conflict === 'counter') {
      const added = this.#dice.pick<unknown>([Number.NaN, Infinity, '1', null, 0.5, 2 ** 53])
      return write({ [field.name]: { add: added } }, { fault: 'value', refusedBy: 'client' })
    }
    if (row !== null && field.conflict === 'set' && field.type.kind === 'list' && this.#dice.chance(0.5)) {
      const element = randomElement(this.#dice, this.#ir, field.type.of)
      return write({ [field.name]: { add: [element], remove: [element] } }, { fault: 'value', refusedBy: 'client' })
    }
    const value = hostileValue(this.#dice, field.type, field.nullable)
    // To add nothing to a set and take nothing away is no edit.
    if (row !== null && field.conflict === 'set' && JSON.stringify(value) === '{}') return null
    return write({ [field.name]: value }, { fault: 'value', refusedBy: 'client' })
  }

  /** A whole valid row, `readonly` and `serverOnly` fields included, as another program would insert it. */
  row(model: Model, rows: Tables): WireRecord | null {
    return this.#newRow(model, rows, () => [])
  }

  /** A value for a field as SQL would set it; undefined where a reference has nothing to lead to. */
  value(field: Field, rows: Tables): Wire | undefined {
    if (field.reference === null) {
      if (field.nullable && this.#dice.chance(0.2)) return null
      const value = randomValue(this.#dice, this.#ir, field.type, this.#marked(field))
      return field.conflict === 'set' ? [...new Set(value as readonly Wire[])] : value
    }
    const targets = [...(rows.get(field.reference.model)?.keys() ?? [])]
    if (field.nullable && (targets.length === 0 || this.#dice.chance(0.3))) return null
    return targets.length === 0 ? undefined : this.#dice.pick(targets)
  }

  #newRow(model: Model, rows: Tables, wishes: (field: Field) => readonly Wire[]): WireRecord | null {
    const values: Record<string, Wire> = { id: randomUuid(this.#dice) }
    for (const field of model.fields) {
      if (field.implicit) continue
      const wished = wishes(field).filter((value) => value !== null || field.nullable)
      const value = wished.length > 0 && this.#dice.chance(0.9) ? this.#dice.pick(wished) : this.value(field, rows)
      if (value === undefined) return null
      values[field.name] = value
    }
    return values
  }

  /** Undefined: this field can not be changed to anything. */
  #change(model: Model, field: Field, row: StoredRow, rows: Tables): unknown {
    if (field.conflict === 'counter') return { add: this.#amount(field, row) }
    if (field.conflict === 'set' && this.#dice.chance(0.8)) return this.#elements(field, row)
    const value = this.value(field, rows)
    return value === undefined ? undefined : this.#appValue(model, field, value)
  }

  /** Something new, and now and then something less. */
  #elements(field: Field, row: StoredRow): { readonly add: readonly Wire[]; readonly remove: readonly Wire[] } {
    const present = [...new Set(row.values[field.name] as readonly Wire[])]
    const remove = this.#dice.chance(0.25) ? this.#dice.some(present, 0.3) : []
    const drawn = this.value({ ...field, nullable: false }, new Map()) as readonly Wire[]
    return { add: drawn.filter((element) => !remove.includes(element)), remove }
  }

  /** Small whole amounts keep a float exact, and a counter far from its ends. */
  #amount(field: Field, row: StoredRow): number {
    const value = Number(row.values[field.name] ?? 0)
    const amount = 1 + this.#dice.below(3)
    return value > 1_000_000 ? -amount : value < -1_000_000 ? amount : this.#dice.pick([amount, -amount])
  }

  #marked(field: Field): string | undefined {
    return field.unique || this.#dice.chance(0.7) ? this.#mark() : undefined
  }

  #appValues(model: Model, row: WireRecord, fields: readonly Field[]): AppValues {
    return Object.fromEntries(fields.map((field) => [field.name, this.#appValue(model, field, row[field.name] ?? null)]))
  }

  /** Now and then in a form that is not canonical, but means the same. */
  #appValue(model: Model, field: Field, wire: Wire): unknown {
    const value = fromWire(this.#fieldOf(model, field), wire)
    if (typeof value !== 'string' || this.#dice.chance(0.8)) return value
    if (field.type.kind === 'uuid') return value.toUpperCase()
    return field.type.kind === 'decimal' && field.type.scale > 0 ? value.replace(/0$/, '').replace(/\.$/, '') : value
  }

  #fieldOf(model: Model, field: Field): FieldDescriptor {
    const found = this.#descriptor.models[model.name]?.fields[field.name]
    if (found === undefined) throw new Error(`${model.name}.${field.name} does not travel`)
    return found
  }
}

/** Fields that a client may give a new row. */
export const creatable = (model: Model): readonly Field[] =>
  model.fields.filter(({ name, implicit, readonly, serverOnly }) => name === 'id' || !(implicit || readonly || serverOnly))

/** Fields that a client may change. */
export const patchable = (model: Model): readonly Field[] =>
  model.fields.filter(({ implicit, readonly, serverOnly, immutable }) => !(implicit || readonly || serverOnly || immutable))

/** Rows with one more. */
const withRow = (rows: Tables, model: Model, values: WireRecord): Tables => {
  const id = String(values['id'])
  return new Map(rows).set(model.name, new Map(rows.get(model.name)).set(id, { id, version: '0', values }))
}

/** Comparisons for equality that a rule makes of the model's own fields, whether or not they have to hold. */
const equalities = (rule: Predicate): ReadonlyMap<string, readonly Operand[]> => {
  const found = new Map<string, readonly Operand[]>()
  const visit = (predicate: Predicate): void => {
    if (predicate.kind === 'all' || predicate.kind === 'any') predicate.of.forEach(visit)
    if (predicate.kind === 'compare' && predicate.op === 'eq') found.set(predicate.field, [...(found.get(predicate.field) ?? []), predicate.value])
    if (predicate.kind === 'in' && !predicate.negated) found.set(predicate.field, [...(found.get(predicate.field) ?? []), ...predicate.values])
  }
  visit(rule)
  return found
}

const wishesOf = (wishes: ReadonlyMap<string, readonly Operand[]>, field: Field, claims: WireRecord): readonly Wire[] =>
  (wishes.get(field.name) ?? []).map((operand) => (operand.kind === 'literal' ? operand.value : (claims[operand.name] ?? null)))
