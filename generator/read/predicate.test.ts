import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelOf, type Predicate } from '../model.js'
import { readSchema } from './read-schema.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncgen-predicate-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A read rule of Task, compiled in a schema with relations of every kind. */
const compile = async (rule: string): Promise<Predicate> => {
  const path = join(folder, `${Math.abs(hash(rule))}.yaml`)
  await writeFile(path, `syncgen: 1
name: test
claims: { sub: uuid, level: int }
enums: { State: [todo, done] }
models:
  User:
    fields: { name: string }
    access: { read: { any: [{ id: $auth.sub }, { name: public }] }, update: { id: $auth.sub } }
  Task:
    fields:
      owner: { ref: User, inverse: tasks, immutable: true }
      reviewer: { ref: User?, inverse: reviews, immutable: true }
      parent: { ref: Task?, inverse: children, immutable: true }
      title: string
      state: { type: State, default: todo }
      level: int
      serial: bigint
      price: decimal(6,2)?
      dueAt: timestamp?
      tags: string[]
      settings: json?
    access: { read: ${rule} }
  Label:
    fields: { name: string }
    access: { read: { tasks: { ownerId: $auth.sub } } }
  TaskLabel:
    join: { task: Task.labels, label: Label.tasks }
    access: { read: { task: { ownerId: $auth.sub } } }
  Vote:
    join: { task: Task.votes, user: User.votes }
    fields: { weight: int }
    access: { read: { userId: $auth.sub } }
`)
  const result = await readSchema([path])
  if (!result.ok) throw new Error(result.problems.map((each) => `${each.code} ${each.message}`).join('\n'))
  return modelOf(result.schema, 'Task').access.read
}

const hash = (text: string): number => [...text].reduce((sum, each) => (sum * 31 + (each.codePointAt(0) ?? 0)) | 0, 7)

const sub = { kind: 'claim', name: 'sub' } as const
const literal = (value: string | number | null) => ({ kind: 'literal', value }) as const
const compare = (field: string, op: string, value: unknown) => ({ kind: 'compare', field, op, value })
const mine = compare('ownerId', 'eq', sub)
const throughLabels = (where: unknown) => ({
  kind: 'some', relation: 'labels', model: 'TaskLabel', field: 'taskId',
  where,
})
const toLabel = (where: unknown) => ({ kind: 'one', relation: 'label', model: 'Label', field: 'labelId', where })
const named = compare('name', 'eq', literal('x'))

describe('a predicate', () => {
  it.for<readonly [string, unknown]>([
    ['{}', { kind: 'always' }],
    ['{ ownerId: $auth.sub }', mine],
    ['{ ownerId: $auth.sub, level: { gt: 1, lte: $auth.level } }', { kind: 'all', of: [mine, compare('level', 'gt', literal(1)), compare('level', 'lte', { kind: 'claim', name: 'level' })] }],
    ['{ any: [{ ownerId: $auth.sub }, { any: [{ state: done }, { level: 1 }] }] }', { kind: 'any', of: [mine, compare('state', 'eq', literal('done')), compare('level', 'eq', literal(1))] }],
    ['{ any: [{ ownerId: $auth.sub }, {}] }', { kind: 'always' }],
    ['{ all: [{ ownerId: $auth.sub }] }', mine],
    ['{ dueAt: null }', compare('dueAt', 'eq', literal(null))],
    ['{ dueAt: { not: null } }', compare('dueAt', 'ne', literal(null))],
    ['{ dueAt: { lt: 2026-01-31T01:00:00+01:00 } }', compare('dueAt', 'lt', literal('2026-01-31T00:00:00.000Z'))],
    ['{ price: { in: [1, null] } }', { kind: 'in', field: 'price', negated: false, values: [literal('1.00'), literal(null)] }],
    ['{ state: { notIn: [done] } }', { kind: 'in', field: 'state', negated: true, values: [literal('done')] }],
    ['{ serial: 9007199254740993 }', compare('serial', 'eq', literal('9007199254740993'))],
    ['{ title: { startsWith: $$5, contains: b } }', { kind: 'all', of: [compare('title', 'startsWith', literal('$5')), compare('title', 'contains', literal('b'))] }],
    ['{ tags: { contains: a } }', compare('tags', 'contains', literal('a'))],
    ['{ settings: { not: null } }', compare('settings', 'ne', literal(null))],
    ['{ reviewer: { name: x } }', { kind: 'one', relation: 'reviewer', model: 'User', field: 'reviewerId', where: named }],
    ['{ reviewer: {} }', { kind: 'one', relation: 'reviewer', model: 'User', field: 'reviewerId', where: { kind: 'always' } }],
    ['{ children: { level: 1 } }', { kind: 'some', relation: 'children', model: 'Task', field: 'parentId', where: compare('level', 'eq', literal(1)) }],
    ['{ children: { none: { level: 1 } } }', { kind: 'not', of: { kind: 'some', relation: 'children', model: 'Task', field: 'parentId', where: compare('level', 'eq', literal(1)) } }],
    ['{ children: { every: { level: 1 } } }', { kind: 'not', of: { kind: 'some', relation: 'children', model: 'Task', field: 'parentId', where: { kind: 'not', of: compare('level', 'eq', literal(1)) } } }],
    ['{ children: { every: {} } }', { kind: 'always' }],
    ['{ votes: { weight: 1 } }', { kind: 'some', relation: 'votes', model: 'Vote', field: 'taskId', where: compare('weight', 'eq', literal(1)) }],
    ['{ labels: { name: x } }', throughLabels(toLabel(named))],
    ['{ labels: { none: { name: x } } }', { kind: 'not', of: throughLabels(toLabel(named)) }],
    ['{ labels: { every: { name: x } } }', { kind: 'not', of: throughLabels({ kind: 'not', of: toLabel(named) }) }],
    ['{ owner: { $can: update, name: x } }', { kind: 'one', relation: 'owner', model: 'User', field: 'ownerId', where: { kind: 'all', of: [compare('id', 'eq', sub), named] } }],
    ['{ owner: { $can: read } }', { kind: 'one', relation: 'owner', model: 'User', field: 'ownerId', where: { kind: 'any', of: [compare('id', 'eq', sub), compare('name', 'eq', literal('public'))] } }],
  ])('[Y11] %s', async ([rule, expected]) => {
    expect(await compile(rule)).toEqual(expected)
  })
})
