import { describe, expect, it } from 'vitest'
import { Dice } from '../../tests/postgres/random.js'
import { Dialect, Route } from './dialect.js'
import type { Op, VersionedRow } from './messages.js'
import { type Fields, pathFrom, type Transition } from './transition.js'
import type { Wire } from './values.js'

const id = '01981c6e-7a10-7c3e-9d55-6f1a2b3c4d5e'

const before: Fields = {
  id: { type: 'uuid' },
  text: { type: 'text', nullable: true },
  state: { type: 'enum', values: ['todo', 'doing', 'done'], default: 'todo' },
  rank: { type: 'int', default: 0 },
  stars: { type: 'int', default: 0 },
  tags: { type: 'list', of: 'enum', values: ['todo', 'doing', 'done'], default: [] },
}
const after: Fields = {
  id: { type: 'uuid' },
  note: { type: 'text', nullable: true },
  state: { type: 'enum', values: ['todo', 'active', 'done', 'dropped'], default: 'todo' },
  rank: { type: 'bigint', default: '0' },
  votes: { type: 'int', default: 3, conflict: 'counter' },
  tags: { type: 'list', of: 'enum', values: ['todo', 'active', 'done', 'dropped'], default: [] },
}
const labels = { doing: 'active' }
const first: Transition = {
  from: 'one',
  to: 'two',
  models: {
    Task: { name: 'Card', before, after, fields: { note: { was: 'text' }, state: { was: 'state', labels }, votes: { was: null, fill: 3 }, tags: { was: 'tags', labels } }, isExact: true },
    Flag: { name: null, before: { id: { type: 'uuid' } }, after: {}, fields: {}, isExact: true },
  },
  newModels: ['Label'],
  scopes: { old: { name: null, before: {}, after: {}, fields: {} } },
  newScopes: ['fresh'],
}
const { rank: _, ...unranked } = after
const second: Transition = {
  from: 'two',
  to: 'three',
  models: { Card: { name: 'Sheet', before: after, after: { ...unranked, due: { type: 'timestamp' } }, fields: { due: { was: null } }, isExact: false } },
  newModels: [],
  scopes: {},
  newScopes: [],
}
const update = (set: Readonly<Record<string, Wire>>): Op => ({ op: 'update', model: 'Task', id, version: 1, set: Object.fromEntries(Object.entries(set).map(([name, value]) => [name, { seen: null, value }])) })
const mutation = (...ops: readonly Op[]) => ({ seq: 1, run: 'r', schema: 'one', at: 1, strict: false, ops })

