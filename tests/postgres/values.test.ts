import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FieldType, Predicate, Scope } from '../../generator/model.js'
import { imageValue } from '../../generator/sql/field-types.js'
import { scopeLineSql } from '../../generator/sql/index.js'
import { any, compare, eq, field, lit, model, schema as schemaOf } from './ir.js'
import { Database } from './database.js'

const fields = [
  field('limited', { kind: 'string', max: 3, pattern: null }, { nullable: true }),
  field('colour', { kind: 'string', max: null, pattern: '^#[0-9a-f]{6}$' }, { nullable: true }),
  field('text', 'text', { nullable: true }),
  field('int', 'int', { nullable: true }),
  field('bigint', 'bigint', { nullable: true }),
  field('float', 'float', { nullable: true }),
  field('decimal', 'decimal', { nullable: true }),
  field('boolean', 'boolean', { nullable: true }),
  field('timestamp', 'timestamp', { nullable: true }),
  field('date', 'date', { nullable: true }),
  field('json', 'json', { nullable: true }),
  field('uuid', 'uuid', { nullable: true }),
  field('bytes', 'bytes', { nullable: true }),
  field('state', { kind: 'enum', enum: 'State' }, { nullable: true }),
  field('tags', { kind: 'list', of: { kind: 'string' } }, { nullable: true }),
  field('numbers', { kind: 'list', of: { kind: 'int' } }, { nullable: true }),
  field('states', { kind: 'list', of: { kind: 'enum', enum: 'State' } }, { nullable: true }),
]
/** Reads every column, so that every column is in the images. */
const readsAll: Predicate = any(...fields.map(({ name, type }) => (type.kind === 'list' ? compare(name, 'contains', lit(type.of.kind === 'int' ? 1 : 'a')) : eq(name, lit(null)))))
/** Columns that have the names of ours, of variables, aliases and keywords. */
const names = ['edited', 'key', 'before', 'after', 'op', 'xid', 'shape', 'fields', 'model', 'was', 'now', 'c', 'n', 'o', 'r', 'i', 'match', 'user', 'select', 'old', 'new', 'new_rows', 'tg_op']
const defaults: readonly (readonly [FieldType, unknown])[] = [
  [{ kind: 'text' }, `it's "quoted" \\ and\nbroken`],
  [{ kind: 'int' }, -5],
  [{ kind: 'bigint' }, '9007199254740993'],
  [{ kind: 'decimal', precision: 12, scale: 2 }, '-0.10'],
  [{ kind: 'float' }, 1e-7],
  [{ kind: 'boolean' }, false],
  [{ kind: 'timestamp' }, '2026-01-31T23:59:59.123Z'],
  [{ kind: 'date' }, '2026-01-31'],
  [{ kind: 'json', ts: null }, { a: [1, "it's"] }],
  [{ kind: 'list', of: { kind: 'string' } }, ['a', 'b,c', '"']],
  [{ kind: 'list', of: { kind: 'int' } }, []],
]
const schema = schemaOf(
  [
    model('Thing', fields, { access: { read: readsAll } }),
    model('Name', names.map((name) => field(name, 'int', { nullable: true })), { access: { read: any(...names.map((name) => eq(name, lit(1)))) } }),
    model('Default', defaults.map(([type, value], at) => field(`f${at}`, type, { default: { value: value as never } }))),
  ],
  [],
  { enums: [{ name: 'State', values: ['a', "it's"].map((name) => ({ name, was: null })), dropped: [], doc: null }] },
)

const one = (name: string): Predicate => eq(name, lit(1))

