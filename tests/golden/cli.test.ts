import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { filesBelow, folderWith, syncgen, syncgenProcess, syncgenUnread } from './command.js'

const notes = fileURLToPath(new URL('notes/schemas', import.meta.url))
const everything = fileURLToPath(new URL('everything/schemas', import.meta.url))

/** What time it is, so that output does not depend on it. */
const stamp = ['--stamp', '20260131120000']

/** A folder in which `notes` was generated. */
const generated = async (): Promise<string> => {
  const folder = await folderWith(notes)
  expect(await syncgen(['schemas/', '--quiet'], folder)).toEqual({ code: 0, out: '', error: '' })
  return folder
}

/** Changes a text of the schema. */
const edit = async (folder: string, from: string, to: string): Promise<void> => {
  const path = join(folder, 'schemas/notes.yaml')
  const text = await readFile(path, 'utf8')
  expect(text).toContain(from)
  await writeFile(path, text.replace(from, to))
}

describe('syncgen', { timeout: 60_000 }, () => {
  it('[G10] --help and --version answer with 0, a wrong command line with 1 and what is wrong', async () => {
    const folder = await folderWith(notes)
    const help = await syncgen(['--help'], folder)
    const version = await syncgen(['--version'], folder)
    const nothing = await syncgen([], folder)
    const unknown = await syncgen(['schemas/', '--frobnicate'], folder)
    const both = await syncgen(['schemas/', '--check', '--dry-run'], folder)
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--accept') })
    expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    expect(nothing).toMatchObject({ code: 1, error: expect.stringContaining('which folder') })
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining('--frobnicate') })
    expect(both).toMatchObject({ code: 1, error: expect.stringContaining('--dry-run') })
  })

  it('[G10] ends as a process with the code and the texts of the command', async () => {
    const folder = await folderWith(notes)
    expect(await syncgenProcess(['schemas/'], folder)).toMatchObject({ code: 0, out: expect.stringContaining('written'), error: '' })
    expect(await syncgenProcess(['nowhere/'], folder)).toMatchObject({ code: 1, out: '', error: expect.stringContaining('SG001') })
    expect((await syncgen(['schemas/', '--check'], folder)).code).toBe(0)
  })

  it('[G17] does its work and ends as it would when nobody reads on', async () => {
    const folder = await folderWith(notes)
    expect(await syncgenUnread(['schemas/'], folder)).toEqual({ code: 0, out: '', error: '' })
    expect((await syncgen(['schemas/', '--check'], folder)).code).toBe(0)
    expect(await syncgenUnread(['--help'], folder)).toEqual({ code: 0, out: '', error: '' })
    expect(await syncgenUnread(['nowhere/', '--json'], folder)).toEqual({ code: 1, out: '', error: '' })
  })

  it('[G20] writes the same from any folder, and finds it up to date from any other', async () => {
    const folder = await folderWith(everything)
    await writeFile(join(folder, 'package.json'), '{}')
    const below = join(folder, 'deep/er')
    await mkdir(below, { recursive: true })
    const from = (cwd: string, way: string, ...more: readonly string[]) => syncgen([`${way}schemas/`, '-o', `${way}generated`, ...stamp, ...more], cwd)
    expect((await from(folder, '')).code).toBe(0)
    const written = await filesBelow(folder)
    expect(written.get('generated/schema.lock.json')).toContain('"file":"ticket-merge.ts"')
    for (const [cwd, way] of [[below, '../../'], [join(folder, 'schemas'), '../'], ['/', `${folder}/`]] as const) {
      expect(await from(cwd, way, '--check'), `checked in ${cwd}`).toMatchObject({ code: 0 })
      await rm(join(folder, 'generated'), { recursive: true })
      expect((await from(cwd, way)).code).toBe(0)
      expect(await filesBelow(folder), `written in ${cwd}`).toEqual(written)
    }
  })

  it('[G21] a lock file of before, which named exports from where the command ran, is read as what it meant', async () => {
    const folder = await folderWith(everything)
    const lock = join(folder, 'generated/schema.lock.json')
    const write = async (time: string) => {
      expect((await syncgen(['schemas/', '--stamp', time], folder)).code).toBe(0)
      return filesBelow(folder)
    }
    const first = await write('20260131120000')
    const text = await readFile(lock, 'utf8')
    const namedFrom = (before: string) => writeFile(lock, text.replaceAll('"file":"', `"file":"${before}`))
    for (const before of ['schemas/', '../app/schemas/']) {
      await namedFrom(before)
      expect(await write('20260131120000')).toEqual(first)
    }

    const tickets = join(folder, 'schemas/tickets.yaml')
    await writeFile(tickets, (await readFile(tickets, 'utf8')).replace(/^( +)settings: /m, '$1remark: string?\n$&'))
    const migrated = await write('20260201120000')
    const words = [...migrated].find(([path]) => /^generated\/migrations\/2026.*\.md$/.test(path))?.[1]
    expect(words).toContain('remark')
    await rm(join(folder, 'generated'), { recursive: true })
    for (const [path, content] of first) {
      if (!path.startsWith('generated/')) continue
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    await namedFrom('schemas/')
    expect(await write('20260201120000')).toEqual(migrated)
  })

  it('[G10] tells every problem of a schema, writes nothing and ends with 1', async () => {
    const folder = await folderWith(notes)
    await edit(folder, 'text: string', 'text: strng')
    await edit(folder, 'name: string', 'name: nothing')
    const text = await syncgen(['schemas/'], folder)
    const json = await syncgen(['schemas/', '--json'], folder)
    expect(text.code).toBe(1)
    expect(text.error).toMatch(/schemas\/notes\.yaml:\d+:\d+ error SG104 [^]*schemas\/notes\.yaml:\d+:\d+ error SG104 [^]*nothing was written/)
    expect(JSON.parse(json.out)).toMatchObject({ exitCode: 1, problems: [{ code: 'SG104' }, { code: 'SG104' }] })
    expect([...(await filesBelow(folder)).keys()]).toEqual(['schemas/notes.yaml'])
  })

  it('[G3] --check is 0 when all is as it would be written, 2 for other bytes, a missing file, an orphan', async () => {
    const folder = await generated()
    const check = () => syncgen(['schemas/', '--check'], folder)
    expect((await check()).code).toBe(0)

    const note = join(folder, 'generated/client/note.ts')
    const text = await readFile(note, 'utf8')
    await writeFile(note, `${text}\n`)
    expect(await check()).toMatchObject({ code: 2, error: expect.stringContaining('generated/client/note.ts') })
    await writeFile(note, text)

    await rename(note, `${note}.away`)
    expect((await check()).code).toBe(2)
    await rename(`${note}.away`, note)

    const orphan = join(folder, 'generated/client/gone.ts')
    await writeFile(orphan, text)
    expect(await check()).toMatchObject({ code: 2, error: expect.stringContaining('generated/client/gone.ts') })
    expect(await readFile(orphan, 'utf8')).toBe(text)
  })

  it('[G4] removes what it generated for a model that is gone, and nothing else', async () => {
    const folder = await generated()
    const own = join(folder, 'generated/client/own.ts')
    await writeFile(own, 'export const mine = 1\n')
    const old = join(folder, 'generated/client/old.ts')
    await writeFile(old, await readFile(join(folder, 'generated/client/note.ts'), 'utf8'))
    expect((await syncgen(['schemas/'], folder)).code).toBe(0)
    await expect(stat(old)).rejects.toThrow('ENOENT')
    expect(await readFile(own, 'utf8')).toBe('export const mine = 1\n')
  })

  it('[G4] never overwrites a file that it did not generate: names it, writes nothing, ends with 3', async () => {
    const folder = await folderWith(notes)
    await mkdir(join(folder, 'generated/client'), { recursive: true })
    await writeFile(join(folder, 'generated/client/note.ts'), 'export const mine = 1\n')
    const ended = await syncgen(['schemas/'], folder)
    expect(ended).toMatchObject({ code: 3, error: expect.stringContaining('generated/client/note.ts is in the way') })
    expect([...(await filesBelow(join(folder, 'generated'))).keys()]).toEqual(['client/note.ts'])
  })

  it('[G5] follows no symbolic link out of the output folder', async () => {
    const folder = await folderWith(notes)
    await mkdir(join(folder, 'generated'))
    await mkdir(join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), join(folder, 'generated/client'))
    const ended = await syncgen(['schemas/'], folder)
    expect(ended).toMatchObject({ code: 3, error: expect.stringContaining('generated/client/') })
    expect((await filesBelow(join(folder, 'elsewhere'))).size).toBe(0)
    await rm(join(folder, 'generated/client'))
    await mkdir(join(folder, 'generated/client'))
    await writeFile(join(folder, 'elsewhere/note.ts'), '// @generated by syncgen\n')
    await symlink(join(folder, 'elsewhere/note.ts'), join(folder, 'generated/client/note.ts'))
    expect((await syncgen(['schemas/'], folder)).code).toBe(3)
    expect(await readFile(join(folder, 'elsewhere/note.ts'), 'utf8')).toBe('// @generated by syncgen\n')
  })

  it('[G7] writes the first migration again only when told to, and never one that was edited', async () => {
    const folder = await generated()
    const migration = join(folder, 'generated/migrations/0001_initial.sql')
    const before = await readFile(migration, 'utf8')
    await edit(folder, 'text: string', 'text: string\n      pinned: { type: boolean, default: false }')
    expect(await syncgen(['schemas/', '--stamp', '20260131120000'], folder)).toMatchObject({ code: 0 })
    expect(await readFile(migration, 'utf8')).toBe(before)
    const second = join(folder, 'generated/migrations/20260131120000_add_note_pinned.sql')
    expect(await readFile(second, 'utf8')).toContain('add column "pinned"')

    expect((await syncgen(['schemas/', '--accept', 'rewrite:initial'], folder)).code).toBe(0)
    expect(await readFile(migration, 'utf8')).toContain('"pinned"')
    await expect(stat(second)).rejects.toThrow('ENOENT')

    await writeFile(migration, `${await readFile(migration, 'utf8')}-- mine\n`)
    const edited = await syncgen(['schemas/', '--accept', 'rewrite:initial'], folder)
    expect(edited).toMatchObject({ code: 3, error: expect.stringContaining('is not as syncgen wrote it') })
    expect(await readFile(migration, 'utf8')).toMatch(/-- mine\n$/)
  })

  it('[G7] leaves the migration alone when only documentation, or what clients are told, changed', async () => {
    const folder = await generated()
    const migration = await readFile(join(folder, 'generated/migrations/0001_initial.sql'), 'utf8')
    await edit(folder, 'inverse: notes', 'inverse: writings')
    expect(await syncgen(['schemas/'], folder)).toMatchObject({ code: 0 })
    expect(await readFile(join(folder, 'generated/migrations/0001_initial.sql'), 'utf8')).toBe(migration)
    expect(await readFile(join(folder, 'generated/client/person.ts'), 'utf8')).toContain('writings(person: Person)')
  })

  it('[G10] --dry-run writes nothing and says what it would', async () => {
    const folder = await folderWith(notes)
    const ended = await syncgen(['schemas/', '-o', 'out', '--dry-run'], folder)
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining('would write out/client/note.ts') })
    expect([...(await filesBelow(folder)).keys()]).toEqual(['schemas/notes.yaml'])
  })

  it('[G11] init writes a schema that generates without a warning, and never a second one', async () => {
    const folder = await folderWith(notes)
    await rm(join(folder, 'schemas'), { recursive: true })
    const made = await syncgen(['init'], folder)
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining('npx syncgen schemas') })
    const text = await readFile(join(folder, 'schemas/app.yaml'), 'utf8')
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/node_modules\/syncgen\/schema\.json\n/)
    expect(await syncgen(['schemas'], folder)).toMatchObject({ code: 0, error: '' })
    expect(await syncgen(['init'], folder)).toMatchObject({ code: 1, error: expect.stringContaining('app.yaml') })
    expect(await readFile(join(folder, 'schemas/app.yaml'), 'utf8')).toBe(text)
  })

  it('[G12] reports a schema error without loading ts-morph', async () => {
    const folder = await folderWith(notes)
    const loads = ['schemas/', '--quiet'] as const
    const trace = { NODE_DEBUG: 'esm' }
    await edit(folder, 'text: string', 'text: strng')
    const broken = await syncgenProcess(loads, folder, trace)
    expect(broken.code).toBe(1)
    expect(broken.error).not.toContain('ts-morph')
    await edit(folder, 'text: strng', 'text: string')
    expect((await syncgenProcess(loads, folder, trace)).error).toContain('ts-morph')
  })
})
