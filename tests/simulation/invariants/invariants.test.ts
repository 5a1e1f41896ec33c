/** Each invariant can fail: shown what must not be, it says so. */
import { describe, expect, it } from 'vitest'
import { Versions } from '../deploys/versions.js'
import type { SimSchema } from '../schema/sim-schema.js'
import { worldSchema } from '../schema/world-schema.js'
import { type Entry, History } from '../world/history.js'
import { Pushes } from '../world/pushes.js'
import type { World } from '../world/world.js'
import { clientOrder } from './client-order.js'
import { exactlyOnce } from './exactly-once.js'
import type { Watch } from './invariant.js'
import { noForeignEffect } from './no-foreign-effect.js'
import { noResurrection } from './no-resurrection.js'
import { rejections } from './rejections.js'
import { storedFields } from './stored-fields.js'

const key = '00000000-0000-4000-8000-000000000001'

const entry = (op: Entry['op'], seq: number | null, rest: Partial<Entry> = {}): Entry => ({
  id: 1,
  xid: '1',
  who: 'sim:node0.1',
  tx: '1',
  model: 'Tag',
  op,
  key,
  before: null,
  after: null,
  mutation: seq === null ? null : { client: 'c', seq, outcome: 'applied' },
  ...rest,
})

const tag = { id: { type: 'uuid' }, name: { type: 'text' } } as const

/** The next version of the world's schema, in which tags have one field more. */
const shouting: SimSchema = {
  ...worldSchema,
  descriptor: {
    ...worldSchema.descriptor,
    hash: 'shouting',
    transitions: [
      {
        from: worldSchema.descriptor.hash,
        to: 'shouting',
        models: { Tag: { name: 'Tag', before: tag, after: { ...tag, shout: { type: 'text', nullable: true } }, fields: { shout: { was: null } }, isExact: false } },
        newModels: [],
        scopes: {},
        newScopes: [],
      },
    ],
  },
}

const noHistory = (): History => new History([worldSchema.ir], () => null as never, () => null as never)

/** As much of a world as invariants of what was committed look at, with one device. */
const world = (history: readonly Entry[] = []): World => {
  const versions = new Versions([worldSchema], history)
  const { past, membership } = versions.current
  const devices = [{ name: 'd1', identity: alice, schema: worldSchema }]
  return { schema: worldSchema, versions, writerOf: () => versions.current, pushes: new Pushes(), tally: {}, past, membership, devices, history: noHistory() } as unknown as World
}

const [alice = { principal: '', claims: {} }] = worldSchema.principals

/** Device d1 sends a mutation, and is told what became of it; some invariants see the frames. */
const send = ({ pushes }: World, seq: number, op: object, outcome: object = { kind: 'applied' }, frame?: Watch['frame']): void => {
  for (const [from, to, message] of [
    ['d1', 'node0', { kind: 'hello', client: 'c' }],
    ['d1', 'node0', { kind: 'push', mutations: [{ seq, run: 'r', schema: worldSchema.descriptor.hash, at: 0, strict: false, ops: [op] }] }],
    ['node0', 'd1', { kind: 'pushed', results: [{ seq, outcome }] }],
  ] as const) {
    pushes.see(from, to, message as never)
    frame?.(from, to, message as never)
  }
}

const rename = { op: 'update', model: 'Tag', id: key, version: 1, set: { name: { seen: 'old', value: 'new' } } }

