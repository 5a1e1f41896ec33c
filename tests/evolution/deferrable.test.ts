/** A unique that becomes deferrable, and plain again, over a database with rows. */
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { initialMigration } from '../../generator/migrate.js'
import { readSchema } from '../../generator/read/read-schema.js'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { catalogOf } from './catalog.js'
import { base, cards, Folder } from './folder.js'

const database = async (): Promise<{ readonly url: string; readonly client: pg.Client }> => {
  const { url, drop } = await testDatabase()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.end()
    await drop()
  })
  return { url, client }
}

/** What is said of indexes and constraints; the log's column ids outlive renames. */
const keysOf = async (client: pg.Client): Promise<readonly string[]> => (await catalogOf(client)).filter((line) => /^(constraint|index)/.test(line))

/** `cards` with this unique. */
const version = (unique: string, title = 'title'): string =>
  cards([...base.slice(0, 1), `${title}: ${title === 'title' ? 'string' : '{ type: string, was: title }'}`]).replace('    access:', `    unique: [${unique}]\n    access:`)

it('[E14] [E2] under its name, with no moment without it; a new database is the same', { timeout: 120_000 }, async () => {
  const folder = await Folder.make()
  const { url, client } = await database()
  const swap = 'update tasks set title = case title when $1 then $2 else $1 end'
  const versions = [
    ['[ownerId, title]', 'title', false],
    ['{ on: [ownerId, title], deferrable: true }', 'title', true],
    ['{ on: [ownerId, name], deferrable: true }', 'name', true],
    ['[ownerId, name]', 'name', false],
  ] as const
  for (const [at, [unique, title, swaps]] of versions.entries()) {
    const ended = await folder.version(version(unique, title))
    expect(ended, ended.error).toMatchObject({ code: 0 })
    await migrate({ database: url, folder: folder.migrations })
    if (at === 0) await client.query(`insert into tasks (owner_id, title) select id, t from (select gen_random_uuid() as id) o, unnest(array['a', 'b']) t`)
    const swapped = client.query(swap.replaceAll('title', title), ['a', 'b']).then(() => true, (error: { code: string }) => error.code)
    expect(await swapped, unique).toBe(swaps ? true : '23505')
    const read = await readSchema([`${folder.path}/schemas/cards.yaml`])
    if (!read.ok) throw new Error('a version that is no schema')
    const fresh = await database()
    await fresh.client.query(initialMigration(read.schema))
    expect(await keysOf(client), unique).toEqual(await keysOf(fresh.client))
    await expect(client.query(`insert into tasks (owner_id, ${title}) select owner_id, ${title} from tasks`)).rejects.toMatchObject({ code: '23505' })
  }
})
