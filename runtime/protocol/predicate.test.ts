import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { BaseRow, FieldDescriptor, ModelDescriptor, RelationDescriptor } from './descriptor.js'
import { SyncError } from './errors.js'
import { type CompiledWhere, type Where, type World, compileWhere } from './predicate.js'

const uuid = (number: number): string => `0190a5a0-0000-7000-8000-${number.toString(16).padStart(12, '0')}`

const model = (
  name: string,
  fields: Readonly<Record<string, FieldDescriptor>>,
  relations: Readonly<Record<string, RelationDescriptor>> = {},
): ModelDescriptor => ({
  name,
  plural: `${name.toLowerCase()}s`,
  fields: { id: { type: 'uuid' }, ...fields },
  relations,
  timestamps: false,
  deleteConflict: 'delete-wins',
  decode: () => ({ id: '' }),
  encode: () => [],
})

const models: Readonly<Record<string, ModelDescriptor>> = {
  Project: model('Project', { title: { type: 'string' } }, { tasks: { kind: 'many', model: 'Task', field: 'projectId' } }),
  Task: model(
    'Task',
    {
      projectId: { type: 'uuid', nullable: true },
      text: { type: 'text', nullable: true },
      int: { type: 'int', nullable: true },
      bigint: { type: 'bigint', nullable: true },
      float: { type: 'float', nullable: true },
      decimal: { type: 'decimal', precision: 12, scale: 2, nullable: true },
      boolean: { type: 'boolean', nullable: true },
      timestamp: { type: 'timestamp', nullable: true },
      date: { type: 'date', nullable: true },
      json: { type: 'json', nullable: true },
      uuid: { type: 'uuid', nullable: true },
      bytes: { type: 'bytes', nullable: true },
      state: { type: 'enum', values: ['todo', 'doing', 'done'], nullable: true },
      tags: { type: 'list', of: 'string', nullable: true },
      short: { type: 'string', max: 2, pattern: '^[a-z]+$' },
    },
    {
      project: { kind: 'one', model: 'Project', field: 'projectId' },
      labels: { kind: 'through', model: 'Label', join: 'TaskLabel', near: 'taskId', far: 'labelId' },
    },
  ),
  Label: model('Label', { name: { type: 'string' } }),
  TaskLabel: model('TaskLabel', { taskId: { type: 'uuid' }, labelId: { type: 'uuid' } }),
}

type Row = BaseRow & Readonly<Record<string, unknown>>

const worldOf = (rows: Readonly<Record<string, readonly Row[]>>): World => ({
  models,
  one: (name, id) => rows[name]?.find((row) => row.id === id),
  many: (name, field, id) => (rows[name] ?? []).filter((row) => row[field] === id),
})

const compiled = (name: string, where: Where, world = worldOf({})): CompiledWhere => {
  const found = models[name]
  if (found === undefined) throw new Error(name)
  return compileWhere(found, where, world)
}

const holds = (where: Where, row: Readonly<Record<string, unknown>>): boolean =>
  compiled('Task', where).holds({ id: uuid(1), ...row } as Row)

/** Per type: null and three values that ascend in PostgreSQL's order. */
const ladders = {
  text: [null, 'B', '\uff5e', '😀'],
  int: [null, -2, 9, 10],
  bigint: [null, -1n, 9_007_199_254_740_992n, 9_007_199_254_740_993n],
  float: [null, -0.5, 0.1, 1e300],
  decimal: [null, '-10.00', '9.00', '10.00'],
  timestamp: [null, new Date(-1), new Date(0), new Date(1)],
  date: [null, '0001-01-01', '1999-12-31', '2000-01-01'],
} as const