describe('values', () => {
  let database: Database
  let client: pg.Client
  beforeAll(async () => {
    database = await Database.of(schema)
    client = await database.connect()
    await client.query(`set datestyle to 'SQL, DMY'; set timezone to 'America/St_Johns'; set bytea_output to 'escape'; set extra_float_digits to -10`)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  it.each([
    ['limited', `'abcd'`],
    ['colour', `'#00FF00'`],
    ['colour', `E'#00ff00\\n'`],
    ['float', `'NaN'`],
    ['float', `'infinity'`],
    ['float', `'-infinity'`],
    ['decimal', `'NaN'`],
    ['timestamp', `'infinity'`],
    ['timestamp', `'-infinity'`],
    ['timestamp', `'9999-12-31 23:59:59.9996+00'`],
    ['timestamp', `'0001-12-31 00:00:00+00 BC'`],
    ['date', `'infinity'`],
    ['date', `'0001-12-31 BC'`],
    ['date', `'10000-01-01'`],
    ['json', `'null'`],
    ['state', `'b'`],
    ['tags', `array['a', null]`],
    ['tags', `array[array['a']]`],
    ['tags', `'[0:0]={a}'`],
    ['states', `array['a', 'b']`],
  ])('[P18] %s refuses %s, which a client could not hold', async (column, value) => {
    await expect(client.query(`insert into things ("${column}") values (${value})`)).rejects.toMatchObject({ code: '23514', constraint: `things_${column}_check` })
  })

  it('[P19] a value in an image is the value in the row, whatever the writer has set', async () => {
    const values: Readonly<Record<string, readonly string[]>> = {
      limited: [`'äö😀'`],
      text: [`''`, `'null'`, `E'a\\nb'`],
      int: ['-2147483648', '2147483647'],
      bigint: ['9223372036854775807'],
      float: ['1.7976931348623157e308', '5e-324', '0.1', `'-0'`],
      decimal: ['-0.10', '9999999999.99'],
      boolean: ['true', 'false'],
      timestamp: [`'0001-01-01 00:00:00+00'`, `'9999-12-31 23:59:59.999+00'`, `'1900-06-01 12:00:00.5+00'`],
      date: [`'0001-01-01'`, `'9999-12-31'`, `'01/02/2026'`],
      json: [`'{"a": null, "b": [1.50, "x"]}'`, `'0'`, `'""'`],
      uuid: [`'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`],
      bytes: [`'\\x'`, `'\\x00ff5c'`],
      state: [`'it''s'`],
      tags: [`'{}'`, `array['', 'null', 'a,b', '"', E'\\n']`],
      numbers: [`'{}'`, `array[-1, 2147483647]`],
      states: [`array['it''s']`],
    }
    for (const [column, texts] of Object.entries(values)) for (const text of texts) await client.query(`insert into things ("${column}") values (${text})`)
    const same = fields.map((each) => `(${imageValue(each, 'c.after')}) is not distinct from t."${each.column}" as "${each.name}"`)
    const { rows } = await client.query<Record<string, boolean>>(`select ${same.join(', ')} from things t join syncgen.changes c on c.key = t.id`)
    expect(rows).toHaveLength(Object.values(values).flat().length)
    for (const row of rows) expect(Object.values(row).every((each) => each)).toBe(true)
  })

  it.each(['statement', 'row'] as const)('[P19] columns may have any name (capture: %s)', async (capture) => {
    const named = { ...schema, models: schema.models.filter(({ name }) => name === 'Name').map((each) => ({ ...each, capture })) }
    const scope: Scope = { name: 's', params: [], doc: null, lines: [{ model: 'Name', where: any(...names.map((name) => one(name))) }] }
    await using own = await Database.of({ ...named, scopes: [scope] })
    const writer = await own.connect()
    await writer.query(`insert into names (edited, key) values (1, 2); update names set op = 1, "user" = 3; update names set edited = null, op = null`)
    const { rows } = await writer.query(`select op, before, after from syncgen.changes order by version`)
    expect(rows.map(({ op, after }) => [op, after['edited'], after['key'], after['op'], after['user']])).toEqual([['I', 1, 2, null, null], ['U', 1, 2, 1, 3], ['U', null, 2, null, 3]])
    const [line] = scope.lines
    if (line === undefined) throw new Error('no line')
    const sql = scopeLineSql({ ...named, scopes: [scope] }, scope, line)
    expect((await writer.query(sql.since.text, ['1:1:'])).rows).toEqual([])
    await writer.query(`update names set now = 1`)
    expect((await writer.query(sql.since.text, ['1:1:'])).rows).toMatchObject([{ action: 'send' }])
    expect((await writer.query(sql.keys.text, [null])).rowCount).toBe(1)
    expect((await writer.query(sql.page.text, [null, 1])).rowCount).toBe(1)
  })

  it('[P20] defaults are those of the schema, ids are uuids v7 in the order of their making', async () => {
    await client.query('reset all; set datestyle to iso; set timezone to utc; insert into defaults default values')
    const { rows } = await client.query<Record<string, unknown>>('select * from defaults')
    const got = defaults.map((_, at) => rows[0]?.[`f${at}`])
    expect(got.map((value) => (value instanceof Date ? value.toISOString() : value))).toEqual(defaults.map(([, value]) => value))
    const made = await client.query<{ id: string; ms: string }>(`select syncgen.uuid_v7()::text as id, floor(extract(epoch from clock_timestamp()) * 1000) as ms, pg_sleep(0.002) from generate_series(1, 20)`)
    const ids = made.rows.map(({ id }) => id)
    for (const { id, ms } of made.rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Math.abs(Number.parseInt(id.replace('-', '').slice(0, 12), 16) - Number(ms))).toBeLessThan(1000)
    }
    expect(ids.toSorted()).toEqual(ids)
    await client.query(`set datestyle to 'SQL, DMY'`)
  })
})
