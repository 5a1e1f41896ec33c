/** Decisions that the schema declares itself: nobody is asked, and the migration does what it says. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { base, cards, Folder } from './folder.js'

const owner = '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e'

/** A database of the first version with these rows, led to the second. */
const evolved = async (before: string, after: string, rows: string, ...accepted: readonly string[]): Promise<pg.Client> => {
  const folder = await Folder.make()
  expect(await folder.version(before)).toMatchObject({ code: 0, error: '' })
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  await client.connect()
  await migrate({ database: url, folder: folder.migrations })
  await client.query(`insert into tasks ${rows}`)
  expect(await folder.version(after, ...accepted.flatMap((flag) => ['--accept', flag]))).toMatchObject({ code: 0, error: '' })
  await migrate({ database: url, folder: folder.migrations })
  expect(await folder.run('--check')).toMatchObject({ code: 0 })
  return client
}

describe('declared decisions', { timeout: 60_000 }, () => {
  it('[E44] a backfill gives each row its value, from others that are filled before it', async () => {
    const before = cards([...base, 'nick: string?'])
    const after = cards([
      ...base,
      'slug: { type: string, backfill: { concat: [$row.handle, "-", $row.title] } }',
      'handle: { type: string, backfill: { coalesce: [{ lower: $row.nick }, it\'s $$] } }',
      'nick: string?',
      'size: { type: int, default: 1, backfill: 7 }',
      'note: { type: text?, backfill: { upper: $row.nick } }',
    ])
    const client = await evolved(before, after, `(owner_id, title, nick) values ('${owner}', 'one', 'ADA'), ('${owner}', 'two', null)`)
    expect((await client.query('select slug, handle, size, note from tasks order by title')).rows).toEqual([
      { slug: 'ada-one', handle: 'ada', size: 7, note: 'ADA' },
      { slug: "it's $$-two", handle: "it's $$", size: 7, note: null },
    ])
    await expect(client.query(`insert into tasks (owner_id, title, handle) values ('${owner}', 'three', 'h')`)).rejects.toMatchObject({ code: '23502' })
    expect((await client.query(`select count(*)::int as edited from tasks where updated_at - created_at > interval '1 ms'`)).rows).toEqual([{ edited: 0 }])
  })

  it('[E44] a field that is to be null no more gets its backfill where it is null', async () => {
    const client = await evolved(cards([...base, 'nick: string?']), cards([...base, 'nick: { type: string, backfill: $row.title }']), `(owner_id, title, nick) values ('${owner}', 'one', 'ada'), ('${owner}', 'two', null)`)
    expect((await client.query('select nick from tasks order by title')).rows).toEqual([{ nick: 'ada' }, { nick: 'two' }])
  })

  it('[E45] the rows of a value that is dropped get the one that is named, in lists, too; a set has none twice', async () => {
    const fields = ['state: { type: State, default: todo }', 'many: { type: "State[]", default: [] }', 'these: { type: "State[]", default: [], conflict: set }']
    const before = cards([...base, ...fields], { enums: '[todo, doing, done]' })
    const after = cards([...base, ...fields], { enums: '[todo, { name: doing, to: todo }, done]' })
    const client = await evolved(before, after, `(owner_id, title, state, many, these) values ('${owner}', 'one', 'doing', '{doing,todo}', '{done,doing,todo}'), ('${owner}', 'two', 'done', '{}', '{doing}')`)
    expect((await client.query('select state, many, these from tasks order by title')).rows).toEqual([
      { state: 'todo', many: ['todo', 'todo'], these: ['done', 'todo'] },
      { state: 'done', many: [], these: ['todo'] },
    ])
    await expect(client.query(`update tasks set state = 'doing'`)).rejects.toMatchObject({ code: '23514' })
  })

  it('[E46] a field that was to be dropped goes without a flag; one that was not asks for it', async () => {
    const folder = await Folder.make()
    await folder.version(cards([...base, 'nick: string?', 'note: text?']))
    const warned = await folder.version(cards([...base, 'nick: { type: string?, deprecated: true }', 'note: text?']))
    expect(warned).toMatchObject({ code: 0, error: expect.stringContaining('warning SG606 "nick" of Task is to be dropped') })
    expect(await folder.files()).toHaveLength(1)
    expect(await folder.read('shared/task.ts')).toContain('/** @deprecated To be dropped. */\n  readonly nick')
    expect(await folder.version(cards(base))).toMatchObject({ code: 3, error: expect.stringMatching(/add: --accept drop:Task\.note\n$/) })
    expect(await folder.version(cards([...base, 'note: text?']))).toMatchObject({ code: 0, error: '' })
  })

  it('[E47] values are converted as the schema says; where they come from another type, somebody is asked', async () => {
    const convert = (from: string): string =>
      cards([...base, `price: { type: bigint, convert: { from: "${from}", as: { multiply: [{ coalesce: [$old, 0] }, 100] }, back: { multiply: [$old, 0.01] } } }`])
    const client = await evolved(cards([...base, 'price: decimal(8,3)?']), convert('decimal(8,3)?'), `(owner_id, title, price) values ('${owner}', 'one', 1.005), ('${owner}', 'two', null), ('${owner}', 'three', -2.345)`)
    expect((await client.query('select price from tasks order by title')).rows).toEqual([{ price: '101' }, { price: '-235' }, { price: '0' }])
    const folder = await Folder.make()
    await folder.version(cards([...base, 'price: float?']))
    expect(await folder.version(convert('decimal(8,3)?'))).toMatchObject({ code: 3, error: expect.stringContaining('--accept convert:Task.price') })
  })

  it('[E73] a cast that was accepted is made, also where PostgreSQL wants it said; how a session writes dates makes no difference', async () => {
    const fields = (types: readonly string[]): string => cards([...base, ...types.map((type, at) => `f${at}: ${type}`)])
    const client = await evolved(
      fields(['string', 'int', 'date', 'timestamp', 'timestamp', 'date', 'decimal(6,2)']),
      fields(['int', 'boolean', 'text', 'text', 'date', 'timestamp', 'int']),
      `(owner_id, title, f0, f1, f2, f3, f4, f5, f6) values ('${owner}', 'one', '-12', 2, '2026-01-02', '2026-01-02T23:30:00.5Z', '2026-01-02T23:30:00Z', '2026-01-02', 1.50)`,
      ...[0, 1, 2, 3, 4, 5, 6].map((at) => `convert:Task.f${at}`),
    )
    expect((await client.query(`select f0, f1, f2, f3, f4::text = to_char(date '2026-01-02', 'YYYY-MM-DD')::date::text as f4, f5 = '2026-01-02T00:00:00Z' as f5, f6 from tasks`)).rows).toEqual([
      { f0: -12, f1: true, f2: '2026-01-02', f3: '2026-01-02T23:30:00.500Z', f4: true, f5: true, f6: 2 },
    ])
  })
})