describe('conditions on a field', () => {
  it.each(Object.entries(ladders))('[W12] %s: the truth table of every comparison, null included', (field, ladder) => {
    for (const [at, value] of ladder.entries()) {
      for (const [other, operand] of ladder.entries()) {
        const both = at > 0 && other > 0
        const row = { [field]: value instanceof Date ? new Date(value) : value }
        const table: Readonly<Record<string, readonly [Where, boolean]>> = {
          eq: [{ [field]: operand }, at === other],
          not: [{ [field]: { not: operand } }, at !== other],
          lt: [{ [field]: { lt: operand } }, both && at < other],
          lte: [{ [field]: { lte: operand } }, both && at <= other],
          gt: [{ [field]: { gt: operand } }, both && at > other],
          gte: [{ [field]: { gte: operand } }, both && at >= other],
          in: [{ [field]: { in: [operand] } }, at === other],
          notIn: [{ [field]: { notIn: [operand] } }, at !== other],
          inAll: [{ [field]: { in: [operand, ladder[1]] } }, at === other || at === 1],
          inWithNull: [{ [field]: { in: [operand, null] } }, at === other || at === 0],
          notInWithNull: [{ [field]: { notIn: [operand, null] } }, at !== other && at !== 0],
        }
        for (const [name, [where, expected]] of Object.entries(table)) {
          expect(holds(where, row), `${String(value)} ${name} ${String(operand)}`).toBe(expected)
        }
      }
    }
  })

  it('[W12] booleans, uuids and enums know equality', () => {
    const ladder = { boolean: [null, false, true], uuid: [null, uuid(1), uuid(2)], state: [null, 'todo', 'done'] }
    for (const [field, values] of Object.entries(ladder)) {
      for (const value of values) {
        for (const operand of values) {
          expect(holds({ [field]: operand }, { [field]: value })).toBe(value === operand)
          expect(holds({ [field]: { not: operand } }, { [field]: value })).toBe(value !== operand)
          expect(holds({ [field]: { in: [operand] } }, { [field]: value })).toBe(value === operand)
          expect(holds({ [field]: { notIn: [operand] } }, { [field]: value })).toBe(value !== operand)
        }
      }
    }
  })

  it('[W12] json, bytes and lists can be asked for null', () => {
    for (const [field, value] of Object.entries({ json: { a: 1 }, bytes: Uint8Array.of(1), tags: ['a'] })) {
      expect([holds({ [field]: null }, { [field]: null }), holds({ [field]: null }, { [field]: value })]).toEqual([true, false])
      expect([
        holds({ [field]: { not: null } }, { [field]: null }),
        holds({ [field]: { not: null } }, { [field]: value }),
      ]).toEqual([false, true])
    }
  })

  it('[W12] an empty list of values holds nothing, and excludes nothing', () => {
    for (const value of [null, 'a']) {
      expect(holds({ text: { in: [] } }, { text: value })).toBe(false)
      expect(holds({ text: { notIn: [] } }, { text: value })).toBe(true)
    }
  })

  it('[W12] startsWith and contains know neither wildcards nor case, and are false for null', () => {
    const table: readonly (readonly [string | null, string | null, boolean, boolean])[] = [
      ['100%', '100%', true, true],
      ['1000', '100%', false, false],
      ['a_b', '_', false, true],
      ['a\\b', '\\', false, true],
      ['Straße', 'STRASSE', false, false],
      ['a\nb', 'a\n', true, true],
      ['a', '', true, true],
      ['', '', true, true],
      ['', 'a', false, false],
      ['😀a', '😀', true, true],
      ['e\u0301', 'é', false, false],
      [null, '', false, false],
      ['a', null, false, false],
      [null, null, false, false],
    ]
    for (const [value, part, starts, contains] of table) {
      expect(holds({ text: { startsWith: part } }, { text: value }), `${value} starts with ${part}`).toBe(starts)
      expect(holds({ text: { contains: part } }, { text: value }), `${value} contains ${part}`).toBe(contains)
    }
  })

  it('[W12] contains on a list asks for an element', () => {
    for (const [tags, element, expected] of [
      [['a', 'b'], 'b', true],
      [['ab'], 'a', false],
      [[], 'a', false],
      [null, 'a', false],
      [['a'], null, false],
    ] as const) {
      expect(holds({ tags: { contains: element } }, { tags })).toBe(expected)
    }
  })

  it('[W12] several operators, several fields: all of them hold; {} always does', () => {
    expect(holds({ int: { gte: 1, lt: 5, not: 3 } }, { int: 2 })).toBe(true)
    expect(holds({ int: { gte: 1, lt: 5, not: 3 } }, { int: 3 })).toBe(false)
    expect(holds({ int: 2, text: 'a' }, { int: 2, text: 'b' })).toBe(false)
    expect(holds({}, {})).toBe(true)
    expect(holds({ any: [{ int: 1 }, { text: 'a' }] }, { int: 2, text: 'a' })).toBe(true)
    expect(holds({ any: [{ int: 1 }, { text: 'a' }] }, { int: 2, text: 'b' })).toBe(false)
    expect(holds({ any: [], int: 1 }, { int: 1 })).toBe(false)
    expect(holds({ all: [], int: 1 }, { int: 1 })).toBe(true)
    expect(holds({ all: [{ int: { gt: 1 } }, { int: { lt: 3 } }] }, { int: 2 })).toBe(true)
    expect(holds({ all: [{ int: { gt: 1 } }, { int: { lt: 2 } }] }, { int: 2 })).toBe(false)
  })

  it('[W12] an operand is canonical before it is compared, and need not fit max or pattern', () => {
    expect(holds({ decimal: '1.1' }, { decimal: '1.10' })).toBe(true)
    expect(holds({ uuid: uuid(0xabc).toUpperCase() }, { uuid: uuid(0xabc) })).toBe(true)
    expect(holds({ short: { not: 'LONG AND LOUD' } }, { short: 'ab' })).toBe(true)
    expect(holds({ float: -0 }, { float: 0 })).toBe(true)
  })
})

