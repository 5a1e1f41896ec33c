/** A schema that changes at random, as somebody could change it: names, types, nullability, defaults, values, models, indexes. */
import type { Field, FieldType, Model, Schema } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'
import { notation } from '../../simulation/schema/draw-schema.js'
import { randomValue } from '../../simulation/schema/random-value.js'
import { changeField, type FieldEntry, withoutValue } from './change-field.js'
import { changeRules } from './change-rules.js'

/** A schema file, as far as it is changed. Fields are written out as maps. */
export interface Document {
  readonly enums?: Record<string, (string | Readonly<Record<string, string>>)[]>
  readonly models: Record<string, ModelEntry>
  readonly scopes: Record<string, ScopeEntry> & { readonly everything: ScopeEntry }
}

interface ScopeEntry {
  readonly public: true
  readonly tables: Record<string, object>
}

/** A model as the file has it. */
export interface ModelEntry extends Record<string, unknown> {
  readonly join?: Record<string, string | Record<string, unknown>>
  fields?: Record<string, FieldEntry>
  indexes?: (string[] | { readonly on: string[] })[]
  unique?: string[][]
}

/** A drawn document in which everybody may do everything, and one scope holds all: what is tried is the change. */
export const opened = (drawn: Document): Document => {
  const models = Object.entries(drawn.models).map(([name, { access: _, ...model }]): readonly [string, ModelEntry] => [
    name,
    { ...model, public: true, ...(model.fields === undefined ? {} : { fields: mapped(model.fields, (field) => (typeof field === 'string' ? { type: field } : field)) }), access: { read: {}, write: {} } },
  ])
  return { ...drawn, models: Object.fromEntries(models), scopes: { everything: { public: true, tables: Object.fromEntries(models.map(([name]) => [name, {}])) } } }
}

/** What somebody did to a schema. */
export interface Changed {
  readonly document: Document
  /** In words. */
  readonly changes: readonly string[]
  /** SQL that makes rows of before fit, which somebody ran before. */
  readonly tidy: readonly string[]
}

/** One to four changes. `ir` is the schema of the document. `mayTidy`: whether somebody can see to it that rows fit. */
export const changed = (dice: Dice, before: Document, ir: Schema, mayTidy: boolean): Changed => {
  const change = new Change(dice, settled(before), ir, mayTidy)
  const changes: string[] = []
  for (let wanted = 1 + dice.below(4), tries = 0; changes.length < wanted && tries < 30; tries++) {
    const what = change.draw()
    if (what !== null) changes.push(what)
  }
  return { document: change.document, changes, tidy: change.tidy }
}

/** Without what was said of earlier changes. */
const settled = (document: Document): Document => {
  const copy = structuredClone(document) as Document
  for (const model of Object.values(copy.models)) {
    delete model['was']
    for (const side of Object.values(model.join ?? {})) if (typeof side === 'object') delete side['was']
    for (const field of Object.values(model.fields ?? {})) for (const key of ['was', 'backfill', 'convert']) delete field[key]
  }
  for (const values of Object.values(copy.enums ?? {})) {
    const kept = values.flatMap((value) => (typeof value === 'string' ? value : value['to'] === undefined ? (value['name'] ?? '') : []))
    values.splice(0, values.length, ...kept)
  }
  return copy
}

class Change {
  readonly document: Document
  readonly tidy: string[] = []
  readonly #dice: Dice
  readonly #ir: Schema
  readonly #mayTidy: boolean
  /** What was changed already: each thing once. */
  readonly #touched = new Set<string>()
  #count = 0

  constructor(dice: Dice, document: Document, ir: Schema, mayTidy: boolean) {
    this.#dice = dice
    this.#mayTidy = mayTidy
    this.document = document
    this.#ir = ir
  }

