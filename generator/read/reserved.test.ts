import { describe, expect, it } from 'vitest'
import { ModelCache, SyncClient } from '../../runtime/client/index.js'
import { reservedFor } from './reserved.js'

const membersOf = (type: { readonly prototype: object }): readonly string[] =>
  Object.getOwnPropertyNames(type.prototype).filter((each) => each !== 'constructor')

describe('reserved names', () => {
  it.for([...membersOf(ModelCache), 'db'])('[Y19] a relation cannot be called %s: every cache has it', (name) => {
    expect(reservedFor('relation', name)).not.toBeNull()
  })

  it.for([...membersOf(SyncClient), 'store', 'scopes', 'sql'])('[Y19] a cache cannot be called %s: every client or transaction has it', (name) => {
    expect(reservedFor('cache', name)).not.toBeNull()
  })

  it.for(['class', 'constructor', 'then', 'toString', 'await', 'arguments'])('[Y19] nothing can be called %s', (name) => {
    for (const kind of ['field', 'relation', 'cache', 'type', 'name'] as const) expect(reservedFor(kind, name)).not.toBeNull()
  })

  it.for(['type', 'name', 'of', 'from', 'position', 'number', 'key', 'value', 'kind', 'bytes', 'order'])('[Y19] a field can be called %s', (name) => {
    expect(reservedFor('field', name)).toBeNull()
  })
})
