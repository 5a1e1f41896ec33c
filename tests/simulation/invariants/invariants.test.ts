/** Each invariant can fail: shown what must not be, it says so. */
import { describe, expect, it } from 'vitest'
import { worldSchema } from '../schema/world-schema.js'
import type { Entry } from '../world/history.js'
import { Pushes } from '../world/pushes.js'
import type { World } from '../world/world.js'
import { clientOrder } from './client-order.js'
import { exactlyOnce } from './exactly-once.js'
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

/** As much of a world as invariants of what was committed look at. */
const world = (): World => ({ schema: worldSchema, pushes: new Pushes() }) as unknown as World

/** Device d1 sends a mutation, and is told that it was applied. */
const send = ({ pushes }: World, seq: number, op: object): void => {
  pushes.see('d1', 'node0', { kind: 'hello', client: 'c' } as never)
  pushes.see('d1', 'node0', { kind: 'push', mutations: [{ seq, schema: '', at: 0, strict: false, ops: [op] }] } as never)
  pushes.see('node0', 'd1', { kind: 'pushed', results: [{ seq, outcome: { kind: 'applied' } }] } as never)
}

const rename = { op: 'update', model: 'Tag', id: key, version: 1, set: { name: { seen: 'old', value: 'new' } } }

describe('invariants can fail', () => {
  it('[I3] of a mutation in two transactions', () => {
    const { committed } = exactlyOnce.watch(world())
    expect(() => committed?.([entry('U', 1), entry('U', 1)])).not.toThrow()
    expect(() => committed?.([entry('U', 1, { tx: '2' })])).toThrow('I3')
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

  it('[I2] not of one that was committed as it was sent', () => {
    const here = world()
    const { committed, atRest } = storedFields.watch(here)
    send(here, 1, rename)
    committed?.([entry('U', 1, { before: { name: 'old' }, after: { name: 'new' } })])
    expect(() => atRest?.()).not.toThrow()
  })
})