  /** Makes one change; null: the drawn one does not apply. */
  draw(): string | null {
    const dice = this.#dice
    const model = dice.pick(this.#ir.models)
    const entry = this.document.models[model.name]
    const roll = dice.next()
    if (roll < 0.02) return this.#addModel()
    if (entry === undefined || this.#touched.has(model.name)) return null
    if (roll < 0.05) return this.#dropModel(model)
    if (roll < 0.08) return this.#renameModel(model, entry)
    if (roll < 0.12) return this.#settings(model, entry)
    if (roll < 0.19) return changeRules(dice, this.#ir, this.document, model, entry)
    if (roll < 0.26) return this.#enum()
    if (roll < 0.36) return this.#addField(model, entry)
    const fields = model.fields.filter((field) => entry.fields?.[nameOf(field)] !== undefined && !this.#touched.has(`${model.name}.${field.name}`))
    if (fields.length === 0) return null
    const field = dice.pick(fields)
    const what = this.#field(model, entry, field, entry.fields?.[nameOf(field)] ?? {})
    if (what === null) return null
    this.#touched.add(`${model.name}.${field.name}`)
    return `${model.name}.${field.name}: ${what}`
  }

  #addModel(): string {
    const name = this.#fresh('Added')
    const target = this.#dice.pick(Object.keys(this.document.models))
    const fields: Record<string, FieldEntry> = { said: { type: 'string?' }, leads: { ref: `${target}?`, onDelete: 'setNull' } }
    this.document.models[name] = { public: true, fields, access: { read: {}, write: {} } }
    this.document.scopes.everything.tables[name] = {}
    this.#touched.add(name)
    return `model ${name} added`
  }

  #dropModel({ name }: Model): string | null {
    const isNeeded = this.#ir.models.some((each) => each.name !== name && each.fields.some(({ reference }) => reference?.model === name))
    if (isNeeded || Object.keys(this.document.models).length < 2 || JSON.stringify(this.document.models).includes(`"${name}?"`)) return null
    delete this.document.models[name]
    delete this.document.scopes.everything.tables[name]
    delete this.document.scopes['more']
    return `model ${name} dropped`
  }

  #renameModel({ name }: Model, entry: ModelEntry): string {
    const now = this.#fresh('Renamed')
    const refers = (text: string): string => text.replace(new RegExp(`^${name}(?![A-Za-z0-9])`), now)
    const models = Object.entries(this.document.models).map(([each, model]): readonly [string, ModelEntry] => {
      for (const field of Object.values(model.fields ?? {})) if (typeof field['ref'] === 'string') field['ref'] = refers(field['ref'])
      for (const [side, reference] of Object.entries(model.join ?? {})) {
        if (model.join === undefined) continue
        model.join[side] = typeof reference === 'string' ? refers(reference) : { ...reference, ref: refers(String(reference['ref'])) }
      }
      return each === name ? [now, { ...entry, was: name }] : [each, model]
    })
    for (const each of Object.keys(this.document.models)) delete this.document.models[each]
    Object.assign(this.document.models, Object.fromEntries(models))
    const { tables } = this.document.scopes.everything
    tables[now] = tables[name] ?? {}
    delete tables[name]
    delete this.document.scopes['more']
    this.#touched.add(now)
    return `model ${name} is ${now}`
  }

  #settings(model: Model, entry: ModelEntry): string | null {
    const dice = this.#dice
    switch (dice.below(4)) {
      case 0:
        entry['timestamps'] = !model.timestamps
        return `${model.name}: timestamps ${model.timestamps ? 'off' : 'on'}`
      case 1:
        entry['capture'] = model.capture === 'row' ? 'statement' : 'row'
        return `${model.name}: capture`
      case 2:
        entry['table'] = this.#fresh('table').toLowerCase()
        return `${model.name}: table`
      default: {
        const field = model.fields.find(({ type, implicit, serverOnly }) => !implicit && !serverOnly && ['int', 'string', 'boolean', 'date'].includes(type.kind))
        if (field === undefined) return null
        this.#touched.add(`${model.name}.${field.name}`)
        entry.indexes = [...(entry.indexes ?? []), [field.name, 'id']]
        return `${model.name}: index on ${field.name}`
      }
    }
  }

