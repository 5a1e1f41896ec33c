import { describe, expect, it } from 'vitest'
import { base, cards, Folder } from './folder.js'

const start = async (fields: readonly string[], more: Parameters<typeof cards>[1] = {}): Promise<Folder> => {
  const folder = await Folder.make()
  expect(await folder.version(cards([...base, ...fields], more))).toMatchObject({ code: 0 })
  return folder
}

/** What is asked for by a change from some fields to others, and that the flag is the answer. */
const decided = async (before: readonly string[], after: readonly string[], flag: string): Promise<string> => {
  const folder = await start(before)
  const asked = await folder.version(cards([...base, ...after]))
  expect(asked).toMatchObject({ code: 3, error: expect.stringContaining(`add: --accept ${flag}\n`) })
  expect(await folder.files()).toEqual(['0001_initial.sql'])
  expect(await folder.run('--accept', flag, '--stamp', '20260301000000')).toMatchObject({ code: 0, error: '' })
  expect((await folder.files()).length).toBeGreaterThan(1)
  return asked.error
}

describe('decisions', { timeout: 60_000 }, () => {
  it('[E5] what is lost is named with its flag, and nothing is written before', async () => {
    expect(await decided(['notes: text?'], [], 'drop:Task.notes')).toContain('its column goes, with all values')
    expect(await decided(['state: { type: State, default: todo }'], ['state: { type: State?, default: todo }', 'weight: int'], 'empty:Task')).toContain('Task.weight is new and never null')
    await decided(['notes: text?'], ['notes: text'], 'narrow:Task.notes')
    expect(await decided(['notes: text?'], ['notes: { type: string?, max: 10 }'], 'narrow:Task.notes')).toContain('from text to string of at most 10 characters')
    await decided(['weight: float?'], ['weight: decimal(4,1)?'], 'convert:Task.weight')
  })

  it('[E5] all are told at once; a flag for one does not answer another', async () => {
    const folder = await start(['notes: text?', 'weight: float?'])
    const asked = await folder.version(cards(base))
    expect(asked.error).toContain('add: --accept drop:Task.notes --accept drop:Task.weight\n')
    expect(await folder.run('--accept', 'drop:Task.notes')).toMatchObject({ code: 3, error: expect.stringMatching(/add: --accept drop:Task\.weight\n$/) })
    expect(await folder.run('--json')).toMatchObject({ code: 3 })
    expect(await folder.run('--check')).toMatchObject({ code: 2 })
  })

  it('[E6] a likely rename is hinted at, for fields, values and models', async () => {
    const field = await (await start(['notes: text?'])).version(cards([...base, 'body: text?']))
    expect(field.error).toContain('Or was it renamed? Then write `was: notes` at body.')
    const value = await (await start(['notes: text?'])).version(cards([...base, 'notes: text?'], { enums: '[todo, finished]' }))
    expect(value.error).toContain('Or was it renamed? Then write { name: finished, was: done }.')
    const model = await (await start(['notes: text?'])).version(cards([...base, 'notes: text?'], { model: 'Card' }))
    expect(model.error).toContain('Or was it renamed? Then write `was: Task` at Card.')
  })

  it('[E6] a rename that is declared asks nothing, keeps the column id, and may stay in the file', async () => {
    const folder = await start(['notes: text?'])
    const renamed = cards([...base, 'body: { type: text?, was: notes }'])
    expect(await folder.version(renamed)).toMatchObject({ code: 0, error: '' })
    expect(await folder.read('schema.lock.json')).toContain('"body": {"column":"body","columnId":"notes"')
    const files = await folder.files()
    expect(await folder.version(renamed)).toMatchObject({ code: 0 })
    expect(await folder.version(cards([...base, 'body: text?']))).toMatchObject({ code: 0 })
    expect(await folder.files()).toEqual(files)
    expect(await folder.read('schema.lock.json')).toContain('"columnId":"notes"')
  })

  it('[E7] a column that takes the name of a dropped one, or another type, has an id that none of the table has', async () => {
    const folder = await start(['notes: text?'])
    await folder.version(cards([...base, 'body: { type: text?, was: notes }']))
    await folder.version(cards([...base, 'body: text?', 'notes: text?']))
    expect(await folder.read('schema.lock.json')).toContain('"notes": {"column":"notes","columnId":"notes_2"')
    await folder.version(cards([...base, 'body: text?', 'notes: int?']), '--accept', 'convert:Task.notes')
    expect(await folder.read('schema.lock.json')).toContain('"notes": {"column":"notes","columnId":"notes_3"')
  })

  it('[E71] what is said of a change after it was made is not ignored in silence; taken out, it is not missed', async () => {
    const said = (backfill: string, to: string, as: string): string =>
      cards([...base, 'state: { type: State, default: done }', `slug: { type: string, backfill: ${backfill} }`, `size: { type: string, convert: { from: int, as: ${as} } }`], { enums: `[{ name: todo, to: ${to} }, next, done]` })
    const folder = await start(['state: { type: State, default: done }', 'size: int'], { enums: '[todo, next, done]' })
    const first = said('$row.title', 'next', '{ text: $old }')
    expect(await folder.version(first)).toMatchObject({ code: 0, error: '' })
    const files = await folder.files()
    const asked = await folder.version(said('{ lower: $row.title }', 'done', '{ concat: ["#", { text: $old }] }'))
    expect(asked).toMatchObject({ code: 3, error: expect.stringContaining('add: --accept keep:Task.slug --accept keep:Task.size --accept keep:State.todo\n') })
    expect(asked.error).toContain('Task.slug is there already, and its rows have their values: another `backfill` comes too late.')
    expect(await folder.version(first)).toMatchObject({ code: 0, error: '' })
    expect(await folder.version(first.replace('$row.title', '$row.heading').replace('title: string', 'heading: { type: string, was: title }').replace('next, done', '{ name: later, was: next }, done').replace('to: next', 'to: later'))).toMatchObject({ code: 0, error: '' })
    const more = (await folder.files()).length
    expect(more).toBeGreaterThan(files.length)
    const plain = cards(['ownerId: { type: uuid, immutable: true }', 'heading: string', 'state: { type: State, default: done }', 'slug: string', 'size: string'], { enums: '[later, done]' })
    expect(await folder.version(plain)).toMatchObject({ code: 0, error: '' })
    expect(await folder.version(plain.replace('slug: string', 'slug: { type: string, backfill: x }'))).toMatchObject({ code: 3, error: expect.stringContaining('a `backfill` comes too late') })
    expect(await folder.run('--accept', 'keep:Task.slug')).toMatchObject({ code: 0, error: '' })
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
    expect(await folder.files()).toHaveLength(more)
  })

  it('[E77] each file can be read by dbmate: it says where it leads up, and that nothing leads down', async () => {
    const folder = await start(['notes: text?', 'state: { type: State, default: todo }'])
    await folder.version(cards([...base, 'notes: { type: text, backfill: none }', 'state: { type: State, default: todo, unique: true }'], { enums: '[todo, { name: ready, was: done }]' }))
    const files = await folder.files()
    expect(files.length).toBeGreaterThan(5)
    for (const name of files) {
      expect(name).toMatch(/^\d+_\w+\.sql$/)
      expect(await folder.read(`migrations/${name}`), name).toMatch(/^(?:--.*\n|\n)*-- migrate:up(?: transaction:false)?\n[^]+\n-- migrate:down\n--.*\n$/)
    }
    expect(new Set(files.map((name) => /^\d+/.exec(name)?.[0])).size).toBe(files.length)
  })

  it('[E8] what the database need not know writes no migration', async () => {
    const folder = await start(['notes: text?'])
    expect(await folder.version(cards([...base, 'notes: { type: text?, doc: Said aside., conflict: server }']))).toMatchObject({ code: 0 })
    expect(await folder.files()).toEqual(['0001_initial.sql'])
    expect(await folder.run('--check')).toMatchObject({ code: 0 })
  })
})
