import { describe, expect, it } from 'vitest'
import type { Field, Model, Schema } from '../model.js'
import { readSchema } from '../read/read-schema.js'
import { schemaHash } from './schema-hash.js'

const read = await readSchema(['schemas/'])
if (!read.ok) throw new Error('schemas/ is broken')
const tracker = read.schema
const hash = schemaHash(tracker)

/** The tracker with one model changed. */
const withModel = (name: string, change: (model: Model) => Partial<Model>): Schema => ({
  ...tracker,
  models: tracker.models.map((model) => (model.name === name ? { ...model, ...change(model) } : model)),
})

/** The tracker with one field of Task changed. */
const withField = (name: string, change: Partial<Field>): Schema =>
  withModel('Task', ({ fields }) => ({ fields: fields.map((field) => (field.name === name ? { ...field, ...change } : field)) }))

const never = { kind: 'never' } as const

describe('schemaHash', () => {
  it.each<readonly [what: string, schema: Schema]>([
    ['documentation', withModel('Task', () => ({ doc: 'x' }))],
    ['documentation of a field', withField('title', { doc: 'x' })],
    ['access rules', withModel('Task', () => ({ access: { read: never, create: never, update: never, delete: never } }))],
    ['tables', withModel('Task', () => ({ table: 'x' }))],
    ['columns', withField('title', { column: 'x' })],
    ['indexes', withModel('Task', () => ({ indexes: [] }))],
    ['names of caches', withModel('Task', () => ({ plural: 'x' }))],
    ['what a scope’s lines ask for', { ...tracker, scopes: tracker.scopes.map((scope) => ({ ...scope, lines: scope.lines.map((line) => ({ ...line, where: never })) })) }],
    ['serverOnly fields', withModel('User', ({ fields }) => ({ fields: fields.filter(({ serverOnly }) => !serverOnly) }))],
    ['the order of models', { ...tracker, models: tracker.models.toReversed() }],
    ['files', { ...tracker, sources: ['x.yaml'] }],
  ])('[G14] stays when %s change', (_, schema) => {
    expect(schemaHash(schema)).toBe(hash)
  })

  it.each<readonly [what: string, schema: Schema]>([
    ['a type', withField('title', { type: { kind: 'text' } })],
    ['a limit', withField('title', { type: { kind: 'string', max: 5, pattern: null } })],
    ['nullability', withField('title', { nullable: true })],
    ['a default', withField('title', { default: { value: 'x' } })],
    ['a policy', withField('title', { conflict: 'server' })],
    ['a permission', withField('title', { immutable: true })],
    ['the order of fields', withModel('Task', ({ fields }) => ({ fields: fields.toReversed() }))],
    ['a field that is gone', withModel('Task', ({ fields }) => ({ fields: fields.slice(0, -1) }))],
    ['who wins a delete', withModel('Task', () => ({ deleteConflict: 'edit-wins' }))],
    ['labels of an enum', { ...tracker, enums: tracker.enums.map((each) => ({ ...each, values: each.values.slice(1) })) }],
    ['a parameter', { ...tracker, scopes: tracker.scopes.map((scope) => ({ ...scope, params: [] })) }],
    ['a scope that is gone', { ...tracker, scopes: tracker.scopes.slice(1) }],
  ])('[G14] is another with %s', (_, schema) => {
    expect(schemaHash(schema)).not.toBe(hash)
  })
})
