import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import { actions } from './ground.js'
import { fieldOf, modelOf, type Predicate, type Schema } from '../model.js'
import { partsOf } from './logic.js'
import { readSchema } from './read-schema.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncgen-schema-'))
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (...texts: readonly (string | Uint8Array)[]) => {
  const own = await mkdtemp(join(folder, 'schema-'))
  await Promise.all(texts.map((text, at) => writeFile(join(own, `${at}.yaml`), text)))
  return readSchema([own])
}

const tracker = async (): Promise<Schema> => {
  const result = await readSchema(['schemas'])
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  expect(result.warnings).toEqual([])
  return result.schema
}

const codesOf = async (...texts: readonly (string | Uint8Array)[]): Promise<readonly string[]> => {
  const result = await read(...texts)
  return (result.ok ? result.warnings : result.problems).map((each) => each.code)
}

describe('the tracker', () => {
  it('has its references, inverses and relations through pure joins', async () => {
    const schema = await tracker()
    expect(schema.sources).toEqual(['schemas/tracker.yaml'])
    expect(modelOf(schema, 'Task').relations).toEqual([
      { kind: 'one', name: 'project', model: 'Project', field: 'projectId', nullable: false },
      { kind: 'one', name: 'assignee', model: 'User', field: 'assigneeId', nullable: true },
      { kind: 'through', name: 'labels', model: 'Label', join: 'TaskLabel', near: 'taskId', far: 'labelId' },
    ])
    expect(modelOf(schema, 'User').relations.map((each) => [each.kind, each.name, each.model])).toEqual([
      ['many', 'ownedProjects', 'Project'],
      ['many', 'memberships', 'Member'],
      ['many', 'assignedTasks', 'Task'],
    ])
    expect(fieldOf(modelOf(schema, 'TaskLabel'), 'labelId')).toMatchObject({
      column: 'label_id',
      immutable: true,
      nullable: false,
      reference: { relation: 'label', model: 'Label', inverse: 'tasks', onDelete: 'cascade' },
    })
    expect(modelOf(schema, 'Task').fields.map((each) => each.name).slice(0, 5)).toEqual(['id', 'createdAt', 'updatedAt', 'projectId', 'assigneeId'])
    expect(fieldOf(modelOf(schema, 'Task'), 'title').was).toBe('label')
    expect(fieldOf(modelOf(schema, 'Project'), 'settings')).toMatchObject({
      type: { kind: 'json', ts: { file: 'json-types.ts', name: 'ProjectSettings' } },
      default: { value: {} },
    })
  })

  it('[Y14] has an index for every hop and lookup, and none twice', async () => {
    const schema = await tracker()
    const indexes = schema.models.flatMap((model) => model.indexes.map((each) => [each.name, each.derived]))
    expect(Object.fromEntries(indexes)).toEqual({
      users_email_key: false,
      projects_owner_id_idx: true,
      members_project_id_user_id_key: false,
      members_user_id_idx: true,
      tasks_project_id_state_position_idx: false,
      tasks_assignee_id_idx: false,
      labels_project_id_name_key: false,
      task_labels_task_id_label_id_key: false,
      task_labels_label_id_idx: true,
    })
    for (const { model, predicate } of predicatesOf(schema)) for (const hop of hopsOf(predicate, model)) expect(isIndexed(schema, hop)).toBe(true)
  })

  it('[Y12] spells $can out as the rule itself', async () => {
    const schema = await tracker()
    const { access } = modelOf(schema, 'Label')
    const project = modelOf(schema, 'Project').access
    expect(access.read).toEqual({ kind: 'one', relation: 'project', model: 'Project', field: 'projectId', where: project.read })
    expect(access.delete).toEqual({ kind: 'one', relation: 'project', model: 'Project', field: 'projectId', where: project.update })
    expect(modelOf(schema, 'User').access.create).toEqual({ kind: 'never' })
  })

  it('[Y11] has no always or never inside a predicate', async () => {
    for (const { predicate } of predicatesOf(await tracker())) expectSpelledOut(predicate, true)
  })

  it('[Y16] is the same from one file or from many', async () => {
    const whole = await tracker()
    const { syncgen, models, ...rest } = parseYaml(await readFile('schemas/tracker.yaml', 'utf8')) as Record<string, Record<string, Record<string, object>>>
    const project = { ...models?.['Project'], fields: { ...models?.['Project']?.['fields'], settings: { type: 'json', default: {} } } }
    const parts = Object.entries({ ...models, Project: project }).map(([name, model]) => stringify({ syncgen, models: { [name]: model } }))
    const cut = await read(...parts, ...Object.entries(rest).map(([key, value]) => stringify({ syncgen, [key]: value })))
    if (!cut.ok) throw new Error(JSON.stringify(cut.problems))
    const comparable = (schema: Schema): object => ({ ...schema, sources: [] })
    const expected = JSON.parse(JSON.stringify(comparable(whole)).replaceAll('{"file":"json-types.ts","name":"ProjectSettings"}', 'null')) as object
    expect(comparable(cut.schema)).toEqual(expected)
  })
})

