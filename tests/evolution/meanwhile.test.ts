/** Servers and scripts of the version before write while a migration is under way: until it is done, what they write is taken. */
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { base, cards, Folder } from './folder.js'

const owner = '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e'

const old = cards([...base, 'state: { type: State, default: todo }', 'many: { type: "State[]", default: [] }', 'nick: string?', 'size: int?', 'rank: int?'], { enums: '[todo, doing, done]' })

const now = cards(
  [
    ...base,
    'state: { type: State, default: open }',
    'many: { type: "State[]", default: [] }',
    'nick: { type: string, backfill: "it\'s $$" }',
    'size: { type: int, backfill: 7 }',
    'rank: { type: string, convert: { from: int?, as: { coalesce: [{ text: $old }, none] } } }',
    'slug: { type: string, backfill: { concat: [$row.handle, "-", $row.title] } }',
    'handle: { type: string, backfill: { lower: { coalesce: [$row.nick, none] } } }',
  ],
  { enums: '[{ name: open, was: todo }, { name: doing, to: open }, done]' },
)

/** What a server of the version before does all the time. */
const writings = [
  `insert into tasks (owner_id, title, state, many, nick, size) values ('${owner}', 'made', 'doing', '{doing,done}', null, null)`,
  `insert into tasks (owner_id, title, state, many) values ('${owner}', 'short', 'todo', '{todo}')`,
  `update tasks set title = 'edited', nick = null, state = 'doing', many = '{todo,doing}', size = null where id in (select id from tasks order by id desc limit 2)`,
]

interface Told {
  readonly client: pg.Client
  readonly url: string
  readonly files: readonly { readonly name: string; readonly sql: string }[]
}

const changed = async (rows: number): Promise<Told> => {
  const folder = await Folder.make()
  expect(await folder.version(old)).toMatchObject({ code: 0, error: '' })
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  await client.connect()
  await migrate({ database: url, folder: folder.migrations })
  await client.query(`insert into tasks (owner_id, title, state, many) select '${owner}', 'task ' || n, 'doing', '{doing,todo}' from generate_series(1, ${rows}) n`)
  expect(await folder.version(now)).toMatchObject({ code: 0, error: '' })
  const files = await Promise.all((await folder.files()).map(async (name) => ({ name, sql: await readFile(join(folder.migrations, name), 'utf8') })))
  return { client, url, files }
}

/** Rows that are as no fill would have left them. */
const leftOver = `select count(*)::int as rows from tasks where nick is distinct from 'it''s $$' or size is distinct from 7 or slug is distinct from handle || '-' || case title when 'edited' then split_part(slug, '-', 2) else title end
  or handle is distinct from 'it''s $$' or state not in ('open', 'done') or not many <@ '{open,done}'`

describe('writers of before', { timeout: 60_000 }, () => {
  it('[E72] write between any two files of a migration; none of their rows stops it, all get what the fill gives', async () => {
    const { client, url, files } = await changed(3)
    const parts = files.slice(1)
    expect(parts.length).toBeGreaterThan(4)
    for (const [at, part] of parts.entries()) {
      await migrate({ database: url, files: [part] })
      // The last one ends it: what names no `slug` is refused from then on.
      if (at < parts.length - 1) for (const text of writings) expect(((await client.query(text)).rowCount ?? 0) > 0, `${text} after ${part.name}`).toBe(true)
    }
    expect((await client.query(leftOver)).rows).toEqual([{ rows: 0 }])
    expect((await client.query('select count(*)::int as rows, min(rank) as rank from tasks')).rows).toEqual([{ rows: 3 + 2 * (parts.length - 1), rank: 'none' }])
    expect((await client.query(`select conname from pg_constraint where not convalidated`)).rows).toEqual([])
    expect((await client.query(`select tgname from pg_trigger where tgname like '%meanwhile%'`)).rows).toEqual([])
    expect((await client.query(`select proname from pg_proc where proname like 'meanwhile%'`)).rows).toEqual([])
    await expect(client.query(writings[0] ?? '')).rejects.toMatchObject({ code: '23502' })
  })

  it('[E72] write all the time while the migration runs: it ends, with every row as it should be', async () => {
    const { client, url, files } = await changed(12_000)
    const writer = new pg.Client({ connectionString: url })
    await writer.connect()
    let [isOver, written] = [false, 0]
    const refused = new Set<string>()
    const writing = (async () => {
      while (!isOver) {
        for (const text of writings) {
          await writer.query(text).then(
            () => (written += 1),
            (error: { code: string }) => refused.add(error.code),
          )
        }
      }
    })()
    await migrate({ database: url, files }).finally(() => (isOver = true))
    await writing
    await writer.end()
    expect(written).toBeGreaterThan(10)
    // After its end, and not before, it is the column that is missing, or null.
    expect([...refused].filter((code) => code !== '23502' && code !== '23514')).toEqual([])
    expect((await client.query(leftOver)).rows).toEqual([{ rows: 0 }])
  })
})