describe('the truth table of docs/schema.md', () => {
  const page = readFileSync(new URL('../../docs/schema.md', import.meta.url), 'utf8')
  /** Fields of the page, and the fields of the model here that are like them. */
  const fields: Readonly<Record<string, string>> = { 'n: int?': 'int', 's: string?': 'text', 'l: string[]?': 'tags' }
  const cells = page
    .split('For a field `')
    .slice(1)
    .flatMap((section) => {
      const [name = '', rest = ''] = section.split('`:', 2)
      const [[, ...heads] = [], , ...lines] = rest
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) =>
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        )
      return lines.flatMap(([condition = '', ...answers]) =>
        answers.map((answer, at) => [name, condition, heads[at] ?? '', answer] as const),
      )
    })

  it.each(cells)('[W12] %s %s for %s: %s', (name, condition, head, answer) => {
    const value = head.endsWith(' is null') ? null : (parse(head.replace(/^\w+ = /, '')) as unknown)
    const field = fields[name] ?? name
    expect(holds({ [field]: parse(condition.slice(1, -1)) as unknown }, { [field]: value })).toBe(answer === 'true')
  })

  it('[W12] is read whole', () => {
    expect(new Set(cells.map(([name]) => name))).toEqual(new Set(Object.keys(fields)))
    expect(cells.length).toBeGreaterThanOrEqual(60)
    expect(cells.every(([, , , answer]) => answer === 'true' || answer === 'false')).toBe(true)
  })
})

