/** What a hostile schema may try: the command says no, or writes code that is what its names and texts say and nothing more. */
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { filesBelow, folderWith, syncgen } from '../golden/command.js'

const vault = new URL('./vault/', import.meta.url)

/** Runs the command on this schema in a folder of its own. */
const generate = async (schema: string, types = 'types.ts') => {
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-security-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'schemas'))
  await writeFile(join(folder, 'schemas/app.yaml'), schema)
  await writeFile(join(folder, 'schemas', types), 'export type Settings = object\n')
  const ended = await syncgen(['schemas/'], folder)
  const files = [...(await filesBelow(folder))].filter(([path]) => path.startsWith('generated/'))
  return { ...ended, files: new Map(files) }
}

/** A schema with one part replaced; names and texts as JSON, which YAML reads. */
const schemaWith = (part: Partial<Record<'model' | 'field' | 'relation' | 'scope' | 'param' | 'claim' | 'enum' | 'label' | 'table' | 'column' | 'plural' | 'json', string>>): string => {
  const { model = 'Note', field = 'body', relation = 'notes', scope = 'mine', param = 'since', claim = 'sub', label = 'low', table = 'notes', column = 'body', plural = 'notes', json = './types.ts#Settings' } = part
  const name = (text: string): string => JSON.stringify(text)
  return `syncgen: 1
name: app
claims: { ${name(claim)}: uuid }
enums: { ${name(part.enum ?? 'Level')}: [${name(label)}, high] }
models:
  Person: { fields: { email: string }, access: { read: { id: ${name(`$auth.${claim}`)} } } }
  ${name(model)}:
    table: ${name(table)}
    plural: ${name(plural)}
    fields:
      author: { ref: Person, inverse: ${name(relation)}, onDelete: cascade }
      ${name(field)}: { type: string, column: ${name(column)} }
      settings: { type: json, ts: ${name(json)}, default: {} }
    access: { read: { authorId: ${name(`$auth.${claim}`)} } }
scopes:
  ${name(scope)}: { params: { ${name(param)}: string }, tables: { ${name(model)}: { ${name(field)}: ${name(`$params.${param}`)} } } }
`
}

const places = ['model', 'field', 'relation', 'scope', 'param', 'claim', 'enum', 'plural'] as const
const hostileNames = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'class', 'await', 'eval', 'arguments', 'ｕser', 'usеr', 'note\u200b', 'a b', 'a"b', "a'b", 'a;b', 'a--', 'a/*', '*/', '${process.exit()}', '`', '\\', '../../evil', '..', '/etc/passwd', '\u2028', 'x'.repeat(200), '', '$', '1st', '"; drop table users; --', '-', '.']

describe('a name', () => {
  it('[X18] [S-35] [S-16] is refused where it is more than a name, in whatever place', { timeout: 60_000 }, async () => {
    expect((await generate(schemaWith({}))).code).toBe(0)
    let accepted = 0
    for (const place of places) {
      for (const text of hostileNames) {
        const { code, error, files } = await generate(schemaWith({ [place]: text }))
        if (code === 1) expect([place, text, error.includes(' error SG'), [...files.keys()]]).toEqual([place, text, true, []])
        else expectHarmless(place, text, files)
        accepted += code === 0 ? 1 : 0
      }
    }
    // Words that are names like others: `class` as the label of a scope, say.
    expect(accepted).toBeLessThan(places.length * hostileNames.length / 4)
  })

  it('[X18] [S-16] of a table or a column is quoted, whatever it is, or refused', { timeout: 60_000 }, async () => {
    let taken = 0
    for (const place of ['table', 'column'] as const) {
      for (const text of [...hostileNames, 'select', 'user', 'Mixed Case', 'ctid', 'xmin', 'pg_class', 'syncgen']) {
        const { code, files } = await generate(schemaWith({ [place]: text }))
        const migration = files.get('generated/migrations/0001_initial.sql') ?? ''
        taken += code === 0 ? 1 : 0
        if (code === 0) expect(migration.includes(`"${text.replaceAll('"', '""')}"`), `${place} ${text}`).toBe(true)
        else expect(migration).toBe('')
      }
    }
    expect(taken).toBeGreaterThan(0)
  })
})

/** An accepted name stands in code as an identifier, a key or a text: the files parse, and nothing stands at their top that runs. */
const expectHarmless = (place: string, text: string, files: ReadonlyMap<string, string>): void => {
  for (const [path, code] of files) {
    if (!path.endsWith('.ts')) continue
    const kinds = ts.createSourceFile(path, code, ts.ScriptTarget.ES2022).statements.map(({ kind }) => ts.SyntaxKind[kind])
    expect(kinds.filter((kind) => /Expression|If|For|While|Throw|Block|Empty/.test(kind)), `${place} ${text} in ${path}`).toEqual([])
  }
  expect([...files.keys()].every((path) => /^generated\/[\w./-]+$/.test(path) && !path.includes('..')), `${place} ${text}`).toBe(true)
}

