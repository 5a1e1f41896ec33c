/** What can happen to one field of a drawn schema. */
import { type Field, type FieldType, type Model, modelOf, type Schema } from '../../../generator/model.js'
import { sqlType, valueLiteral } from '../../../generator/sql/field-types.js'
import { quoted } from '../../../generator/sql/text.js'
import type { Dice } from '../../postgres/random.js'
import { notation } from '../../simulation/schema/draw-schema.js'
import { randomValue } from '../../simulation/schema/random-value.js'

/** A field as the schema file has it, written out as a map. */
export type FieldEntry = Record<string, unknown>

/** Where a field changes. */
export interface FieldPlace {
  readonly dice: Dice
  readonly ir: Schema
  readonly model: Model
  readonly field: Field
  /** Its entry, to be changed. */
  readonly written: FieldEntry
  /** A name that nothing has. */
  readonly fresh: (word: string) => string
  readonly models: readonly string[]
  /** Takes SQL that makes the rows that are there fit; null: there is no telling what rows have by then. */
  readonly tidy: ((sql: string) => void) | null
}

/** Makes one change; in words. Null: the drawn one does not apply. Renames and drops are the model's affair. */
export const changeField = (place: FieldPlace): string | null => place.dice.pick(kinds)(place)

const isPlain = ({ model, field, written }: FieldPlace): boolean =>
  field.reference === null && !field.unique && written['conflict'] === undefined && !model.indexes.some(({ fields }) => fields.includes(field.name))

const column = ({ model, field }: FieldPlace): { readonly table: string; readonly column: string } => ({ table: quoted(model.table), column: quoted(field.column) })

const nullable = ({ field, written }: FieldPlace): string | null => {
  if (field.nullable) return null
  if (field.reference !== null) written['ref'] = `${String(written['ref'])}?`
  else if (written['conflict'] === 'counter' || written['conflict'] === 'set' || typeof written['conflict'] === 'object') return null
  else written['type'] = `${String(written['type'])}?`
  return 'nullable'
}

/** With what its rows get. */
const required = ({ dice, ir, field, written }: FieldPlace): string | null => {
  if (field.reference !== null || !field.nullable) return null
  written['type'] = String(written['type']).replace('?', '')
  const value = field.conflict === 'set' ? [] : randomValue(dice, ir, field.type)
  if (dice.chance(0.5)) written['default'] = value
  else written['backfill'] = value
  return `never null, ${JSON.stringify(value)} instead`
}

/** Rows have none that is null, somebody says. */
const requiredUnseen = (place: FieldPlace): string | null => {
  const { dice, ir, field, written, tidy } = place
  if (tidy === null || !field.nullable || field.unique || field.default !== null) return null
  const { table, column: own } = column(place)
  if (field.reference === null) {
    written['type'] = String(written['type']).replace('?', '')
    const value = valueLiteral(field.type, field.conflict === 'set' ? [] : randomValue(dice, ir, field.type))
    tidy(`update ${table} set ${own} = ${value} where ${own} is null`)
  } else {
    written['ref'] = String(written['ref']).replace('?', '')
    if (written['onDelete'] === 'setNull') written['onDelete'] = 'cascade'
    const target = modelOf(ir, field.reference.model)
    tidy(`update ${table} set ${own} = (select id from ${quoted(target.table)} order by id limit 1) where ${own} is null`)
  }
  return 'never null, and no row is'
}

const widened = (place: FieldPlace): string | null => {
  const { dice, field, written } = place
  if (field.reference !== null || written['conflict'] !== undefined) return null
  const wider = widerOf(dice, field.type)
  return wider === null ? null : retyped(place, wider)
}

const widerOf = (dice: Dice, type: FieldType): FieldType | null => {
  switch (type.kind) {
    case 'int':
      return dice.pick([{ kind: 'bigint' }, { kind: 'decimal', precision: 30, scale: 2 }] as const)
    case 'string':
    case 'enum':
      return { kind: 'text' }
    case 'decimal':
      return { kind: 'decimal', precision: type.precision + 5, scale: type.scale + 2 }
    default:
      return null
  }
}

const retyped = ({ field, written }: FieldPlace, type: FieldType): string => {
  for (const key of ['max', 'pattern']) delete written[key]
  written['type'] = notation({ type, nullable: field.nullable })
  if (type.kind === 'string' && type.max !== null) written['max'] = type.max
  return `is ${String(written['type'])}${type.kind === 'string' && type.max !== null ? ` of at most ${type.max}` : ''}`
}