describe('what cannot be read', () => {
  const depths = [65, 500, 2000, 20_000]

  it.for(depths)('[Y5] %i levels of brackets are refused, not parsed', async (depth) => {
    expect(await codesOf(`syncgen: 1\na: ${'['.repeat(depth)}${']'.repeat(depth)}`)).toEqual(['SG005'])
    expect(await codesOf(`syncgen: 1\na: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`)).toEqual(['SG005'])
    expect(await codesOf(`syncgen: 1\na: ${'['.repeat(depth)}`)).toEqual(['SG005'])
  })

  it.for(depths)('[Y5] %i levels of blocks are refused, not parsed', async (depth) => {
    const levels = Math.min(depth, 1000)
    const indented = Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:`).join('\n')
    expect(await codesOf(indented)).toEqual(['SG005'])
    expect(await codesOf(`${'- '.repeat(depth)}a`)).toEqual(['SG005'])
    expect(await codesOf(`${'? '.repeat(depth)}a`)).toEqual(['SG005'])
    expect(await codesOf(`${'a: '.repeat(depth)}1`)).toEqual(['SG005'])
  })

  it('[Y5] what is not UTF-8 is refused', async () => {
    expect(await codesOf(new Uint8Array([0x61, 0xff, 0xfe]))).toEqual(['SG010'])
  })

  it('[Y5] an alias bomb is refused where it stands', async () => {
    const levels = Array.from({ length: 20 }, (_, at) => `l${at + 1}: &l${at + 1} [*l${at}, *l${at}]`)
    expect(new Set(await codesOf(['syncgen: 1', 'l0: &l0 [x]', ...levels].join('\n')))).toEqual(new Set(['SG006']))
  })

  const fill = (kibibytes: number, line: (at: number) => string, head: string, tail = ''): string => {
    let text = head
    for (let at = 0; text.length + tail.length < kibibytes * 1024 - 100; at++) text += line(at)
    return text + tail
  }

  it.for<readonly [string, string]>([
    ['keys', fill(1024, (at) => `  a${at}: uuid\n`, 'syncgen: 1\nclaims:\n')],
    ['keys in one line', fill(1024, (at) => `a${at}: uuid,`, 'syncgen: 1\nclaims: {', '}\n')],
    ['fields', fill(512, (at) => ` a${at}: strng,`, 'syncgen: 1\nname: x\nmodels: { A: { access: {}, fields: {', '} } }\n')],
    ['models', fill(256, (at) => `  A${at}: { fields: { a: string }, access: { read: { b: 1 } } }\n`, 'syncgen: 1\nname: x\nmodels:\n')],
    ['items', fill(128, () => 'a,', 'syncgen: 1\nmodels: [', ']')],
    ['empty items', fill(128, () => '-\n', '')],
    ['empty keys', fill(128, () => ':\n', '')],
    ['comments', fill(128, () => '# \n', '')],
  ])('[Y5] many %s are read or refused, not pondered', { timeout: 60_000 }, async ([, text]) => {
    expect((await codesOf(text)).length).toBeGreaterThan(0)
  })

  it('[Y5] 60 levels are read', async () => {
    const deep = `${'['.repeat(54)}1${']'.repeat(54)}`
    expect(await codesOf(`syncgen: 1\nname: x\nclaims: { sub: uuid }\nmodels: { A: { fields: { a: { type: json, default: ${deep} } }, access: { read: { id: $auth.sub } } } }`)).toEqual([])
  })

  it('[Y5] random text and random damage end in problems, never in an exception', { timeout: 60_000 }, async () => {
    const base = await readFile('schemas/tracker.yaml', 'utf8')
    const damage = fc.record({ at: fc.nat(base.length), cut: fc.nat(12), put: fc.oneof(fc.string(), fc.constantFrom('{', '[', '- ', '? ', ': ', '\n', '&a ', '*a ', '!!x ', '"', "'", '|', '>', '#', '%', '---\n', '$can', '\u0000', '\ufeff', '\ud800')) })
    const damaged = fc.array(damage, { minLength: 1, maxLength: 4 }).map((all) => all.reduce((text, each) => text.slice(0, each.at) + each.put + text.slice(each.at + each.cut), base))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), damaged), async (text) => {
        const result = await read(text)
        if (!result.ok) expect(result.problems.length).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })

  it.for([
    { name: '__proto__', code: 'SG201' },
    { name: 'constructor', code: 'SG202' },
    { name: 'toString', code: 'SG202' },
    { name: 'hasOwnProperty', code: 'SG202' },
  ])('[Y6] $name is refused wherever a name can stand', async ({ name, code }) => {
    const claim = `syncgen: 1\nname: x\nclaims: { sub: uuid, ${name}: uuid }\nmodels: { Note: { fields: { a: uuid }, access: { read: { a: $auth.sub } } } }`
    expect(await codesOf(claim)).toEqual([code])
    expect(await codesOf(claim.replace(`, ${name}: uuid`, '').replace('{ a: uuid }', `{ a: uuid, ${name}: uuid }`))).toEqual([code])
    expect(await codesOf(`${claim.replace(`, ${name}: uuid`, '')}\nscopes: { ${name}: { tables: { Note: { a: $auth.sub } } } }`)).toEqual([code])
    expect(new Set(await codesOf(`syncgen: 1\n${name}: 1`))).toEqual(new Set(['SG101', 'SG103']))
    expect(await codesOf(claim.replace(`, ${name}: uuid`, '').replace('a: $auth.sub', `a: $auth.sub, ${name}: 1`))).toEqual(['SG401'])
    expect(await codesOf(claim.replace(`, ${name}: uuid`, '').replace('a: uuid', `a: ${name}`))).toEqual(['SG104'])
    expect(await codesOf(claim.replace(`, ${name}: uuid`, '').replace('$auth.sub', `$auth.${name}`))).toEqual(['SG404'])
  })
})

describe('readers', () => {
  it('of one cache have names of their own', async () => {
    const result = await read(`syncgen: 1
name: x
claims: { sub: uuid }
models:
  A:
    fields: { b: string, c: string, bAndC: { type: string, unique: true } }
    unique: [[b, c]]
    access: { read: { id: $auth.sub } }
`)
    expect(result.ok ? [] : result.problems).toMatchObject([{ code: 'SG206', message: 'two readers of as would be called "byBAndC"' }])
  })
})

describe('text', () => {
  it('[Y6] arrives in the IR unchanged', async () => {
    const hostile = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('*/', '`${x}`', "'", '"', '\n', '--', '$$', '\u2028', '</script>', '\\', '{{x}}', '\u202e'))
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 5 }).map((all) => all.join('').replaceAll('\0', '')), async (text) => {
        const quoted = JSON.stringify(text)
        const operand = JSON.stringify(text.startsWith('$') ? `$${text}` : text)
        const result = await read(`syncgen: 1
name: hostile
claims: { sub: uuid }
models:
  Note:
    doc: ${quoted}
    fields:
      owner: uuid
      text: { type: string, default: ${quoted}, doc: ${quoted} }
      settings: { type: json, default: { ${JSON.stringify(`k${text}`)}: [${quoted}], "constructor": ${quoted} } }
    access: { read: { owner: $auth.sub, text: { not: ${operand} } } }
`)
        if (!result.ok) throw new Error(JSON.stringify(result.problems))
        const model = modelOf(result.schema, 'Note')
        expect(model.doc).toBe(text)
        expect(fieldOf(model, 'text')).toMatchObject({ default: { value: text }, doc: text })
        expect(JSON.stringify(fieldOf(model, 'settings').default?.value)).toBe(JSON.stringify({ [`k${text}`]: [text], ['constructor']: text }))
        expect(partsOf(model.access.read)[1]).toMatchObject({ value: { kind: 'literal', value: text } })
      }),
      { numRuns: 100 },
    )
  })
})

interface Hop {
  readonly model: string
  readonly field: string
}

const predicatesOf = (schema: Schema): readonly { readonly model: string; readonly predicate: Predicate }[] => [
  ...schema.models.flatMap(({ name, access }) => actions.map((action) => ({ model: name, predicate: access[action] }))),
  ...schema.scopes.flatMap((each) => each.lines).map(({ model, where }) => ({ model, predicate: where })),
]

const hopsOf = (predicate: Predicate, model: string): readonly Hop[] => {
  if (predicate.kind === 'one') return [{ model, field: predicate.field }, ...hopsOf(predicate.where, predicate.model)]
  if (predicate.kind === 'some') return [{ model: predicate.model, field: predicate.field }, ...hopsOf(predicate.where, predicate.model)]
  return partsOf(predicate).flatMap((each) => hopsOf(each, model))
}

const isIndexed = (schema: Schema, { model, field }: Hop): boolean =>
  modelOf(schema, model).indexes.some((each) => each.fields[0] === field && each.where === null)

const expectSpelledOut = (predicate: Predicate, whole: boolean): void => {
  if (!whole) expect(['always', 'never']).not.toContain(predicate.kind)
  const below = predicate.kind === 'one' || predicate.kind === 'some'
  for (const part of partsOf(predicate)) expectSpelledOut(part, below)
}