describe('a type of the app', () => {
  it('[X19] [S-36] [S-38] is a file and a name: what else stands there is refused, or inside the text of an import', { timeout: 60_000 }, async () => {
    const hostile = [`./x.ts'; process.exit() //#T`, `./x.ts#T } from 'y'; process.exit(); import { U`, './x.ts#T;eval("1")', './x.ts#__proto__', './x.ts#', '#T', './x.ts\n#T', '/etc/passwd#T', '../../../../etc/passwd#T', './x.ts#T#U', 'node:fs#Stats', '`${1}`#T', './x.ts#any', './x"y.ts#T', './x\\y.ts#T', './*/x.ts#T']
    for (const json of hostile) {
      const [file = ''] = json.replace('./', '').split('#')
      // The file is there, where a file can have such a name.
      const { code, files } = await generate(schemaWith({ json }), /\/|^$|^\.\.|\n/.test(file) ? undefined : file)
      if (code === 1) expect([...files.keys()]).toEqual([])
      else expectHarmless('ts', json, files)
      expect(code, json).not.toBe(70)
    }
  })
})

describe('YAML', () => {
  const refused: Readonly<Record<string, string>> = {
    'an alias bomb': `a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n`,
    'a tag that would run code': 'syncgen: !!js/function "function () { process.exit() }"\n',
    'a tag of another kind': 'syncgen: !include /etc/passwd\n',
    'a merge of a prototype': 'syncgen: 1\n<<: { __proto__: { isAdmin: true } }\n',
    'depth that ended a process': '['.repeat(20_000),
    'depth by indentation': Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
    'a key twice': 'syncgen: 1\nsyncgen: 1\n',
    'two documents': 'syncgen: 1\n---\nsyncgen: 1\n',
    'a directive': '%TAG ! tag:x,2000:\n---\nsyncgen: 1\n',
    'a megabyte and more': `syncgen: 1\n# ${'x'.repeat(1024 * 1024)}\n`,
    'a prototype for a map': 'syncgen: 1\nmodels: { __proto__: { fields: {} } }\n',
    'no access rule': 'syncgen: 1\nname: app\nmodels: { Note: { fields: { body: string } } }\n',
    'a scope open to whoever names a parameter': 'syncgen: 1\nname: app\nclaims: { sub: uuid }\nmodels: { Note: { fields: { body: string }, access: { read: all } } }\nscopes: { open: { params: { body: string }, tables: { Note: { body: $params.body } } } }\n',
  }
  it.each(Object.entries(refused))('[X20] [S-34] [S-11] [S-12] with %s is refused with a problem, and nothing is written', async (_, schema) => {
    const before = Reflect.ownKeys(Object.prototype)
    const { code, error, files } = await generate(schema)
    expect(code).toBe(1)
    expect(error).toMatch(/ error SG\d\d\d /)
    expect([...files.keys()]).toEqual([])
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
  })

  it('[X20] [S-34] is not read through a symbolic link', async () => {
    const folder = await folderWith(new URL('vault.yaml', vault).pathname.replace(/\/vault\.yaml$/, '/generated/shared'))
    await writeFile(join(folder, 'elsewhere.yaml'), schemaWith({}))
    await symlink(join(folder, 'elsewhere.yaml'), join(folder, 'schemas/link.yaml'))
    expect((await syncgen(['schemas/'], folder)).code).toBe(1)
  })
})

describe('our own code', () => {
  it('[X21] [S-31] [S-32] evaluates no text, and makes no pattern of data but those of the schema', async () => {
    const root = new URL('../../', import.meta.url).pathname
    const folders = ['runtime', 'generator', 'generated-example']
    const paths = (await Promise.all(folders.map(async (folder) => (await readdir(join(root, folder), { recursive: true })).map((path) => join(folder, path))))).flat()
    const found: string[] = []
    for (const path of paths.filter((each) => each.endsWith('.ts') && !each.endsWith('.test.ts'))) {
      const text = await readFile(join(root, path), 'utf8')
      for (const [match] of text.matchAll(/\beval\(|\bnew Function\b|\bnew RegExp\(([^)]*)|innerHTML|insertAdjacentHTML|document\.write|\bvm\b['.]|\.constructor\(/g)) found.push(match)
    }
    expect(found.filter((each) => !/^new RegExp\((source|pattern|type\.pattern), 'u'$/.test(each))).toEqual([])
  })

  it('[X22] [S-40] stands on versions that are mended', async () => {
    const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8')) as { packages: Readonly<Record<string, { readonly version?: string }>> }
    const floors = { ws: [8, 23, 0], handlebars: [4, 7, 10], yaml: [2, 9, 1], ajv: [8, 20, 0], pg: [8, 23, 1] } as const
    for (const [name, floor] of Object.entries(floors)) {
      const version = (lock.packages[`node_modules/${name}`]?.version ?? '').split('.').map(Number)
      const difference = floor.map((least, at) => (version[at] ?? Number.NaN) - least).find((each) => each !== 0) ?? 0
      expect(difference, name).toBeGreaterThanOrEqual(0)
    }
  })
})