describe('invariants can fail', () => {
  it('[I3] of a mutation in two transactions', () => {
    const { committed } = exactlyOnce.watch(world())
    expect(() => committed?.([entry('U', 1), entry('U', 1)])).not.toThrow()
    expect(() => committed?.([entry('U', 1, { tx: '2' })])).toThrow('I3')
  })

  it('[I3] of an element that stands twice in a set', () => {
    const { committed } = exactlyOnce.watch(world())
    expect(() => committed?.([entry('U', 1, { model: 'Task', after: { log: ['a', 'b'], marks: ['a', 'a'] } })])).not.toThrow()
    expect(() => committed?.([entry('U', 2, { model: 'Task', after: { log: ['a', 'b', 'a'] } })])).toThrow('I3')
  })

  it('[I7] of a later mutation before an earlier', () => {
    const { committed } = clientOrder.watch(world())
    expect(() => committed?.([entry('U', 2), entry('U', 1)])).toThrow('I7')
  })

  it('[I4] of a deleted row that an ordinary create makes again; a restore and another program may', () => {
    const here = world()
    const { committed } = noResurrection.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: {}, restore: true })
    send(here, 2, { op: 'create', model: 'Tag', id: key, values: {} })
    expect(() => committed?.([entry('D', null), entry('I', 1), entry('D', null), entry('I', null), entry('D', null)])).not.toThrow()
    expect(() => committed?.([entry('I', 2)])).toThrow('I4')
  })

  it('[I4] of a row that was deleted in what a restore took back: nobody ever deleted it', () => {
    const here = world()
    const { committed } = noResurrection.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: {} })
    const [made, deleted] = [entry('I', null, { id: 8 }), entry('D', null, { id: 9 })]
    here.history.entries.push(entry('U', null, { id: 7 }), made, deleted)
    expect(() => committed?.([made, deleted])).not.toThrow()
    here.history.restored(1, '9', () => true)
    expect(() => committed?.([entry('I', 1, { id: 10 })])).not.toThrow()
    expect(() => committed?.([entry('D', null, { id: 11 }), entry('I', 1, { id: 12 })])).toThrow('I4')
  })

  it('[I4] of a row that was deleted before a restore: the log of the restored database does not tell', () => {
    const here = world()
    const { committed, afterOperation } = noResurrection.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: {} })
    committed?.([entry('D', null)])
    Object.assign(here.tally, { 'fault: restore': 1 })
    expect(() => committed?.([entry('I', 1)])).not.toThrow()
    void afterOperation?.()
    expect(() => committed?.([entry('D', null), entry('I', 1)])).toThrow('I4')
  })

  it('[I4] but not of a link where edits win, by an edit of one that gave way to it', () => {
    const joins = worldSchema.ir.models.map((model) => (model.name === 'Tagging' ? { ...model, deleteConflict: 'edit-wins' as const } : model))
    const here = { ...world(), versions: { all: [{ schema: { ...worldSchema, ir: { ...worldSchema.ir, models: joins } } }] } } as unknown as World
    const { committed } = noResurrection.watch(here)
    send(here, 1, { op: 'update', model: 'Tagging', id: '00000000-0000-4000-8000-000000000002', version: 0, set: {} })
    expect(() => committed?.([entry('D', null, { model: 'Tagging' }), entry('I', 1, { model: 'Tagging' })])).not.toThrow()
    send(here, 2, { op: 'delete', model: 'Tagging', id: key, version: 0 })
    expect(() => committed?.([entry('D', null, { model: 'Tagging' }), entry('I', 2, { model: 'Tagging' })])).toThrow('I4')
  })

  it('[I3] [I7] [I2] but not of what was decided anew, because a restore had taken it back', () => {
    const here = world()
    const watches = [exactlyOnce, clientOrder, storedFields].map(({ watch }) => watch(here))
    const commit = (...entries: readonly Entry[]): void => {
      here.history.entries.push(...entries)
      for (const { committed } of watches) committed?.(entries)
    }
    send(here, 1, { op: 'update', model: 'Task', id: key, version: 1, set: { votes: { add: 2 } } })
    const votes = (id: number, seq: number | null, from: number, to: number): Entry => entry('U', seq, { id, model: 'Task', tx: String(id), before: { id: key, votes: from }, after: { id: key, votes: to } })
    commit(votes(1, null, 0, 1))
    commit(votes(2, 1, 1, 3), votes(3, 2, 3, 4))
    const undone = here.history.restored(1, '9', () => true)
    for (const { committed } of watches) committed?.(undone)
    commit(votes(8, null, 1, 7))
    expect(() => commit(votes(9, 1, 7, 9))).not.toThrow()
    expect(() => watches.forEach(({ atRest }, at) => at === 2 && atRest?.())).not.toThrow()
    expect(() => commit(votes(10, 2, 9, 9))).not.toThrow()
    expect(() => commit(votes(11, 2, 9, 9))).toThrow('I3')
    expect(() => watches[1]?.committed?.([votes(12, 1, 9, 9)])).toThrow('I7')
  })

  it('[I5] of a row that a server wrote of its own, or for a mutation that does not name it', () => {
    const here = world()
    const { committed } = noForeignEffect.watch(here)
    send(here, 1, rename)
    send(here, 2, { op: 'delete', model: 'Organisation', id: key, version: 1 })
    expect(() => committed?.([entry('U', 1), entry('D', 2), entry('U', null, { who: 'sim:sql0' })])).not.toThrow()
    expect(() => committed?.([entry('U', null)])).toThrow('I5')
    expect(() => committed?.([entry('U', 1, { model: 'Person' })])).toThrow('I5')
    expect(() => committed?.([entry('D', 2, { model: 'Person' })])).toThrow('I5')
  })

  it('[I11] of a rejected mutation that wrote', () => {
    const { committed } = rejections.watch(world())
    expect(() => committed?.([entry('U', 1, { mutation: { client: 'c', seq: 1, outcome: 'rejected' } })])).toThrow('I11')
  })

  it('[I2] [I17] of an acknowledged field that was committed as something else', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, rename)
    committed?.([entry('U', 1, { before: { name: 'old' }, after: { name: 'old' } })])
    expect(() => atRest?.()).toThrow('I2')
  })

  it('[I2] [I17] of an acknowledged row whose making is missing from the history', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: {} })
    committed?.([entry('U', 2)])
    expect(() => atRest?.()).toThrow('no row was ever made')
  })

  it('[I2] of a restored row that stands, because another program gave its key to another row, nothing', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: { name: 'new' }, restore: true })
    committed?.([entry('U', null, { before: { id: 'another', name: 'old' }, after: { id: key, name: 'old' } })])
    committed?.([entry('U', 1, { before: { id: key, name: 'old' }, after: { id: key, name: 'new' } })])
    expect(() => atRest?.()).not.toThrow()
  })

  /** What was sent to a task, what became of the row, and what is said of it. */
  const wrongs: readonly (readonly [what: string, set: object, before: object, after: object, said: string, lost?: string])[] = [
    ['a set without an element', { log: { add: ['a', 'b'], remove: ['c'] } }, { log: ['c', 'd'] }, { log: ['d', 'a'] }, 'log became'],
    ['a set with an element twice', { log: { add: ['a'], remove: [] } }, { log: ['d'] }, { log: ['d', 'a', 'a'] }, 'log became'],
    ['a set with an element that was to go', { log: { add: [], remove: ['c'] } }, { log: ['c'] }, { log: ['c'] }, 'log became'],
    ['a list in another order', { marks: { seen: [], value: ['a', 'b'] } }, { marks: [] }, { marks: ['b', 'a'] }, 'marks became'],
    ['a float that grew by something else', { effort: { add: 2 } }, { effort: 1.5 }, { effort: 2.5 }, 'effort went from 1.5 to 2.5'],
    ['another decimal', { estimate: { seen: null, value: '1.10' } }, { estimate: null }, { estimate: '1.01' }, 'estimate became'],
    ['another moment', { dueAt: { seen: null, value: '2026-01-31T23:59:59.123Z' } }, { due_at: null }, { due_at: '2026-01-31T23:59:59.124+00:00' }, 'dueAt became'],
    ['a maximum that stayed smaller', { best: { seen: 1, value: 7 } }, { best: 5 }, { best: 5 }, 'best became 5'],
    ['a maximum lost against less', { best: { seen: 1, value: 7 } }, { best: 5 }, { best: 5 }, 'best lost against the smaller 5', 'best'],
    ['an enum lost against an earlier one', { stage: { seen: 'todo', value: 'done' } }, { stage: 'doing' }, { stage: 'doing' }, 'stage lost against the smaller', 'stage'],
    ['a text lost to nobody', { title: { seen: 'old', value: 'new' } }, { title: 'old' }, { title: 'old' }, 'nobody had changed', 'title'],
    ['a text lost, and yet changed', { title: { seen: 'old', value: 'new' } }, { title: 'mid' }, { title: 'new' }, 'was lost, but became', 'title'],
    ['a merge that lost lines', { summary: { seen: '', value: 'd1:2' } }, { summary: 'd1:1' }, { summary: 'd1:1' }, 'merged without d1:2'],
  ]

  it.for(wrongs)('[I2] of %s', ([, set, before, after, said, lost]) => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    const outcome = lost === undefined ? { kind: 'applied' } : { kind: 'merged', lost: [{ model: 'Task', id: key, field: lost }] }
    send(here, 1, { op: 'update', model: 'Task', id: key, version: 1, set }, outcome)
    committed?.([entry('U', 1, { model: 'Task', before: { id: key, ...before }, after: { id: key, ...after } })])
    expect(() => atRest?.()).toThrow(said)
  })

  it('[I45] of an edit that brought its row back, and then counted by something else', () => {
    for (const [effort, said] of [[0, null], [5, 'effort went from -1 to 5']] as const) {
      const here = world()
      const { committed, atRest } = storedFields.watch(here)
      send(here, 1, { op: 'update', model: 'Task', id: key, version: 1, set: { effort: { add: 1 } } })
      const [was, is] = [{ id: key, effort: -1 }, { id: key, effort }]
      committed?.([entry('I', 1, { model: 'Task', after: was }), entry('U', 1, { model: 'Task', before: was, after: is })])
      if (said === null) expect(() => atRest?.()).not.toThrow()
      else expect(() => atRest?.()).toThrow(said)
    }
  })

  it('[V111] of one that comes again in words of another version, if it was not stored as it was said in those of before', () => {
    const create = { op: 'create', model: 'Tag', id: key, values: { name: 'd1:1' } }
    const judged = (stored: string, at = 0): (() => void) => {
      const here = { ...world(), versions: new Versions([worldSchema, shouting], []) }
      const { committed, atRest } = storedFields.watch(here as unknown as World)
      const [first, again] = [
        { seq: 1, run: 'r', at: 0, strict: false, schema: worldSchema.descriptor.hash, ops: [create] },
        { seq: 1, run: 'r', at, strict: false, schema: shouting.descriptor.hash, ops: [{ ...create, values: { ...create.values, shout: 'D1:1' } }] },
      ]
      here.pushes.see('d1', 'node0', { kind: 'hello', client: 'c' } as never)
      for (const mutation of [first, again]) here.pushes.see('d1', 'node0', { kind: 'push', mutations: [mutation] } as never)
      here.pushes.see('node0', 'd1', { kind: 'pushed', results: [{ seq: 1, outcome: { kind: 'applied' } }] } as never)
      committed?.([entry('I', 1, { after: { id: key, name: stored } })])
      return () => atRest?.()
    }
    expect(judged('d1:1')).not.toThrow()
    expect(judged('d1:2')).toThrow('I2')
    expect(judged('d1:1', 1)).toThrow('part of it has no meaning any more, and nobody said so') // Another mutation under that number.
  })

  it('[I2] of a new row that was made with another value', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, { op: 'create', model: 'Tag', id: key, values: { id: key, name: 'd1:1' } })
    committed?.([entry('I', 1, { after: { id: key, name: 'd1:2' } })])
    expect(() => atRest?.()).toThrow('made with another name')
  })

  it('[I2] of a delete that deleted nothing', () => {
    const theirs = entry('I', null, { model: 'Specimen', after: { id: key, owner_id: worldSchema.principals[1]?.principal, shared: false } })
    const mine = entry('I', null, { model: 'Specimen', after: { id: key, owner_id: alice.principal, shared: false } })
    for (const [there, said] of [[theirs, null], [mine, 'it deleted nothing']] as const) {
      const here = world([there])
      const { committed, atRest, frame } = storedFields.watch(here)
      send(here, 1, { op: 'delete', model: 'Specimen', id: key, version: 1 }, { kind: 'applied' }, frame)
      committed?.([there])
      if (said === null) expect(() => atRest?.()).not.toThrow()
      else expect(() => atRest?.()).toThrow(said)
    }
  })

  it('[I2] not of one that was committed as it was sent', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, rename)
    committed?.([entry('U', 1, { before: { name: 'old' }, after: { name: 'new' } })])
    expect(() => atRest?.()).not.toThrow()
  })
})
