/** Values of every type: those that engines treat differently most easily, and those that must be refused. */
import type { Wire } from 'syncgen/protocol'
import type { FieldType, ListElement, Schema } from '../../../generator/model.js'
import type { Dice } from '../../postgres/random.js'

/** A wire value of the type that every layer accepts. With a `mark`, a text that nobody else writes. */
export const randomValue = (dice: Dice, ir: Pick<Schema, 'enums'>, type: FieldType, mark?: string): Wire => {
  switch (type.kind) {
    case 'string':
    case 'text':
      return randomText(dice, type, mark)
    case 'int':
      return dice.chance(0.8) ? dice.below(5) : dice.pick([-1, 2_147_483_647, -2_147_483_648])
    case 'bigint':
      return dice.pick(['0', '1', '2', '-1', '9007199254740993', '9223372036854775807', '-9223372036854775808'])
    case 'float':
      return dice.pick([0, 0.5, 1, 2, -1, 0.1 + 0.2, 1e21, 1e-7, 1e300, Number.MIN_VALUE])
    case 'decimal':
      return randomDecimal(dice, type.precision, type.scale)
    case 'boolean':
      return dice.chance(0.5)
    case 'timestamp':
      return dice.chance(0.8) ? `2026-01-0${1 + dice.below(4)}T12:00:00.00${dice.below(3)}Z` : dice.pick(['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'])
    case 'date':
      return dice.chance(0.8) ? `2026-01-0${1 + dice.below(4)}` : dice.pick(['0001-01-01', '9999-12-31', '2024-02-29'])
    case 'json':
      return mark === undefined ? dice.pick<Wire>(documents) : dice.pick<Wire>([{ mark }, [mark, { a: 1 }], { b: [], a: { mark } }])
    case 'uuid':
      return randomUuid(dice)
    case 'bytes':
      return dice.pick(['', 'AA==', 'AAA=', '/w==', '+/+/', 'AAEC'])
    case 'enum':
      return dice.pick(valuesOf(ir, type.enum))
    case 'list':
      return Array.from({ length: dice.below(4) }, (_, at) => randomElement(dice, ir, type.of, at === 0 ? mark : undefined))
  }
}

/** Patterns of which texts can be drawn: those of the simulation's schemas. */
export const patterns: Readonly<Record<string, (dice: Dice, mark: string) => string>> = {
  '^#[0-9a-f]{6}$': (dice) => `#${Array.from({ length: 6 }, () => dice.pick([...'0123456789abcdef'])).join('')}`,
  '^[a-z0-9:]*$': (_, mark) => mark,
  '^[^A-Z]+$': (_, mark) => `${mark}ß`,
  '^(ab|cd){1,3}$': (dice) => Array.from({ length: 1 + dice.below(3) }, () => dice.pick(['ab', 'cd'])).join(''),
}

