import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type pg from 'pg'
import { all, eq, field, lit, model, param, schema as schemaOf, scope } from './ir.js'
import { scopeLineSql } from '../../generator/sql/index.js'
import { Database } from './database.js'
import { rowsTouched } from './rows-touched.js'

const schema = schemaOf(
  [model('Note', [field('text', 'string'), field('box', 'int')])],
  [scope('box', { Note: all(eq('box', param('box')), eq('text', lit('t'))) }, [{ name: 'box', type: { kind: 'int' }, nullable: false }])],
)
const [box] = schema.scopes
const [line] = box?.lines ?? []

/**
 * A client at a position, then what other cutoffs would have told it. Each naive cutoff is taken at the same moment, as its
 * users take it: the newest stamp or number that the reader sees.
 */
describe('the cutoff', () => {
  let database: Database
  let [reader, late, quick]: pg.Client[] = []

  beforeAll(async () => {
    database = await Database.of(schema)
    ;[reader, late, quick] = [await database.connect(), await database.connect(), await database.connect()]
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    await quick?.query(`delete from notes; insert into notes (id, text, box) values ('${a}', 't', 1), ('${b}', 't', 1)`)
  })

  const ids = async (text: string, values: readonly unknown[] = []): Promise<readonly string[]> => {
    const result = await reader?.query<{ id: string }>(text, [...values])
    return (result?.rows ?? []).map(({ id }) => id).sort()
  }
  const value = async (text: string): Promise<string> => {
    const result = await reader?.query<{ value: string }>(text)
    return result?.rows[0]?.value ?? ''
  }
  const since = (position: string): Promise<readonly string[]> => {
    if (box === undefined || line === undefined) throw new Error('no line')
    const { text } = scopeLineSql(schema, box, line).since
    return ids(`select key as id from (${text}) s`, [position, 1])
  }

  it('[P1] a transaction that commits after a later one is not missed', async () => {
    await late?.query('begin')
    await late?.query(`update notes set text = 't' where id = '${a}'`)
    await quick?.query(`update notes set text = 't' where id = '${b}'`)
    const position = await value('select pg_current_snapshot()::text as value')
    const stamp = await value('select max(updated_at)::text as value from notes')
    const version = await value('select max(version)::text as value from notes')
    const clock = await value('select clock_timestamp()::text as value')
    await late?.query('commit')

    expect(await since(position)).toEqual([a])
    expect(await ids('select id from notes where updated_at > $1', [stamp])).toEqual([])
    expect(await ids('select id from notes where updated_at > $1', [clock])).toEqual([])
    expect(await ids('select id from notes where version > $1', [version])).toEqual([])
  })

  it('[P2] nor is a write inside a savepoint, whose rows bear the id of the subtransaction', async () => {
    await late?.query('begin')
    await late?.query(`update notes set box = 1 where id = '${b}'`)
    await late?.query('savepoint s')
    await late?.query(`update notes set text = 't' where id = '${a}'`)
    await late?.query('release s')
    await quick?.query('create temp table if not exists later (n int); insert into later values (1)')
    const position = await value('select pg_current_snapshot()::text as value')
    await late?.query('commit')

    expect(await since(position)).toEqual([a, b])
    const byXmin = `select id from notes where not pg_visible_in_snapshot(xmin::text::xid8, $1::pg_snapshot)`
    expect(await ids(byXmin, [position])).toEqual([b])
  })

  it('[P1] nor is a prepared transaction, which no session holds', async ({ skip }) => {
    if ((await value(`select current_setting('max_prepared_transactions') as value`)) === '0') skip('the server has no prepared transactions')
    await late?.query('begin')
    await late?.query(`update notes set text = 't' where id = '${a}'`)
    await late?.query(`prepare transaction '${database.url}'`)
    await quick?.query(`update notes set text = 't' where id = '${b}'`)
    const position = await value('select pg_current_snapshot()::text as value')
    await late?.query(`commit prepared '${database.url}'`)
    expect(await since(position)).toEqual([a])
  })

  it('[P3] what was rolled back is not sent, and what was taken back to a savepoint is not', async () => {
    const position = await value('select pg_current_snapshot()::text as value')
    await late?.query('begin')
    await late?.query(`update notes set box = 2 where id = '${a}'`)
    await late?.query('rollback')
    await late?.query('begin')
    await late?.query('savepoint s')
    await late?.query(`delete from notes where id = '${a}'`)
    await late?.query('rollback to s')
    await late?.query(`update notes set text = 'u' where id = '${b}'`)
    await late?.query('commit')
    expect(await since(position)).toEqual([b])
  })

  it('[P4] 300,000 log rows behind an open transaction are not read again', async () => {
    if (reader === undefined || box === undefined || line === undefined) throw new Error('no reader')
    const { text } = scopeLineSql(schema, box, line).since
    await late?.query('begin')
    await late?.query(`update notes set text = 't' where id = '${a}'`)
    await quick?.query(`insert into notes (text, box) select 't', 9 from generate_series(1, 300000)`)
    await quick?.query(`update notes set text = 't' where id = '${b}'`)
    const position = await value('select pg_current_snapshot()::text as value')
    await quick?.query('analyze syncgen.changes')
    const open = await rowsTouched(reader, text, [position, '1'])
    await late?.query('commit')
    const committed = await rowsTouched(reader, text, [position, '1'])

    expect(open).toEqual({ tables: 0, log: 0, rows: 0 })
    expect(committed.rows).toBe(1)
    expect(committed.log + committed.tables).toBeLessThan(20)

    const naive = `select distinct key from syncgen.changes
      where model = 'Note' and xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::pg_snapshot)`
    const obvious = await rowsTouched(reader, naive, [position])
    expect(obvious.rows).toBe(1)
    expect(obvious.tables).toBeGreaterThan(300_000)
  }, 120_000)
})

const a = '00000000-0000-4000-8000-00000000000a'
const b = '00000000-0000-4000-8000-00000000000b'
