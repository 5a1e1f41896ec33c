import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { keywords, type Place } from './keywords.js'

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly definitions?: Readonly<Record<string, JsonSchema>>
}

const schema = JSON.parse(readFileSync('schema.json', 'utf8')) as JsonSchema
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)
const definition = (name: string): JsonSchema => schema.definitions?.[name] ?? {}
const mapIn = (of: JsonSchema | undefined): JsonSchema => of?.anyOf?.find((each) => each.properties !== undefined) ?? of ?? {}

/** Where each place of the language stands in schema.json. */
const places: { readonly [place in Place]: JsonSchema } = {
  file: schema,
  enum: mapIn(definition('enum')),
  enumValue: mapIn(definition('enumValues').items),
  model: definition('model'),
  scalar: definition('scalar'),
  reference: definition('reference'),
  policy: definition('customPolicy'),
  convert: definition('conversion'),
  match: definition('match'),
  joinSide: definition('joinSide'),
  index: mapIn(definition('index')),
  access: definition('access'),
  scope: definition('scope'),
}

describe('schema.json', () => {
  it.for(Object.entries(places))('[Y8] knows the keywords of a %s', ([place, at]) => {
    expect(Object.keys(at.properties ?? {}).toSorted()).toEqual([...keywords[place as Place]].toSorted())
  })

  const page = readFileSync('docs/schema.md', 'utf8')
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = ''], at) => [`block ${at + 1} of docs/schema.md`, `syncgen: 1\n${block.replace('syncgen: 1\n', '')}`] as const)
  const files = ['schemas/tracker.yaml', 'tests/fixtures/notes/notes.yaml'].map((path) => [path, readFileSync(path, 'utf8')] as const)

  it.for([...files, ...blocks])('[Y8] accepts %s', ([, text]) => {
    validate(parse(text))
    expect(validate.errors ?? []).toEqual([])
  })

  const structural = /^SG(10[12345]|501)$/
  const broken = readdirSync('tests/golden/problems').filter((code) => structural.test(code))

  it.for(broken)('[Y8] refuses the broken schema of %s', (code) => {
    const texts = readdirSync(`tests/golden/problems/${code}`).filter((name) => name.endsWith('.yaml'))
    for (const name of texts) expect(validate(parse(readFileSync(`tests/golden/problems/${code}/${name}`, 'utf8')))).toBe(false)
  })
})