export const randomUuid = (dice: Dice): string => {
  const hex = Array.from({ length: 32 }, (_, at) => (at === 12 ? '7' : at === 16 ? '8' : dice.below(16).toString(16))).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What an app could try to write, as TypeScript values, that no layer may let through. Null where there is no such value. */
export const hostileValue = (dice: Dice, type: FieldType, nullable: boolean): unknown => {
  const pool = hostileValues(type)
  return !nullable && dice.chance(0.1) ? null : dice.pick(pool)
}

const hostileValues = (type: FieldType): readonly unknown[] => {
  switch (type.kind) {
    case 'string':
      return [
        ...hostileTexts,
        ...(type.max === null ? [] : ['x'.repeat(type.max + 1), '😀'.repeat(type.max + 1)]),
        ...(type.pattern === null ? [] : ['MISFIT\n']),
      ]
    case 'text':
      return hostileTexts
    case 'int':
      return [2 ** 31, -(2 ** 31) - 1, 2 ** 53 + 2, 1.5, Number.NaN, Infinity, 1n, '1']
    case 'bigint':
      return [2n ** 63n, -(2n ** 63n) - 1n, 1, '1']
    case 'float':
      return [Number.NaN, Infinity, -Infinity, '1', 1n]
    case 'decimal':
      return ['1'.repeat(type.precision - type.scale + 1), `0.${'0'.repeat(type.scale)}1`, 'NaN', 'Infinity', '', '1e3', ' 1', 1]
    case 'boolean':
      return ['true', 1, 0]
    case 'timestamp':
      return [new Date(Number.NaN), new Date(8.64e15), new Date('-000001-01-01T00:00:00Z'), '2026-01-01T00:00:00Z', 0]
    case 'date':
      return ['infinity', '2026-02-30', '2026-1-1', '0000-01-01', '10000-01-01', new Date(0)]
    case 'json':
      return [{ a: Number.NaN }, { a: 'a\u0000' }, { '\ud800': 1 }, JSON.parse('{"__proto__": 1}'), [1n], new Date(0), new Map()]
    case 'uuid':
      return ['x', '', '0190a5a0-0000-7000-8000-00000000000', '{0190a5a0-0000-7000-8000-000000000000}']
    case 'bytes':
      return ['AA==', [1], new ArrayBuffer(1)]
    case 'enum':
      return ['', 'nothing', 'constructor', 0]
    case 'list':
      return [[null], [['a']], 'a', {}, type.of.kind === 'int' ? [2 ** 31] : ['a\u0000']]
  }
}

const hostileTexts: readonly unknown[] = ['a\u0000b', '\ud800', 'a\udc00', '\udc00\ud800', 1, {}]

const randomText = (dice: Dice, { kind, ...options }: Extract<FieldType, { kind: 'string' | 'text' }>, mark?: string): string => {
  const { max, pattern } = { max: null, pattern: null, ...options }
  const own = mark ?? dice.pick(['a', 'b', 'ab'])
  if (pattern !== null) {
    const draw = patterns[pattern]
    if (draw === undefined) throw new Error(`no text is known that matches ${pattern}`)
    return draw(dice, own)
  }
  const text = mark === undefined ? dice.pick(texts) : dice.chance(0.7) ? mark : `${mark}${dice.pick(texts)}`
  const points = [...text]
  return max === null || points.length <= max ? text : points.slice(0, max).join('')
}

/** An element of a list. */
export const randomElement = (dice: Dice, ir: Pick<Schema, 'enums'>, of: ListElement, mark?: string): Wire =>
  of.kind === 'string' ? (mark ?? dice.pick(texts)) : randomValue(dice, ir, of)

/** In the form that every decimal of the scale has. */
const randomDecimal = (dice: Dice, precision: number, scale: number): string => {
  const fraction = scale === 0 ? '' : `.${dice.pick(['', '1', '5']).padEnd(scale, '0').slice(0, scale)}`
  if (dice.chance(0.1)) return `${dice.pick(['', '-'])}${precision === scale ? '0' : '9'.repeat(precision - scale)}${scale === 0 ? '' : `.${'9'.repeat(scale)}`}`
  const whole = precision === scale ? 0 : dice.below(4)
  const text = `${whole}${fraction}`
  return dice.chance(0.1) && /[1-9]/.test(text) ? `-${text}` : text
}

const valuesOf = (ir: Pick<Schema, 'enums'>, name: string): readonly string[] =>
  (ir.enums.find((each) => each.name === name)?.values ?? []).map((value) => value.name)

const texts = ['', 'a', 'A', 'ab', 'b', 'ö', 'o\u0308', '😀', '\uffff', '%', 'a_b', '\\', "'", '"', '{a,b}', 'NULL', '$1', '\n', '\u0001', '\u2028'] as const

const documents = [0, 1.5, '', 'a', true, false, [], {}, { a: 1 }, { b: [1, { c: null }], a: '😀' }, [null], { '': 'x' }, 1e300] as const
