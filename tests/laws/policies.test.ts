import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, openLab } from '../../runtime/testing/index.js'
import type { Rejection } from '../../runtime/client/index.js'
import { type BackOfficeServer, createBackOfficeServer } from '../golden/everything/generated/server/index.js'
import { type BackOffice, openBackOffice } from '../golden/everything/generated/client/index.js'
import type { TicketPatch } from '../golden/everything/generated/shared/ticket.js'

type Claims = { readonly sub: string; readonly tenant: string }
let lab: Lab<Claims, BackOfficeServer, BackOffice>
let ann: BackOffice
let bea: BackOffice
const boss = randomUUID()
const tenant = randomUUID()
const log: string[] = []
const rejections: Rejection[] = []
let serial = 0n

beforeAll(async () => {
  lab = await openLab({
    createServer: createBackOfficeServer,
    openClient: openBackOffice,
    migrations: new URL('../golden/everything/generated/migrations/', import.meta.url),
    log: (_, event) => log.push(event),
  })
  await lab.sql(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Boss', '2020-02-29')`, [boss, tenant])
  const device = async (): Promise<BackOffice> => {
    const made = await lab.device({ principal: boss, claims: { sub: boss, tenant } })
    await made.scopes.queue({ authorId: boss, since: null, least: 'normal' }).ready
    return made
  }
  ;[ann, bea] = [await device(), await device()]
  for (const each of [ann, bea]) each.on('rejected', (rejection) => rejections.push(rejection))
}, 60_000)
afterAll(() => lab?.close())

/** Both devices see the ticket, go offline, edit it, and come back, Ann first. */
const bothEdit = async (given: object, anns: TicketPatch | null, beas: TicketPatch | null) => {
  serial += 1n
  const { row } = ann.tickets.create({ authorId: boss, subject: 'Subject', serial, dueAt: null, ...given })
  await lab.settled()
  const outcomes: (() => Promise<unknown>)[] = []
  for (const [device, patch] of [[ann, anns], [bea, beas]] as const) {
    device.goOffline()
    const { confirmed } = patch === null ? device.tickets.delete(row.id) : device.tickets.update(row.id, patch)
    outcomes.push(() => confirmed)
  }
  const shown = [ann.tickets.get(row.id), bea.tickets.get(row.id)]
  const decided: unknown[] = []
  for (const [at, device] of [ann, bea].entries()) {
    device.goOnline()
    decided.push(await outcomes[at]?.())
    await lab.settled()
  }
  expect(ann.tickets.get(row.id)).toEqual(bea.tickets.get(row.id))
  return { id: row.id, shown, outcomes: decided, row: ann.tickets.get(row.id) }
}

const applied = { kind: 'applied' }
const lost = (id: string, ...fields: readonly string[]) => ({ kind: 'merged', lost: fields.map((field) => ({ model: 'Ticket', id, field })) })

describe('two devices edit one row offline', () => {
  it.for<readonly [name: string, given: object, anns: TicketPatch, beas: TicketPatch, row: object, lost: readonly string[]]>([
    ['max', { best: 5 }, { best: 9 }, { best: 7 }, { best: 9 }, ['best']],
    ['max', { best: 5 }, { best: 7 }, { best: 9 }, { best: 9 }, []],
    ['max, cleared', { best: 5 }, { best: 7 }, { best: null }, { best: 7 }, ['best']],
    ['min', {}, { firstSeen: new Date(2000) }, { firstSeen: new Date(1000) }, { firstSeen: new Date(1000) }, []],
    ['min', {}, { firstSeen: new Date(1000) }, { firstSeen: new Date(2000) }, { firstSeen: new Date(1000) }, ['firstSeen']],
    ['max of an enum', { stage: 'low' }, { stage: 'high' }, { stage: 'normal' }, { stage: 'high' }, ['stage']],
    ['counter', { views: 3 }, { views: { add: 4 } }, { views: { add: -2 } }, { views: 5 }, []],
    ['set', { keywords: ['a', 'b'] }, { keywords: { add: ['c'] } }, { keywords: { remove: ['a'], add: ['d'] } }, { keywords: ['b', 'c', 'd'] }, []],
    ['set, the same', { keywords: ['a'] }, { keywords: { add: ['c'] } }, { keywords: { add: ['c'] } }, { keywords: ['a', 'c'] }, []],
    ['set, as wholes', { keywords: ['a', 'b'] }, { keywords: ['b', 'c'] }, { keywords: ['x', 'a', 'b'] }, { keywords: ['b', 'c', 'x'] }, []],
    ['set of numbers', { grades: [1, 2] }, { grades: { remove: [1] } }, { grades: { add: [3] } }, { grades: [2, 3] }, []],
    ['custom', { notes: 'old' }, { notes: 'anns' }, { notes: 'beas' }, { notes: 'anns beas' }, []],
    ['custom, within', { notes: 'old' }, { notes: 'anns beas' }, { notes: 'beas' }, { notes: 'anns beas' }, ['notes']],
    ['custom, of json', {}, { settings: { theme: 'dark' } }, { settings: { theme: 'plain', size: 1 } as never }, { settings: { theme: 'dark' } }, ['settings']],
  ])('[V66] %s: %o, %o and %o', async ([, given, anns, beas, row, fields]) => {
    const both = await bothEdit({ priority: 'normal', ...given }, anns, beas)
    expect(both.row).toMatchObject(row)
    expect(both.outcomes).toEqual([applied, fields.length === 0 ? applied : lost(both.id, ...fields)])
  })

  it.for(['throw', 'misfit', 'promise'])('[R59] the app’s function goes wrong (%s): the mutation is rejected, the node lives', async (wanted) => {
    const both = await bothEdit({ priority: 'normal', notes: 'old' }, { notes: 'anns' }, { notes: wanted })
    expect(both.outcomes[1]).toEqual({ kind: 'rejected', code: 'unmergeable', model: 'Ticket', id: both.id, fields: ['notes'] })
    expect(both.row).toMatchObject({ notes: 'anns' })
    expect(log).toContain('merge-failed')
    expect(rejections.at(-1)).toMatchObject({ code: 'unmergeable', discarded: [{ values: { notes: wanted } }] })
  })

  it('[R33] a counter that leaves its range is rejected with the field', async () => {
    const both = await bothEdit({ priority: 'normal', views: 2_147_483_000 }, { views: { add: 600 } }, { views: { add: 600 } })
    expect(both.outcomes).toEqual([applied, { kind: 'rejected', code: 'invalid', model: 'Ticket', id: both.id, fields: ['views'] }])
    expect(both.row).toMatchObject({ views: 2_147_483_600 })
  })

  it('[V63] an edit of elements or of an amount brings a deleted row back under edit-wins', async () => {
    const both = await bothEdit({ priority: 'normal', keywords: ['a'] }, null, { keywords: { add: ['b'] }, views: { add: 2 } })
    expect(both.outcomes).toEqual([applied, applied])
    expect(both.row).toMatchObject({ keywords: ['a', 'b'], views: 2, subject: 'Subject' })
  })
})

describe('the cache', () => {
  it('[R58] [C5] shows elements and amounts at once, and on top of a base that moves', async () => {
    serial += 1n
    const { row } = ann.tickets.create({ authorId: boss, subject: 'Subject', serial, dueAt: null, priority: 'normal', keywords: ['a', 'b', 'a'] })
    expect(row.keywords).toEqual(['a', 'b'])
    await lab.settled()
    ann.goOffline()
    ann.tickets.update(row.id, { keywords: { add: ['c', 'c'], remove: ['a'] }, views: { add: 1 } })
    ann.tickets.update(row.id, { keywords: ['b', 'd'], views: { add: 1 } })
    expect(ann.tickets.get(row.id)).toMatchObject({ keywords: ['b', 'd'], views: 2 })
    await lab.sql(`update tickets set keywords = '{z,a,b}', views = 40 where id = $1`, [row.id])
    ann.goOnline()
    await lab.settled()
    expect(ann.tickets.get(row.id)).toMatchObject({ keywords: ['z', 'b', 'd'], views: 42 })
    expect(await lab.sql(`select keywords, views from tickets where id = $1`, [row.id])).toEqual([{ keywords: ['z', 'b', 'd'], views: 42 }])
  })

  it('[C4] [C5] refuses what is no change of a set, and takes what changes nothing for none', () => {
    serial += 1n
    const { row } = ann.tickets.create({ authorId: boss, subject: 'Subject', serial, dueAt: null, priority: 'normal', keywords: ['a', 'b'] })
    for (const keywords of [{ add: 'a' }, { put: ['a'] }, { add: ['a'], remove: ['a'] }, { add: [1] }, 'a', null]) {
      expect(() => ann.tickets.update(row.id, { keywords: keywords as never }), JSON.stringify(keywords)).toThrow(
        expect.objectContaining({ code: 'invalid-value', details: { field: 'keywords' } }),
      )
    }
    for (const keywords of [['b', 'a'], { add: ['a'] }, { remove: ['x'] }, {}, { add: [], remove: [] }]) {
      expect(ann.tickets.update(row.id, { keywords }).row.keywords).toEqual(['a', 'b'])
    }
  })
})