/** Rows fit; what was queued may not. */
const narrowed = (place: FieldPlace): string | null => {
  const { dice, ir, field, written, tidy } = place
  if (!isPlain(place) || tidy === null) return null
  const { table, column: own } = column(place)
  const narrower = narrowerOf(field.type)
  if (narrower === null) return null
  const [type, fitting] = narrower
  tidy(`update ${table} set ${own} = ${fitting(own)} where ${own} is distinct from ${fitting(own)}`)
  if (field.default !== null) written['default'] = randomValue(dice, ir, type)
  return retyped(place, type)
}

const narrowerOf = (type: FieldType): readonly [FieldType, (own: string) => string] | null => {
  switch (type.kind) {
    case 'text':
    case 'string':
      return type.kind === 'string' && type.pattern !== null ? null : [{ kind: 'string', max: 3, pattern: null }, (own) => `left(${own}, 3)`]
    case 'bigint':
      return [{ kind: 'int' }, (own) => `case when ${own} between -2147483648 and 2147483647 then ${own} else 0 end`]
    case 'decimal': {
      const whole = type.precision - type.scale
      if (whole < 2 || type.scale < 1) return null
      const [precision, scale] = [type.precision - 2, type.scale - 1]
      return [{ kind: 'decimal', precision, scale }, (own) => `case when abs(round(${own}, ${scale})) < 1e${whole - 1}::numeric then round(${own}, ${scale}) else 0 end`]
    }
    case 'enum':
      return [{ kind: 'string', max: null, pattern: null }, (own) => own]
    default:
      return null
  }
}

/** As PostgreSQL casts. */
const cast = (place: FieldPlace): string | null => {
  const { dice, ir, field, written, tidy } = place
  if (!isPlain(place) || tidy === null) return null
  const { table, column: own } = column(place)
  const ways = castsOf(field.type)
  if (ways.length === 0) return null
  const [type, fitting] = dice.pick(ways)
  if (fitting !== null) tidy(`update ${table} set ${own} = ${fitting(own)} where ${own} is distinct from ${fitting(own)}`)
  if (field.default !== null) written['default'] = randomValue(dice, ir, type)
  return `${retyped(place, type)} as PostgreSQL casts it`
}

type Cast = readonly [to: FieldType, fitting: ((own: string) => string) | null]

const castsOf = (type: FieldType): readonly Cast[] => {
  const asText: Cast = [{ kind: 'text' }, null]
  switch (type.kind) {
    case 'int':
      return [asText, [{ kind: 'boolean' }, null]]
    case 'bigint':
    case 'boolean':
    case 'uuid':
      return [asText]
    case 'date':
      return [asText, [{ kind: 'timestamp' }, null]]
    case 'timestamp':
      return [[{ kind: 'date' }, null]]
    case 'decimal':
      return [asText, [{ kind: 'int' }, (own) => `case when abs(${own}) < 1000000 then ${own} else 0 end`]]
    case 'float':
      return [[{ kind: 'int' }, (own) => `case when abs(${own}) < 1000000 then ${own} else 0 end`]]
    case 'text':
      return [[{ kind: 'int' }, (own) => `case when ${own} ~ '^-?[0-9]{1,9}$' then ${own} else '7' end`]]
    default:
      return []
  }
}

const spoken = ['int', 'bigint', 'boolean', 'date', 'uuid', 'decimal'] as const

/** As the schema says, mostly with a way back. */
const converted = (place: FieldPlace): string | null => {
  const { dice, field, written } = place
  const { type } = field
  if (!isPlain(place) || !(spoken as readonly string[]).includes(type.kind)) return null
  const from = String(written['type'])
  const old = field.nullable ? { coalesce: ['$old', 0] } : '$old'
  delete written['default']
  for (const key of ['max', 'pattern']) delete written[key]
  if (type.kind === 'int' && dice.chance(0.5)) {
    written['type'] = 'decimal(16,2)'
    written['convert'] = { from, as: { multiply: [old, 0.01] }, ...(dice.chance(0.7) ? { back: { multiply: ['$old', 100] } } : {}) }
  } else if (type.kind === 'boolean' && dice.chance(0.6)) {
    written['type'] = 'int'
    written['convert'] = { from, as: { match: '$old', cases: { true: 1, false: 2 }, else: 3 }, back: { match: '$old', cases: { 1: true }, else: false } }
  } else {
    written['type'] = 'string'
    written['convert'] = { from, as: { concat: ['c', field.nullable ? { coalesce: [{ text: '$old' }, 'none'] } : { text: '$old' }] } }
  }
  return `converted from ${from} to ${written['type']}`
}

