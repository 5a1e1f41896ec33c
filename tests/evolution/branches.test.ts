import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../runtime/server/migrations.js'
import { testDatabase } from '../../runtime/testing/database.js'
import { catalogOf } from './catalog.js'
import { base, cards, Folder } from './folder.js'
import { branches } from './met.js'

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

describe('branches that met', { timeout: 60_000 }, () => {
  it('[E11] are noticed, and one more migration brings databases of either to the same end', async () => {
    const { ours, theirs } = await branches('alpha: text?', 'zulu: int?')
    const both = cards([...base, 'notes: text?', 'alpha: text?', 'zulu: int?'])
    expect(await ours.version(both, '--check')).toMatchObject({ code: 2, error: expect.stringContaining('_merge.sql') })
    const [there, here, fresh] = [await database(), await database(), await database()]
    await migrate({ database: there.url, folder: theirs.migrations })
    expect(await ours.run('--stamp', '20260201000000')).toMatchObject({ code: 0, error: '' })
    expect(await ours.run('--check')).toMatchObject({ code: 0 })
    for (const { url } of [there, here]) await migrate({ database: url, folder: ours.migrations })
    expect(await catalogOf(there.client)).toEqual(await catalogOf(here.client))
    const anew = await Folder.make()
    await anew.version(both)
    await fresh.client.query(await readFile(join(anew.migrations, '0001_initial.sql'), 'utf8'))
    expect(await catalogOf(here.client)).toEqual(await catalogOf(fresh.client))
  })

  it('[E11] that touch the same thing ask somebody to look', async () => {
    const { ours } = await branches('alpha: text?', 'alpha: text?')
    const both = cards([...base, 'notes: text?', 'alpha: text?'])
    expect(await ours.version(both)).toMatchObject({ code: 3, error: expect.stringContaining('--accept merge:Task.alpha') })
  })
})