  #enum(): string | null {
    const name = this.#dice.pick(['Kind', 'Mood'])
    const values = this.document.enums?.[name]
    const old = this.#ir.enums.find((each) => each.name === name)?.values.map((value) => value.name) ?? []
    if (values === undefined || this.#touched.has(name)) return null
    this.#touched.add(name)
    const last = old.at(-1) ?? ''
    const isUsed = JSON.stringify([this.document.models, this.document.scopes]).includes(`"${last}"`)
    const roll = this.#dice.next()
    if (roll < 0.4 || isUsed || old.length < 2) {
      values.unshift(this.#fresh('value'))
      return `enum ${name} has one more value`
    }
    values.pop()
    if (roll > 0.85 && this.#mayTidy) {
      this.tidy.push(...withoutValue(this.#ir, name, last, old[0] ?? ''))
      return `enum ${name}: ${last} goes, and no row has it`
    }
    values.push(roll < 0.7 ? { name: this.#fresh('value'), was: last } : { name: last, to: old[0] ?? '' })
    return `enum ${name}: ${last} is ${roll < 0.7 ? 'renamed' : 'dropped'}`
  }

  #addField(model: Model, entry: ModelEntry): string | null {
    const dice = this.#dice
    const name = this.#fresh('added')
    const type = dice.pick(newTypes)
    const field: FieldEntry = { type: notation({ type, nullable: true }) }
    const roll = dice.next()
    let how = 'nullable'
    if (roll >= 0.25) {
      field['type'] = notation({ type, nullable: false })
      const value = randomValue(dice, this.#ir, type)
      const from = this.#source(model, type)
      if (roll < 0.5) field['default'] = value
      else field['backfill'] = roll < 0.65 || from === null ? value : from
      if (roll > 0.85) field['default'] = randomValue(dice, this.#ir, type)
      how = roll < 0.5 ? 'with a default' : `with a backfill ${JSON.stringify(field['backfill'])}`
    } else if (roll < 0.08) {
      delete field['type']
      Object.assign(field, { ref: `${dice.pick(Object.keys(this.document.models))}?`, onDelete: 'setNull' })
    }
    entry.fields = { ...entry.fields, [name]: field }
    this.#touched.add(`${model.name}.${name}`)
    return `${model.name}.${name} added, ${how}`
  }

  /** What a new field of the type can be worked out from: fields that stay as they are. */
  #source(model: Model, type: FieldType): object | null {
    const dice = this.#dice
    const stays = model.fields.filter(({ implicit, serverOnly, name }) => !implicit && !serverOnly && !this.#touched.has(`${model.name}.${name}`))
    const taken = (field: Field): string => {
      this.#touched.add(`${model.name}.${field.name}`)
      return `$row.${field.name}`
    }
    const textual = stays.filter(({ type: { kind } }) => ['int', 'bigint', 'decimal', 'boolean', 'uuid', 'date', 'string', 'text', 'enum'].includes(kind))
    if (type.kind === 'text' && textual.length > 0) {
      return dice.pick<object>([
        { upper: { concat: ['Ä ', { coalesce: [{ text: taken(dice.pick(textual)) }, "it's $$ none"] }] } },
        { match: taken(dice.pick(textual)), cases: { a: 'one', 0: 'two', true: 'three' }, else: { text: '$row.id' } },
      ])
    }
    // What comes of it fits.
    const numbers = stays.filter(({ type }) => type.kind === 'int' || (type.kind === 'decimal' && type.precision - type.scale < 14))
    if (type.kind === 'decimal' && numbers.length > 0) return { add: [{ multiply: [{ coalesce: [taken(dice.pick(numbers)), 0] }, 0.005] }, 0.125] }
    return null
  }

  #field(model: Model, entry: ModelEntry, field: Field, written: FieldEntry): string | null {
    const dice = this.#dice
    const isIndexed = model.indexes.some(({ fields }) => fields.includes(field.name))
    const roll = dice.next()
    if (roll < 0.07) {
      if (isIndexed) return null
      delete entry.fields?.[nameOf(field)]
      return 'dropped'
    }
    if (roll < 0.14) {
      if (isIndexed) return null
      const now = this.#fresh('renamed')
      entry.fields = Object.fromEntries(Object.entries(entry.fields ?? {}).map(([name, each]) => (name === nameOf(field) ? [now, { ...each, was: name }] : [name, each])))
      this.#touched.add(`${model.name}.${now}`)
      return `is ${now}`
    }
    const tidy = this.#mayTidy ? (sql: string): void => void this.tidy.push(sql) : null
    return changeField({ dice, ir: this.#ir, model, field, written, fresh: (word) => this.#fresh(word), models: Object.keys(this.document.models), tidy })
  }

  #fresh(word: string): string {
    this.#count += 1
    return `${word}${this.#ir.models.reduce((sum, { fields }) => sum + fields.length, 0)}${'abcdefghijklmnop'[this.#count] ?? ''}`
  }
}

/** As the schema says it: references are named without their ending. */
const nameOf = (field: Field): string => field.reference?.relation ?? field.name

const mapped = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

const newTypes: readonly FieldType[] = [
  { kind: 'string', max: null, pattern: null },
  { kind: 'text' },
  { kind: 'text' },
  { kind: 'int' },
  { kind: 'bigint' },
  { kind: 'float' },
  { kind: 'decimal', precision: 16, scale: 2 },
  { kind: 'decimal', precision: 16, scale: 2 },
  { kind: 'boolean' },
  { kind: 'timestamp' },
  { kind: 'date' },
  { kind: 'json', ts: null },
  { kind: 'bytes' },
  { kind: 'list', of: { kind: 'string' } },
]
