import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Route } from '../../runtime/protocol/dialect.js'
import type { SchemaDescriptor } from '../../runtime/protocol/descriptor.js'
import { pathFrom } from '../../runtime/protocol/transition.js'
import { base, cards, Folder } from './folder.js'
import { branches } from './met.js'

/** What the lock file says of a version. */
interface Line {
  readonly hash: string
  readonly after: readonly string[]
  readonly sum: string | null
}

const linesOf = async (folder: Folder): Promise<Readonly<Record<string, Line>>> =>
  (JSON.parse(await folder.read('schema.lock.json')) as { readonly versions: Readonly<Record<string, Line>> }).versions

const namesIn = async (folder: Folder, path: string): Promise<readonly string[]> => (await readdir(join(folder.path, 'generated', path)).catch(() => [])).toSorted()

/** What was generated, loaded; once for each folder. */
const schemaOf = async (folder: Folder): Promise<SchemaDescriptor> => {
  const { schema } = (await import(pathToFileURL(join(folder.path, 'generated/shared/schema.ts')).href)) as { readonly schema: SchemaDescriptor }
  return schema
}

const grown = (count: number): readonly string[] => [...base, ...Array.from({ length: count }, (_, at) => `extra${at}: text?`)]

describe('earlier versions', { timeout: 60_000 }, () => {
  it('[E40] the last five are kept, or as many as the schema says, and what leads from each to this one', async () => {
    const folder = await Folder.make()
    for (let count = 0; count < 8; count++) expect(await folder.version(cards(grown(count)))).toMatchObject({ code: 0, error: '' })
    expect(await namesIn(folder, 'versions')).toHaveLength(6)
    expect(await namesIn(folder, 'shared/transitions')).toHaveLength(5)
    expect(Object.keys(await linesOf(folder))).toHaveLength(8)
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
    const { transitions = [], hash } = await schemaOf(folder)
    expect(transitions.map(({ to }) => to)).toEqual([...transitions.slice(1).map(({ from }) => from), hash])
    expect(await folder.version(cards(grown(8)).replace('name: cards', 'name: cards\nversions: 2'))).toMatchObject({ code: 0 })
    expect(await namesIn(folder, 'versions')).toHaveLength(3)
    expect(await namesIn(folder, 'shared/transitions')).toHaveLength(2)
    expect(await folder.version(cards(grown(8)).replace('name: cards', 'name: cards\nversions: 0'))).toMatchObject({ code: 0 })
    expect(await namesIn(folder, 'shared/transitions')).toEqual([])
    expect(await namesIn(folder, 'versions')).toHaveLength(1)
  })

  it('[E40] what only the generated code knows is a version, too; what clients cannot tell is none', async () => {
    const folder = await Folder.make()
    await folder.version(cards([...base, 'notes: text?']))
    await folder.version(cards([...base, 'notes: { type: text?, serverOnly: true }']))
    expect(Object.keys(await linesOf(folder))).toHaveLength(2)
    expect(await folder.files()).toHaveLength(1)
    await folder.version(cards([...base, 'notes: { type: text?, serverOnly: true, doc: Aside. }']))
    expect(Object.keys(await linesOf(folder))).toHaveLength(2)
  })

  it.each([
    ['edited', (text: string) => text.replace('"nullable":true', '"nullable":false'), /is not as syncgen wrote it, and says what devices of that version have/],
    ['missing', () => null, /is missing: it says what devices of that version have/],
  ])('[E40] one that is %s stops the command, says why, and can be forgotten', async (_, change, message) => {
    const folder = await Folder.make()
    for (let count = 1; count < 4; count++) await folder.version(cards(grown(count)))
    const [first = ''] = Object.keys(await linesOf(folder))
    const path = `versions/${first}.json`
    const changed = change(await folder.read(path))
    if (changed === null) await rm(join(folder.path, 'generated', path))
    else await folder.write(path, changed)
    expect(await folder.run()).toMatchObject({ code: 3, error: expect.stringMatching(message) })
    expect(await folder.run('--accept', `forget:${first}`)).toMatchObject({ code: 0, error: '' })
    expect((await linesOf(folder))[first]?.sum).toBeNull()
    expect(await namesIn(folder, 'shared/transitions')).toHaveLength(1)
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
  })

  it('[E70] what was said of a change when it was made holds, also once the schema says it no more', async () => {
    const folder = await Folder.make()
    await folder.version(cards(['title: string', ...base.slice(0, 1), 'nick: string?', 'state: State'], { enums: '[todo, doing, done]' }))
    const declared = ['title: string', ...base.slice(0, 1), 'alias: { type: string?, was: nick }', 'state: State', 'slug: { type: text, default: "", backfill: { lower: $row.title } }']
    await folder.version(cards(declared, { enums: '[{ name: open, was: todo }, { name: doing, to: open }, done]' }))
    const before = await namesIn(folder, 'shared/transitions')
    const text = await folder.read(`shared/transitions/${before[0] ?? ''}`)
    expect(text).toMatch(/was: 'nick'[^]*todo: 'open'[^]*lower/)
    const silent = declared.map((line) => line.replace(', was: nick', '').replace(', backfill: { lower: $row.title }', ''))
    expect(await folder.version(cards(silent, { enums: '[open, done]' }))).toMatchObject({ code: 0, error: '' })
    expect(await namesIn(folder, 'shared/transitions')).toEqual(before)
    expect(await folder.read(`shared/transitions/${before[0] ?? ''}`)).toBe(text)
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
  })

  it('[E40] a lock file from before versions were kept gives the first one', async () => {
    const folder = await Folder.make()
    await folder.version(cards(grown(1)))
    const [[name, line] = ['', undefined]] = Object.entries(await linesOf(folder))
    await folder.write('schema.lock.json', (await folder.read('schema.lock.json')).replace(/ {2}"versions": \{[^]*?\n {2}\},\n/, ''))
    await rm(join(folder.path, 'generated/versions'), { recursive: true })
    await folder.version(cards(grown(2)))
    expect((await linesOf(folder))[name]).toEqual(line)
    expect(await namesIn(folder, 'shared/transitions')).toHaveLength(1)
  })

  it('[E41] versions of two branches each lead to the one of both, not through each other', async () => {
    const { ours } = await branches('alpha: text?', 'zulu: int?')
    const lines = Object.entries(await linesOf(ours))
    expect(await ours.version(cards([...base, 'notes: text?', 'alpha: text?', 'zulu: int?']), '--stamp', '20260201000000')).toMatchObject({ code: 0, error: '' })
    const schema = await schemaOf(ours)
    expect(Object.values(await linesOf(ours)).at(-1)?.after).toEqual(lines.slice(1).map(([name]) => name))
    const id = '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e'
    const own = [7, id, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', id, 'title', 'notes'] as const
    const rows = lines.map(([, { hash }], at) => {
      const route = new Route(pathFrom(schema, hash) ?? [], 'up')
      expect(route.end).toBe(schema.hash)
      return route.row('Task', [...own, ...[[], ['a'], [26]][at] ?? []])
    })
    expect(rows).toEqual([
      { row: [...own, null, null], isExact: true, model: 'Task' },
      { row: [...own, 'a', null], isExact: true, model: 'Task' },
      { row: [...own, null, 26], isExact: true, model: 'Task' },
    ])
  })

  it('[E42] one that looks as an earlier one did has another hash, however long ago that was', async () => {
    const folder = await Folder.make()
    const setting = (text: string): string => text.replace('name: cards', 'name: cards\nversions: 1')
    const [with1, without] = [setting(cards(grown(1))), setting(cards(grown(0)))]
    for (const version of [with1, without, with1, without, with1]) expect(await folder.version(version, '--accept', 'drop:Task.extra0')).toMatchObject({ code: 0 })
    expect(new Set(Object.values(await linesOf(folder)).map(({ hash }) => hash)).size).toBe(5)
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
    const { transitions = [], hash } = await schemaOf(folder)
    expect(transitions).toMatchObject([{ to: hash, models: { Task: { fields: { extra0: { was: null, fill: null } } } } }])
  })
})