describe('between two versions', () => {
  const up = new Route([first], 'up')
  const down = new Route([first], 'down')

  it('[E36] a row goes there and back as it was, but for what the other side has no place for (seeds 1 to 200)', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const dice = new Dice(seed)
      const states = ['todo', 'doing', 'done'] as const
      const row: VersionedRow = [seed, id, dice.pick([null, '', 'said']), dice.pick(states), dice.below(1000), dice.below(5), [dice.pick(states), dice.pick(states)]]
      const there = up.row('Task', row)
      expect(there?.isExact, `seed ${seed}`).toBe(true)
      const [version, ...fields] = row
      fields[4] = 0
      expect(down.row('Card', there?.row as VersionedRow)?.row, `seed ${seed}`).toEqual([version, ...fields])
    }
  })

  it('[E36] what the older side cannot say is its default, keeping the version', () => {
    expect(down.row('Card', [9, id, 'n', 'dropped', '9007199254740993', 5, ['dropped']])?.row).toEqual([9, id, 'n', 'todo', 0, 0, []])
    expect(down.row('Label', [9, id])).toBeUndefined()
    expect(down.model('Label')).toBeUndefined()
  })

  it('[E36] an op is converted field by field, values seen too; what is left over is named as its author knows it', () => {
    const { mutation: meant, losses } = up.mutation(mutation(update({ text: 'x', state: 'doing', rank: 7, stars: 2 })))
    expect(meant).toEqual({
      seq: 1,
      run: 'r',
      schema: 'two',
      at: 1,
      strict: false,
      ops: [{ op: 'update', model: 'Card', id, version: 1, set: { note: { seen: null, value: 'x' }, state: { seen: 'todo', value: 'active' }, rank: { seen: '0', value: '7' } } }],
    })
    expect(losses).toEqual([{ model: 'Task', id, fields: ['stars'] }])
    expect(up.mutation(mutation({ op: 'delete', model: 'Flag', id, version: 1 }))).toEqual({ mutation: { ...mutation(), schema: 'two' }, losses: [] })
    expect(up.mutation(mutation({ op: 'create', model: 'Flag', id, values: {} })).losses).toEqual([{ model: 'Flag', id, fields: [] }])
  })

  it('[E36] an old patch names no field that it does not know, and a create leaves defaults to the server', () => {
    const { mutation: meant, losses } = up.mutation(mutation({ op: 'create', model: 'Task', id, values: { text: null, stars: 0 } }))
    expect(meant.ops).toEqual([{ op: 'create', model: 'Card', id, values: { note: null } }])
    expect(losses).toEqual([])
  })

  it('[E36] over several versions names are those of the author; a create that lacks what is insisted on does not arrive', () => {
    const far = new Route([first, second], 'up')
    expect(far.mutation(mutation(update({ rank: 7, text: 'x' }))).losses).toEqual([{ model: 'Task', id, fields: ['rank'] }])
    expect(far.mutation(mutation({ op: 'create', model: 'Task', id, values: { text: 'x' } }))).toEqual({
      mutation: { ...mutation(), schema: 'three' },
      losses: [{ model: 'Task', id, fields: ['text'] }],
    })
    expect(far.row('Task', [1, id, 'n', 'todo', 1, 0, []])?.isExact).toBe(false)
    expect(far.end).toBe('three')
  })

  it('[E44] [E47] [E45] [E48] values that are worked out, converted, or became others: rows, edits, creates, both ways', () => {
    const old: Fields = { id: { type: 'uuid' }, title: { type: 'text' }, price: { type: 'decimal', precision: 8, scale: 2, default: '1.50' }, state: { type: 'enum', values: ['todo', 'doing', 'begun'] }, nick: { type: 'text', nullable: true } }
    const now: Fields = {
      id: { type: 'uuid' },
      title: { type: 'text' },
      cents: { type: 'int', default: 7 },
      state: { type: 'enum', values: ['todo', 'started'] },
      nick: { type: 'text' },
      slug: { type: 'text' },
    }
    const transition: Transition = {
      from: 'one',
      to: 'two',
      newModels: [],
      scopes: {},
      newScopes: [],
      models: {
        Task: {
          name: 'Task',
          before: old,
          after: now,
          isExact: true,
          fields: {
            cents: { was: 'price', convert: { as: { kind: 'multiply', of: [{ kind: 'old' }, { kind: 'literal', value: '100' }] } } },
            state: { was: 'state', labels: { begun: 'started', doing: 'todo' } },
            nick: { was: 'nick', compute: { kind: 'field', field: 'title' } },
            slug: { was: null, compute: { kind: 'concat', of: [{ kind: 'field', field: 'nick' }, { kind: 'literal', value: '-' }, { kind: 'field', field: 'state' }] } },
          },
        },
      },
    }
    const [there, back] = [new Route([transition], 'up'), new Route([transition], 'down')]
    expect(there.row('Task', [3, id, 't', '2.50', 'doing', null])).toEqual({ model: 'Task', row: [3, id, 't', 250, 'todo', 't', 't-todo'], isExact: true })
    // Nothing leads back from cents; what was todo all along is not taken for what became it.
    expect(back.row('Task', [3, id, 't', 250, 'todo', 'n', 's'])).toMatchObject({ row: [3, id, 't', '1.50', 'todo', 'n'], isExact: false })
    expect(back.row('Task', [3, id, 't', 250, 'started', 'n', 's'])).toMatchObject({ row: [3, id, 't', '1.50', 'begun', 'n'] })
    const edit: Op = { op: 'update', model: 'Task', id, version: 1, set: { price: { seen: '1.00', value: '2.01' }, state: { seen: 'begun', value: 'doing' }, nick: { seen: 'a', value: null } } }
    expect(there.mutation(mutation(edit))).toEqual({
      mutation: { ...mutation({ ...edit, set: { cents: { seen: 100, value: 201 }, state: { seen: 'started', value: 'todo' } } }), schema: 'two' },
      losses: [{ model: 'Task', id, fields: ['nick'] }],
    })
    expect(there.mutation(mutation({ op: 'create', model: 'Task', id, values: { title: 't', state: 'doing' } }))).toEqual({
      mutation: { ...mutation({ op: 'create', model: 'Task', id, values: { title: 't', state: 'todo', cents: 150, nick: 't', slug: 't-todo' } }), schema: 'two' },
      losses: [],
    })
  })

  it('[E48] a queued create that says null, where there is no null any more, gets what rows got that had null, not a default', () => {
    const [was, is]: readonly [Fields, Fields] = [
      { id: { type: 'uuid' }, nick: { type: 'text', nullable: true, default: 'usual' } },
      { id: { type: 'uuid' }, nick: { type: 'text', default: 'usual' } },
    ]
    const models = { Task: { name: 'Task', before: was, after: is, isExact: true, fields: { nick: { was: 'nick', fill: 'filled' } } } }
    const route = new Route([{ from: 'one', to: 'two', models, newModels: [], scopes: {}, newScopes: [] }], 'up')
    const made = (values: Readonly<Record<string, Wire>>) => route.mutation(mutation({ op: 'create', model: 'Task', id, values })).mutation.ops
    expect(made({ nick: null })).toEqual([{ op: 'create', model: 'Task', id, values: { nick: 'filled' } }])
    expect(made({})).toEqual([{ op: 'create', model: 'Task', id, values: {} }])
  })

  it('[E36] the way begins at the last time that a version was current', () => {
    const back = { ...first, from: 'two', to: 'one' }
    expect(pathFrom({ hash: 'two', transitions: [first, back, first] }, 'one')).toEqual([first])
    expect(pathFrom({ hash: 'two', transitions: [first] }, 'two')).toEqual([])
    expect(pathFrom({ hash: 'two', transitions: [first] }, 'zero')).toBeUndefined()
  })

  it('[E37] a scope that the server does not have holds nothing; hashes said in a dialect mean nothing outside it', () => {
    const claim = { id: 1, name: 'mine', params: {}, hash: 'plain', position: 'p' }
    const dialect = new Dialect([first], 'newer')
    const asked = dialect.toServer({ kind: 'sync', attempt: 1, scopes: [claim, { ...claim, id: 2, name: 'old' }, { ...claim, id: 3, hash: 'one/known' }, { ...claim, id: 4, hash: 'zero/known' }] })
    expect(asked).toMatchObject({ scopes: [{ id: 1, hash: 'plain' }, { id: 3, hash: 'known' }, { id: 4, hash: null }] })
    expect(dialect.toClient({ kind: 'synced', attempt: 1, from: null, position: 'p', done: 0, scopes: [{ id: 1, hash: 'h' }, { id: 3, hash: 'i' }] })).toMatchObject({
      scopes: [{ id: 1, hash: 'one/h' }, { id: 3, hash: 'one/i' }, { id: 2, hash: '-' }],
    })
  })

  it('[E74] a list that became a set: what was queued whole is elements, each once; a row is shown as it is', () => {
    const list: Fields = { id: { type: 'uuid' }, tags: { type: 'list', of: 'int', default: [] } }
    const set: Fields = { id: { type: 'uuid' }, tags: { type: 'list', of: 'int', default: [], conflict: 'set' } }
    const toSet: Transition = { from: 'one', to: 'two', models: { Task: { name: 'Task', before: list, after: set, fields: {}, isExact: true } }, newModels: [], scopes: {}, newScopes: [] }
    const dialect = new Dialect([toSet], 'newer')
    const edited: Op = { op: 'update', model: 'Task', id, version: 1, set: { tags: { seen: [4, 0, 4], value: [5, 5] } } }
    expect(dialect.mutation(mutation(edited))).toMatchObject({ mutation: { ops: [{ set: { tags: { add: [5], remove: [4, 0] } } }] }, losses: [] })
    expect(dialect.mutation(mutation({ op: 'create', model: 'Task', id, values: { tags: [4, 3, 4] } }))).toMatchObject({ mutation: { ops: [{ values: { tags: [4, 3] } }] }, losses: [] })
    expect(new Route([toSet], 'up').row('Task', [1, id, [4, 0, 4]])).toEqual({ model: 'Task', row: [1, id, [4, 0, 4]], isExact: true })
  })

  it('[E75] null says something where the default would have said otherwise: it is kept if it does not get there', () => {
    const had: Fields = { id: { type: 'uuid' }, done: { type: 'boolean', nullable: true, default: false }, note: { type: 'text', nullable: true } }
    const gone: Transition = { from: 'one', to: 'two', models: { Task: { name: 'Task', before: had, after: { id: { type: 'uuid' } }, fields: {}, isExact: true } }, newModels: [], scopes: {}, newScopes: [] }
    const losses = (values: Readonly<Record<string, Wire>>): object => new Dialect([gone], 'newer').mutation(mutation({ op: 'create', model: 'Task', id, values })).losses
    expect(losses({ done: null, note: null })).toEqual([{ model: 'Task', id, fields: ['done'] }])
    expect(losses({ done: false })).toEqual([])
  })

  it('[E37] what an older server says of a row with new fields is worth no version', () => {
    const dialect = new Dialect([first], 'older')
    const delta = { rows: { Task: [[9, id, 'n', 'doing', 1, 0, []] as VersionedRow], Flag: [[1, id] as VersionedRow] }, claims: [{ scope: 1, model: 'Task', add: [id], out: [], deleted: [] }] }
    expect(dialect.toClient({ kind: 'page', attempt: 1, delta })).toEqual({
      kind: 'page',
      attempt: 1,
      delta: { rows: { Card: [[0, id, 'n', 'active', '1', 3, []]] }, claims: [{ scope: 1, model: 'Card', add: [id], out: [], deleted: [] }] },
    })
    expect(dialect.mutation({ ...mutation({ op: 'update', model: 'Card', id, version: 1, set: { votes: { add: 1 } } }), schema: 'two' }).losses).toEqual([{ model: 'Card', id, fields: ['votes'] }])
  })
})
