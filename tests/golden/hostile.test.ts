import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse, stringify } from 'yaml'
import { testDatabase } from '../../runtime/testing/database.js'
import { filesBelow, folderWith, syncgen } from './command.js'
import { allScope } from './hostile/generated/server/all-scope.js'
import { trapModel } from './hostile/generated/server/trap.js'
import { trapFields } from './hostile/generated/shared/trap.js'

const hostile = fileURLToPath(new URL('hostile/schemas', import.meta.url))
const generated = fileURLToPath(new URL('hostile/generated', import.meta.url))
const source = await readFile(join(hostile, 'hostile.yaml'), 'utf8')

/** The same schema with every dangerous text replaced by a plain one. */
const harmless = (): string => {
  let count = 0
  const tame = (value: unknown): unknown => {
    if (typeof value === 'string') return /^[\w .:/$,^[\]]+$/.test(value) ? value : `plain${(count += 1)}`
    if (Array.isArray(value)) return value.map(tame)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'pattern' ? '^plain[0-9]*$' : tame(each)]))
  }
  return stringify(tame(parse(source)))
}

/** The shape of a file: every node's kind, in order. */
const shapeOf = (path: string, text: string): readonly ts.SyntaxKind[] => {
  const kinds: ts.SyntaxKind[] = []
  const visit = (node: ts.Node): void => {
    kinds.push(node.kind)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2022))
  return kinds
}

const connected = async (): Promise<pg.Client> => {
  const database = await testDatabase()
  const client = new pg.Client({ connectionString: database.url })
  onTestFinished(() => client.end())
  await client.connect()
  return client
}

describe('a schema whose texts would end comments, strings and statements', { timeout: 60_000 }, () => {
  it('[G6] gives TypeScript of the same shape as one with plain texts', async () => {
    const folder = await folderWith(hostile)
    await writeFile(join(folder, 'schemas/hostile.yaml'), harmless())
    expect(await syncgen(['schemas/'], folder)).toMatchObject({ code: 0 })
    const plain = await filesBelow(join(folder, 'generated'))
    const files = [...(await filesBelow(generated))].filter(([path]) => path.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(8)
    for (const [path, text] of files) expect(shapeOf(path, text), path).toEqual(shapeOf(path, plain.get(path) ?? ''))
  })

  it('[G6] keeps every text as it is, in TypeScript and in PostgreSQL', async () => {
    const { fields } = (parse(source) as { models: { Trap: { fields: Record<string, { default: unknown }> } } }).models.Trap
    const client = await connected()
    await client.query(await readFile(join(generated, 'migrations/0001_initial.sql'), 'utf8'))
    const { rows } = await client.query('insert into traps default values returning *')
    for (const name of ['note', 'text', 'slash', 'code', 'mood', 'tags'] as const) {
      expect(trapFields[name].default, name).toEqual(fields[name]?.default)
      expect(rows[0][name], name).toEqual(fields[name]?.default)
    }
    const settings: unknown = JSON.parse(JSON.stringify(fields['settings']?.default))
    expect(JSON.stringify(trapFields.settings.default)).toBe(JSON.stringify(settings))
    expect(rows[0].settings).toEqual(settings)
  })

  it('[G6] gives a migration of as many statements as one with plain texts, and statements that are one each', async () => {
    const folder = await folderWith(hostile)
    await writeFile(join(folder, 'schemas/hostile.yaml'), harmless())
    await syncgen(['schemas/'], folder)
    const statementsIn = async (path: string): Promise<readonly string[]> => {
      const results: unknown = await (await connected()).query(await readFile(path, 'utf8'))
      return (results as readonly pg.QueryResult[]).map(({ command }) => command)
    }
    const ours = await statementsIn(join(generated, 'migrations/0001_initial.sql'))
    expect(ours.length).toBeGreaterThan(10)
    expect(ours).toEqual(await statementsIn(join(folder, 'generated/migrations/0001_initial.sql')))

    const client = await connected()
    await client.query(await readFile(join(generated, 'migrations/0001_initial.sql'), 'utf8'))
    const [line] = allScope.lines
    const { read, create, update } = trapModel.access
    // With values a text of two statements is refused by PostgreSQL's extended protocol.
    for (const statement of [read, create, update]) await client.query(statement?.text ?? '', [[]])
    await client.query(line?.keys.text ?? '', [null, 'x'])
    await client.query(line?.page.text ?? '', [null, 10, 'x'])
    await client.query(line?.since.text ?? '', ['10:10:', 'x'])
  })
})
