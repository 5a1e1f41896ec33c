import { spawnSync } from 'node:child_process'
import { cp, readFile } from 'node:fs/promises'
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
  it('[E11] [E93] are noticed, and one more migration brings databases of either to the same end', async () => {
    const { ours, theirs } = await branches('alpha: text?', 'zulu: int?')
    const both = cards([...base, 'notes: text?', 'alpha: text?', 'zulu: int?'])
    expect(await ours.version(both, '--check')).toMatchObject({ code: 2, error: expect.stringContaining('_merge.sql') })
    const [there, here, fresh] = [await database(), await database(), await database()]
    await migrate({ database: there.url, folder: theirs.migrations })
    expect(await ours.run('--stamp', '20260201000000')).toMatchObject({ code: 0, error: '' })
    expect(await ours.run('--check')).toMatchObject({ code: 0 })
    for (const { url } of [there, here]) await migrate({ database: url, folder: ours.migrations })
    expect(await catalogOf(there.client)).toEqual(await catalogOf(here.client))
    const migrated = await Promise.all([there, here].map(async ({ client }) => String((await client.query('select to_hex(migrated) as migrated from syncgen.meta')).rows[0]?.migrated).padStart(8, '0')))
    const descriptor = await ours.read('shared/schema.ts')
    for (const each of migrated) expect(descriptor).toContain(`  migrations: '${each}',`)
    expect(await theirs.read('shared/schema.ts')).not.toContain(migrated[0])
    const anew = await Folder.make()
    await anew.version(both)
    await fresh.client.query(await readFile(join(anew.migrations, '0001_initial.sql'), 'utf8'))
    expect(await catalogOf(here.client)).toEqual(await catalogOf(fresh.client))
  })

  it.each([[[]], [['--diff3']]])('[E76] that git could not merge in the lock file are read with the lines of both (%j)', async (style) => {
    const [base0, one, other] = [await Folder.make(), await Folder.make(), await Folder.make()]
    for (const each of [base0, one, other]) await each.version(cards([...base, 'notes: text?']))
    await one.version(cards([...base, 'notes: text?', 'alpha: text?']))
    await other.version(cards([...base, 'notes: text?', 'zulu: int?']), '--stamp', '20260115000000')
    for (const folder of ['migrations', 'versions']) await cp(join(other.path, 'generated', folder), join(one.path, 'generated', folder), { recursive: true })
    const paths = [one, base0, other].map((each) => join(each.path, 'generated/schema.lock.json'))
    const merged = spawnSync('git', ['merge-file', '-p', ...style, ...paths], { encoding: 'utf8' })
    expect(merged.stdout).toMatch(/^<{7}/m)
    await one.write('schema.lock.json', merged.stdout)
    const both = cards([...base, 'notes: text?', 'alpha: text?', 'zulu: int?'])
    expect(await one.version(both, '--stamp', '20260201000000')).toMatchObject({ code: 0, error: '' })
    expect((await one.files()).slice(1).map((name) => name.slice(15))).toEqual(['add_task_alpha.sql', 'add_task_zulu.sql', 'merge.sql'])
    expect(await one.run('--check')).toMatchObject({ code: 0 })
    expect(await one.read('schema.lock.json')).not.toContain('<<<<')
    // What both changed otherwise is nobody's to guess.
    await one.write('schema.lock.json', merged.stdout.replace('20260115000000_add_task_zulu', '20260102000000_add_task_alpha'))
    expect(await one.run()).toMatchObject({ code: 3, error: expect.stringMatching(/lock\.json:\d+ cannot be read: it holds the marks of a merge in which both sides changed the same line/) })
  })

  it('[E11] that touch the same thing ask somebody to look', async () => {
    const { ours } = await branches('alpha: text?', 'alpha: text?')
    const both = cards([...base, 'notes: text?', 'alpha: text?'])
    expect(await ours.version(both)).toMatchObject({ code: 3, error: expect.stringContaining('--accept merge:Task.alpha') })
  })
})
