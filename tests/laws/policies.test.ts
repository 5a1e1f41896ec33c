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

  it('[V128] custom decides of a reference as of any field: its value is one more id, held to what the database and the rules say of it', async () => {
    const [first, second, none] = [randomUUID(), randomUUID(), randomUUID()].sort((left, right) => (left < right ? 1 : -1)) as [string, string, string]
    const hire = (id: string) => lab.sql(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Reviewer', '2020-02-29')`, [id, tenant])
    await Promise.all([hire(first), hire(second)])
    const reviewed = (anns: string | null, beas: string | null, given: object = {}) => bothEdit({ priority: 'normal', ...given }, { reviewerId: anns }, { reviewerId: beas })
    const both = await reviewed(first, second)
    expect([both.row?.reviewerId, both.outcomes]).toEqual([second, [applied, applied]])
    const theirs = await reviewed(second, first)
    expect([theirs.row?.reviewerId, theirs.outcomes]).toEqual([second, [applied, lost(theirs.id, 'reviewerId')]])
    const cleared = await reviewed(second, null, { reviewerId: first })
    expect([cleared.row?.reviewerId, cleared.outcomes]).toEqual([second, [applied, lost(cleared.id, 'reviewerId')]])
    const dangling = await reviewed(first, none)
    expect(dangling.outcomes).toEqual([applied, { kind: 'rejected', code: 'reference', model: 'Ticket', id: null, fields: ['reviewerId'] }])
    expect(dangling.row?.reviewerId).toBe(first)
    // Who is gone is nobody: the reference was set to null, and Bea's edit meets that.
    ann.goOffline()
    bea.goOffline()
    const { confirmed } = bea.tickets.update(cleared.id, { reviewerId: first })
    await lab.sql('delete from employees where id = $1', [second])
    bea.goOnline()
    ann.goOnline()
    expect(await confirmed).toEqual(applied)
    await lab.settled()
    expect([ann, bea].map((each) => each.tickets.get(cleared.id)?.reviewerId)).toEqual([first, first])
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

  it('[R33] an amount that no column holds is added where the sum has its place', async () => {
    const both = await bothEdit({ priority: 'normal', views: -2_000_000_000 }, { views: { add: 4_000_000_000 } }, { subject: 'Other' })
    expect([both.outcomes, both.row]).toEqual([[applied, applied], expect.objectContaining({ views: 2_000_000_000 })])
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

  it('[C149] refuses an amount that would take a counter out of its range, and takes those that bring it back', async () => {
    serial += 1n
    const { row } = ann.tickets.create({ authorId: boss, subject: 'Subject', serial, dueAt: null, priority: 'normal', views: 2_147_483_640 })
    await lab.settled()
    const refused = expect.objectContaining({ code: 'invalid-value', details: { field: 'views' } }) as unknown
    expect(() => ann.tickets.update(row.id, { views: { add: 8 } })).toThrow(refused)
    expect(() => ann.tickets.update(row.id, { views: { add: -4_294_967_289 } })).toThrow(refused)
    ann.goOffline()
    ann.tickets.update(row.id, { views: { add: 7 } })
    expect(() => ann.tickets.update(row.id, { views: { add: 1 } })).toThrow(refused)
    expect(ann.pending()).toHaveLength(1)
    ann.goOnline()
    await lab.settled()
    expect(await lab.sql('select views from tickets where id = $1', [row.id])).toEqual([{ views: 2_147_483_647 }])
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

describe('server code', () => {
  const ticket = async (given: object) => {
    serial += 1n
    const made = { authorId: boss, subject: 'Subject', serial, dueAt: null, priority: 'normal', ...given } as const
    return (await lab.server.transaction((tx) => tx.tickets.create(made))).id
  }

  it.for<readonly [name: string, field: string, patch: object]>([
    ['no number', 'views', { views: { add: Number.NaN } }],
    ['no end', 'views', { views: { add: Infinity } }],
    ['no beginning', 'views', { views: { add: -Infinity } }],
    ['half an amount', 'views', { views: { add: 0.5 } }],
    ['digits', 'views', { views: { add: '1' } }],
    ['nothing', 'views', { views: { add: null } }],
    ['an amount that is not exact', 'views', { views: { add: 2 ** 53 } }],
    ['an amount, and more', 'views', { views: { add: 1, remove: 1 } }],
    ['another word', 'views', { views: { plus: 1 } }],
    ['no value', 'views', { views: null }],
    ['a sum beyond the range', 'views', { views: { add: 8 } }],
    ['a sum below the range', 'views', { views: { add: -4_294_967_289 } }],
    ['no list to add', 'keywords', { keywords: { add: 'c' } }],
    ['no list to remove', 'keywords', { keywords: { remove: { 0: 'a' } } }],
    ['null to add', 'keywords', { keywords: { add: null } }],
    ['an element of another type', 'grades', { grades: { add: ['1'] } }],
    ['an element that does not fit', 'grades', { grades: { add: [1.5] } }],
    ['an element that no column holds', 'keywords', { keywords: { remove: ['\0'] } }],
    ['an element in both', 'keywords', { keywords: { add: ['c'], remove: ['c'] } }],
    ['another word for a set', 'keywords', { keywords: { put: ['c'] } }],
    ['text for a set', 'keywords', { keywords: 'c' }],
  ])('[V127] that changes a counter or a set by %s is refused with the field, and may go on', async ([, field, patch]) => {
    const id = await ticket({ views: 2_147_483_640, keywords: ['a'] })
    await lab.server.transaction(async (tx) => {
      const refused = tx.tickets.update(id, { subject: 'Refused', ...patch } as TicketPatch)
      await expect(refused).rejects.toMatchObject({ code: 'invalid-value', details: { field } })
      expect(await tx.tickets.get(id)).toMatchObject({ subject: 'Subject', views: 2_147_483_640, keywords: ['a'] })
      await tx.tickets.update(id, { subject: 'Goes on' })
    })
    expect(await lab.sql('select subject, views, keywords, grades from tickets where id = $1', [id])).toEqual([
      { subject: 'Goes on', views: 2_147_483_640, keywords: ['a'], grades: [] },
    ])
  })

  it('[V127] changes counters and sets by what is stored, as others left it', async () => {
    const id = await ticket({ views: 2_147_483_640, keywords: ['a', 'b'] })
    let others: readonly Promise<unknown>[] = []
    await lab.server.transaction(async (tx) => {
      const both = { views: { add: 7 }, keywords: { add: ['c', 'c', 'a'], remove: ['b', 'x'] } }
      expect(await tx.tickets.update(id, both)).toMatchObject({ views: 2_147_483_647, keywords: ['a', 'c'] })
      // They may wait for this one, which does not wait for them.
      others = [{ views: { add: -4_294_967_295 }, keywords: { remove: ['a'] } }, { views: { add: 1 } }].map((patch) => lab.server.transaction((other) => other.tickets.update(id, patch)))
      void Promise.allSettled(others)
    })
    // Whoever comes second sees what the other left: one of both sums has no place, or both have.
    const [second, third] = await Promise.allSettled(others)
    expect(second).toMatchObject({ status: 'fulfilled', value: { keywords: ['c'] } })
    const isRoom = third?.status === 'fulfilled'
    if (!isRoom) expect(third).toMatchObject({ reason: { code: 'invalid-value', details: { field: 'views' } } })
    expect(await lab.sql('select views, keywords from tickets where id = $1', [id])).toEqual([{ views: isRoom ? -2_147_483_647 : -2_147_483_648, keywords: ['c'] }])
    expect(await lab.server.transaction((tx) => tx.tickets.update(id, { views: 5, keywords: ['z'] } as never))).toMatchObject({ views: 5, keywords: ['z'] })
    expect(await lab.server.transaction((tx) => tx.tickets.update(randomUUID(), { views: { add: 1 }, keywords: { add: ['a'] } }))).toBeUndefined()
    await expect(lab.server.transaction((tx) => tx.tickets.update(randomUUID(), { views: { add: 2 ** 31 } }))).rejects.toMatchObject({ code: 'invalid-value' })
  })
})
