import { describe, expect, it } from 'vitest'
import type { Predicate } from '../model.js'
import { all, any, compare, eq, field, lit, model, one, param, ref, schema as schemaOf, scope, some, sub } from '../../tests/postgres/ir.js'
import { scopeHash, shapeHash } from './hashes.js'
import { lineOf, modelsRead } from './line.js'
import { fitted, literal } from './text.js'

const readProject: Predicate = any(eq('ownerId', sub), some('Member', 'projectId', eq('userId', sub)))
const models = [
  model('User', [field('name', 'string')]),
  model('Project', [ref('owner', 'User'), field('title', 'string')], { access: { read: readProject } }),
  model('Member', [ref('project', 'Project'), ref('user', 'User'), field('role', 'string')], { access: { update: eq('role', lit('owner')) } }),
  model('Task', [ref('project', 'Project'), field('title', 'string')], { access: { read: one('project', 'Project', readProject) } }),
  model('Mark', [ref('task', 'Task')], { access: { read: one('task', 'Task', one('project', 'Project', readProject)) } }),
]
const params = [{ name: 'p', type: { kind: 'uuid' }, nullable: false }] as const
const schema = schemaOf(models, [scope('board', { Task: eq('projectId', param('p')), Mark: one('task', 'Task', eq('projectId', param('p'))) }, params)])
const board = scope('board', {}, params)
const line = (of: string, where: Predicate) => lineOf(schema, { model: of, where })
const p = { kind: 'param', name: 'p' }

describe('lines', () => {
  it('[S4] a relation through a reference that equals a parameter is a gate, narrowed to its row', () => {
    const { row, gate } = line('Task', eq('projectId', param('p')))
    expect(row).toMatchObject({ kind: 'compare', field: 'projectId', value: p })
    expect(gate).toMatchObject({ kind: 'gate', model: 'Project', id: p, where: { kind: 'any', of: [{ field: 'ownerId' }, { kind: 'some', where: { of: [{ field: 'projectId', value: p }, { field: 'userId' }] } }] } })
  })

  it('[S4] it is hoisted out of the relations around it', () => {
    const { row, gate } = line('Mark', one('task', 'Task', eq('projectId', param('p'))))
    expect(row).toMatchObject({ kind: 'one', model: 'Task', where: { kind: 'compare', field: 'projectId' } })
    expect(gate).toMatchObject({ kind: 'gate', model: 'Project' })
  })

  it('[S4] the id of a related row says what the reference equals', () => {
    expect(line('Task', one('project', 'Project', eq('id', param('p')))).gate).toMatchObject({ kind: 'gate', model: 'Project', id: p })
  })

  it('[S4] an OR is a gate if each of its branches is, and else part of the row', () => {
    const title = (text: string): Predicate => one('project', 'Project', compare('title', 'eq', lit(text)))
    expect(line('Task', all(eq('projectId', param('p')), any(title('a'), title('b')))).row).toMatchObject({ kind: 'compare' })
    const mixed = line('Task', all(eq('projectId', param('p')), any(title('a'), eq('title', lit('b')))))
    expect(mixed.row).toMatchObject({ kind: 'all', of: [{ kind: 'compare' }, { kind: 'any' }] })
  })

  it('[S4] a row that the line names by id is no gate, so that its deletion is told', () => {
    const { row, gate } = line('Project', eq('id', param('p')))
    expect(gate.kind).toBe('always')
    expect(row).toMatchObject({ kind: 'all', of: [{ field: 'id' }, { kind: 'any', of: [{}, { kind: 'some', where: { of: [{ field: 'projectId', value: p }, {}] } }] }] })
  })

  it('[S4] all models that can move a row are read', () => {
    expect(modelsRead(line('Mark', one('task', 'Task', eq('projectId', param('p')))))).toEqual(['Mark', 'Task', 'Project', 'Member'])
  })
})

describe('hashes', () => {
  const withModel = (name: string, change: (of: (typeof models)[number]) => (typeof models)[number]) => ({ ...schema, models: models.map((each) => (each.name === name ? change(each) : each)) })
  const [lines] = schema.scopes
  if (lines === undefined) throw new Error('no scope')

  it('[S8] a scope has another hash if what it holds or how it travels changes, and no other reason', () => {
    const hash = scopeHash(schema, lines)
    const changed = [
      withModel('Task', (of) => ({ ...of, access: { ...of.access, read: one('project', 'Project', eq('ownerId', sub)) } })),
      withModel('Task', (of) => ({ ...of, fields: [...of.fields, field('more', 'int')] })),
      withModel('Member', (of) => ({ ...of, fields: of.fields.map((each) => (each.name === 'userId' ? { ...each, nullable: true } : each)) })),
    ]
    for (const each of changed) expect(scopeHash(each, lines)).not.toBe(hash)
    const same = [
      withModel('Member', (of) => ({ ...of, fields: [...of.fields, field('more', 'int')] })),
      withModel('Member', (of) => ({ ...of, access: { ...of.access, update: eq('userId', sub) } })),
      withModel('Task', (of) => ({ ...of, fields: [...of.fields, field('secret', 'int', { serverOnly: true })] })),
    ]
    for (const each of same) expect(scopeHash(each, lines)).toBe(hash)
    expect(scopeHash(schema, { ...lines, lines: lines.lines.slice(0, 1) })).not.toBe(hash)
    expect(scopeHash(schema, board)).not.toBe(hash)
  })

  it('[S9] the shape changes with columns and with what the images hold', () => {
    const shape = shapeHash(schema)
    expect(shape).toMatch(/^[0-9a-f]{16}$/)
    expect(shapeHash(withModel('Member', (of) => ({ ...of, fields: [...of.fields, field('more', 'int')] })))).not.toBe(shape)
    expect(shapeHash(withModel('User', (of) => ({ ...of, access: { ...of.access, read: eq('name', lit('a')) } })))).not.toBe(shape)
    expect(shapeHash(withModel('Member', (of) => ({ ...of, access: { ...of.access, update: eq('userId', sub) } })))).toBe(shape)
  })
})

describe('texts', () => {
  it('[P23] a literal has no line break, whatever the text', () => {
    expect(literal(`it's`)).toBe(`'it''s'`)
    expect(literal('a\\b')).toBe(`'a\\b'`)
    expect(literal(`a\\'\r\nb`)).toBe(`E'a\\\\''\\r\\nb'`)
    expect(() => literal('a\0b')).toThrow('NUL')
  })

  it('[P23] long identifiers are cut apart, not together', () => {
    const long = 'x'.repeat(63)
    expect(fitted(long)).toBe(long)
    const [one, two] = [fitted(`${long}1`), fitted(`${long}2`)]
    expect([one.length, two.length, one === two]).toEqual([63, 63, false])
  })
})