describe('relations', () => {
  const [inside, outside, none, lost] = [uuid(1), uuid(2), null, uuid(99)]
  const world = worldOf({
    Project: [
      { id: uuid(1), title: 'Inside' },
      { id: uuid(2), title: 'Outside' },
      { id: uuid(3), title: 'Empty' },
    ],
    Task: [
      { id: uuid(11), projectId: uuid(1), int: 1 },
      { id: uuid(12), projectId: uuid(1), int: 2 },
      { id: uuid(13), projectId: uuid(2), int: 2 },
    ],
    Label: [
      { id: uuid(21), name: 'red' },
      { id: uuid(22), name: 'blue' },
    ],
    TaskLabel: [
      { id: uuid(31), taskId: uuid(11), labelId: uuid(21) },
      { id: uuid(32), taskId: uuid(11), labelId: uuid(22) },
      { id: uuid(33), taskId: uuid(12), labelId: uuid(22) },
      { id: uuid(34), taskId: uuid(13), labelId: lost },
    ],
  })
  const matching = (name: string, where: Where, ids: readonly string[]): readonly string[] => {
    const { holds: test } = compiled(name, where, world)
    return ids.filter((id) => test(world.one(name, id) ?? { id }))
  }
  const tasks = [uuid(11), uuid(12), uuid(13)]
  const projects = [uuid(1), uuid(2), uuid(3)]

  it('[W13] to-one: the row is there and matches; a null reference and a row that is not there do not', () => {
    const { holds: test } = compiled('Task', { project: { title: 'Inside' } }, world)
    const answers = [inside, outside, none, lost].map((projectId) => test({ id: uuid(50), projectId } as Row))
    expect(answers).toEqual([true, false, false, false])
    const { holds: exists } = compiled('Task', { project: {} }, world)
    expect([inside, outside, none, lost].map((projectId) => exists({ id: uuid(50), projectId } as Row))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('[W13] to-many: some row; none: no row; every: no row that does not match', () => {
    expect(matching('Project', { tasks: { int: 1 } }, projects)).toEqual([uuid(1)])
    expect(matching('Project', { tasks: {} }, projects)).toEqual([uuid(1), uuid(2)])
    expect(matching('Project', { tasks: { none: { int: 1 } } }, projects)).toEqual([uuid(2), uuid(3)])
    expect(matching('Project', { tasks: { none: {} } }, projects)).toEqual([uuid(3)])
    expect(matching('Project', { tasks: { every: { int: 2 } } }, projects)).toEqual([uuid(2), uuid(3)])
    expect(matching('Project', { tasks: { every: { int: 2 }, none: { int: 3 } } }, projects)).toEqual([uuid(2), uuid(3)])
    expect(matching('Project', { tasks: { every: { int: { gt: 0 } }, none: { int: 1 } } }, projects)).toEqual([uuid(2), uuid(3)])
  })

  it('[W13] through a join table: some far row that is there', () => {
    expect(matching('Task', { labels: { name: 'red' } }, tasks)).toEqual([uuid(11)])
    expect(matching('Task', { labels: { name: 'blue' } }, tasks)).toEqual([uuid(11), uuid(12)])
    expect(matching('Task', { labels: {} }, tasks)).toEqual([uuid(11), uuid(12)])
    expect(matching('Task', { labels: { none: { name: 'red' } } }, tasks)).toEqual([uuid(12), uuid(13)])
    expect(matching('Task', { labels: { every: { name: 'blue' } } }, tasks)).toEqual([uuid(12), uuid(13)])
  })

  it('[W13] relations nest', () => {
    expect(matching('Project', { tasks: { labels: { name: 'red' }, project: { title: 'Inside' } } }, projects)).toEqual([uuid(1)])
  })

  it('[W15] it reports the models it reads and the fields it fixes', () => {
    const all = compiled('Task', {
      projectId: uuid(1).toUpperCase(),
      state: { in: ['todo'] },
      int: { gt: 1 },
      all: [{ boolean: true }, { any: [{ text: 'a' }] }],
      any: [{ decimal: '1.00' }],
      date: null,
      labels: { name: 'red' },
      project: { tasks: { none: { text: 'x' } } },
    })
    expect([...all.models].sort()).toEqual(['Label', 'Project', 'Task', 'TaskLabel'])
    expect(Object.fromEntries(all.equalities)).toEqual({ projectId: uuid(1), state: 'todo', boolean: true, date: null })
    expect([...compiled('Label', {}).models]).toEqual(['Label'])
    expect(compiled('Label', { name: { in: ['a', 'b'] } }).equalities.size).toBe(0)
  })
})

describe('what cannot be understood', () => {
  const wrong: Readonly<Record<string, unknown>> = {
    'unknown field': { nope: 1 },
    'a member of Object.prototype': { constructor: 1 },
    'own __proto__': JSON.parse('{"__proto__":{"int":1}}'),
    'toString as relation': { toString: { int: 1 } },
    'unknown operator': { int: { between: [1, 2] } },
    'operator of Object.prototype': { int: { valueOf: 1 } },
    'no operator': { int: {} },
    'undefined value': { int: undefined },
    'undefined operand': { int: { not: undefined } },
    'wrong type': { int: '1' },
    'wrong type in a list': { int: { in: [1, '2'] } },
    'not a list': { int: { in: 1 } },
    'unknown label': { state: 'nope' },
    'too many digits': { decimal: '1.005' },
    'list as value': { tags: ['a'] },
    'json as value': { json: { not: { a: 1 } } },
    'bytes as value': { bytes: Uint8Array.of(1) },
    'order of a boolean': { boolean: { lt: true } },
    'order of an enum': { state: { lt: 'todo' } },
    'order of a uuid': { uuid: { lt: uuid(1) } },
    'startsWith on a number': { int: { startsWith: '1' } },
    'contains on an enum': { state: { contains: 'o' } },
    'a lone surrogate': { text: { contains: '\ud800' } },
    'relation as value': { project: uuid(1) },
    'unknown field behind a relation': { project: { nope: 1 } },
    'none on a to-one relation': { project: { none: {} } },
    'none beside a field': { labels: { none: {}, name: 'red' } },
    'any without a list': { any: { int: 1 } },
    'any with a value': { any: [1] },
    'an array': [],
    null: null,
    'a class instance': new Date(0),
  }

  it.each(Object.entries(wrong))('[W14] %s is refused', (_, where) => {
    const refusal = (): unknown => compiled('Task', where as Where)
    expect(refusal).toThrow(SyncError)
    expect(refusal).toThrow(expect.objectContaining({ code: 'invalid-value' }) as Error)
  })

  it('[W14] a name inherited by the where is not one of its conditions', () => {
    expect(holds(Object.assign(Object.create(null) as object, { int: 1 }) as Where, { int: 1 })).toBe(true)
    expect(() => compiled('Task', Object.create({ int: 1 }) as Where)).toThrow(SyncError)
  })
})
