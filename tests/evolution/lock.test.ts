import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { base, cards, Folder } from './folder.js'

const start = async (): Promise<Folder> => {
  const folder = await Folder.make()
  await folder.version(cards(base))
  await folder.version(cards([...base, 'notes: text?']))
  return folder
}

describe('the lock file', { timeout: 60_000 }, () => {
  it.each([
    ['the marks of a merge', (text: string) => text.replace('  "models"', '<<<<<<< ours\n  "models"'), /lock\.json:\d+ cannot be read: it holds the marks of a merge/],
    ['no JSON', (text: string) => text.replace('"models": {', '"models": {,'), /cannot be read: it is no JSON/],
    ['parts missing', (text: string) => text.replace('"models"', '"modells"'), /cannot be read: parts of it are missing/],
    ['somebody else\'s', () => '{}', /cannot be read: it does not say that syncgen wrote it/],
  ])('[E9] with %s is refused, says where and why, and nothing is written', async (_, change, message) => {
    const folder = await start()
    const broken = change(await folder.read('schema.lock.json'))
    await folder.write('schema.lock.json', broken)
    expect(await folder.run()).toMatchObject({ code: 3, error: expect.stringMatching(message) })
    expect(await folder.read('schema.lock.json')).toBe(broken)
  })

  it('[E9] that is missing beside migrations is asked for; with rewrite:initial all begins anew', async () => {
    const folder = await start()
    await rm(join(folder.path, 'generated/schema.lock.json'))
    expect(await folder.run()).toMatchObject({ code: 3, error: expect.stringContaining('Restore it from version control') })
    expect(await folder.run('--accept', 'rewrite:initial')).toMatchObject({ code: 0 })
  })

  it('[E10] a migration that was edited, or is missing, stops the command', async () => {
    const folder = await start()
    const path = `migrations/${(await folder.files())[1] ?? ''}`
    const text = await folder.read(path)
    await folder.write(path, `${text}-- mine\n`)
    expect(await folder.run()).toMatchObject({ code: 3, error: expect.stringContaining('is not as syncgen wrote it') })
    await folder.write(path, text.replaceAll('\n', '\r\n'))
    expect(await folder.run()).toMatchObject({ code: 0 })
    await rm(join(folder.path, 'generated', path))
    expect(await folder.run()).toMatchObject({ code: 3, error: expect.stringContaining('is missing: restore it') })
  })

  it('[E4] stamps grow even if the clock goes back', async () => {
    const folder = await start()
    await folder.version(cards([...base, 'notes: text?', 'more: text?']), '--stamp', '20200101000000')
    expect(await folder.files()).toEqual((await folder.files()).toSorted())
    expect((await folder.files()).at(-1)).toMatch(/^20260102000001_add_task_more/)
  })
})
