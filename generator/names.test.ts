import { describe, expect, it } from 'vitest'
import { camelCase, indexName, kebabCase, pascalCase, pluralOf, snakeCase } from './names.js'

describe('names', () => {
  it.for([
    ['projectId', 'project_id', 'project-id', 'ProjectId', 'projectId'],
    ['TaskLabel', 'task_label', 'task-label', 'TaskLabel', 'taskLabel'],
    ['HTTPServer', 'http_server', 'http-server', 'HttpServer', 'httpServer'],
    ['addressLine2', 'address_line2', 'address-line2', 'AddressLine2', 'addressLine2'],
    ['task_labels', 'task_labels', 'task-labels', 'TaskLabels', 'taskLabels'],
  ] as const)('%s in other cases', ([name, snake, kebab, pascal, camel]) => {
    expect([snakeCase(name), kebabCase(name), pascalCase(name), camelCase(name)]).toEqual([snake, kebab, pascal, camel])
  })

  it.for([
    ['task', 'tasks'],
    ['taskLabel', 'taskLabels'],
    ['category', 'categories'],
    ['day', 'days'],
    ['box', 'boxes'],
    ['branch', 'branches'],
    ['address', 'addresses'],
    ['person', 'people'],
    ['salesPerson', 'salesPeople'],
    ['child', 'children'],
    ['human', 'humans'],
  ] as const)('%s in the plural: %s', ([name, plural]) => {
    expect(pluralOf(name)).toBe(plural)
  })

  it('of indexes fit PostgreSQL and stay apart', () => {
    expect(indexName('tasks', ['project_id', 'state'], 'idx')).toBe('tasks_project_id_state_idx')
    const long = ['a_rather_long_column_name', 'another_rather_long_column_name']
    const names = [indexName('measurements', long, 'idx'), indexName('measurements', [...long, 'x'], 'idx'), indexName('measurements', long, 'key')]
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63)
    expect(new Set(names).size).toBe(3)
  })
})