const serverOnly = (place: FieldPlace): string | null => {
  const { field, written } = place
  if (!isPlain(place) || field.readonly || field.immutable) return null
  if (!field.serverOnly && !field.nullable && field.default === null) return null
  if (field.serverOnly) delete written['serverOnly']
  else written['serverOnly'] = true
  return field.serverOnly ? 'leaves the server' : 'leaves the server no more'
}

const anotherDefault = ({ dice, ir, field, written }: FieldPlace): string | null => {
  if (written['default'] === undefined || field.conflict === 'set') return null
  written['default'] = randomValue(dice, ir, field.type)
  return `default ${JSON.stringify(written['default'])}`
}

const anotherColumn = ({ written, fresh }: FieldPlace): string => {
  written['column'] = fresh('column').toLowerCase()
  return 'column'
}

/** Rows are made to lead nowhere; what is queued leads where it led. */
const retargeted = (place: FieldPlace): string | null => {
  const { dice, ir, field, written, tidy, models } = place
  const { reference } = field
  if (reference === null || !field.nullable || tidy === null) return null
  const others = models.filter((name) => name !== reference.model && ir.models.some((each) => each.name === name && !each.join))
  if (others.length === 0) return null
  const target = dice.pick(others)
  const { table, column: own } = column(place)
  tidy(`update ${table} set ${own} = null where ${own} is not null`)
  written['ref'] = `${target}?`
  delete written['inverse']
  return `leads to ${target}`
}

const onDelete = ({ dice, field, written }: FieldPlace): string | null => {
  if (field.reference === null) return null
  const choices = ['cascade', 'restrict', 'noAction', ...(field.nullable ? ['setNull'] : [])].filter((each) => each !== field.reference?.onDelete)
  written['onDelete'] = dice.pick(choices)
  return `onDelete ${String(written['onDelete'])}`
}

const policy = ({ dice, field, written }: FieldPlace): string | null => {
  if (field.readonly || field.immutable || field.serverOnly || typeof written['conflict'] === 'object') return null
  const { kind } = field.type
  const more = field.nullable ? [] : kind === 'int' ? ['counter', 'counter'] : kind === 'list' ? ['set', 'set'] : []
  const choices = ['latest', 'server', 'client', 'reject', ...more].filter((each) => each !== field.conflict)
  const chosen = dice.pick(choices)
  if (chosen === 'set') written['default'] = []
  written['conflict'] = chosen
  return `conflict ${chosen}`
}

const writing = ({ dice, field, written }: FieldPlace): string | null => {
  if (field.serverOnly || written['conflict'] !== undefined) return null
  const word = dice.pick(['immutable', 'readonly'] as const)
  if (field[word]) {
    delete written[word]
    return `${word} no more`
  }
  if (field.immutable || field.readonly || (word === 'readonly' && !field.nullable && field.default === null)) return null
  written[word] = true
  return word
}

const kinds = [
  ...[nullable, required, requiredUnseen, widened, narrowed, narrowed, cast, cast, converted, converted, serverOnly, serverOnly],
  ...[anotherDefault, anotherColumn, retargeted, retargeted, retargeted, onDelete, onDelete, policy, writing],
]

/** Of a value that goes, and nothing says what becomes of it: rows get another. */
export const withoutValue = ({ models }: Schema, name: string, value: string, other: string): readonly string[] =>
  models.flatMap((model) =>
    model.fields.flatMap(({ type, column: own }) => {
      const [table, place] = [quoted(model.table), quoted(own)]
      if (type.kind === 'enum' && type.enum === name) return [`update ${table} set ${place} = ${valueLiteral(type, other)} where ${place} = ${valueLiteral(type, value)}`]
      if (type.kind !== 'list' || type.of.kind !== 'enum' || type.of.enum !== name) return []
      const gone = valueLiteral({ kind: 'text' }, value)
      return [`update ${table} set ${place} = array_remove(${place}, ${gone}) where ${place} && array[${gone}]::${sqlType(type)}`]
    }),
  )
