/**
 * Each folder beside this file holds `schemas/` and the `generated/` that the command makes of it, byte for byte. After a wanted
 * change: `UPDATE_GOLDEN=1 npx vitest run tests/golden/golden.test.ts`, then read the diff.
 */
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { filesBelow, folderWith, syncgen } from './command.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const folders = (await readdir(here, { withFileTypes: true })).filter((entry) => entry.isDirectory())
const cases = folders.map(({ name }) => name).filter((name) => name !== 'problems')

describe('golden folders', { timeout: 60_000 }, () => {
  it('are found', () => {
    expect(cases.length).toBeGreaterThanOrEqual(3)
  })

  it.each(cases)('[G1] %s: the same files with the same bytes', async (name) => {
    const folder = await folderWith(join(here, name, 'schemas'))
    const ended = await syncgen(['schemas/'], folder)
    expect(ended).toMatchObject({ code: 0 })
    const made = await filesBelow(join(folder, 'generated'))
    if (process.env['UPDATE_GOLDEN'] === '1') {
      await rm(join(here, name, 'generated'), { recursive: true, force: true })
      await cp(join(folder, 'generated'), join(here, name, 'generated'), { recursive: true })
    }
    const golden = await filesBelow(join(here, name, 'generated'))
    expect([...made.keys()]).toEqual([...golden.keys()])
    for (const [path, text] of made) expect(text, path).toBe(golden.get(path))
  })

  it.each(cases)('[G2] %s: a second run writes nothing, and no text says where or when it was made', async (name) => {
    const folder = await folderWith(join(here, name, 'schemas'))
    await syncgen(['schemas/'], folder)
    const again = await syncgen(['schemas/', '--json'], folder)
    expect(JSON.parse(again.out)).toMatchObject({ exitCode: 0, changed: [], removed: [] })
    const texts = [...(await filesBelow(join(folder, 'generated'))).values()].join('\n')
    expect(texts).not.toContain(folder)
    expect(texts).not.toContain(String(new Date().getFullYear()))
  })
})
