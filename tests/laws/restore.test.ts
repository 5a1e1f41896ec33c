import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rejection } from '../../runtime/client/index.js'
import { type Lab, openLab } from '../../runtime/testing/index.js'
import { type BackOffice, openBackOffice } from '../golden/everything/generated/client/index.js'
import type { Desk } from '../golden/everything/generated/client/index.js'
import { type BackOfficeServer, createBackOfficeServer } from '../golden/everything/generated/server/index.js'

type Claims = { readonly sub: string; readonly tenant: string }
const [boss, tenant] = [randomUUID(), randomUUID()]
let lab: Lab<Claims, BackOfficeServer, BackOffice>
let ann: BackOffice
let bea: BackOffice
const rejections: Rejection[] = []
let number = 0

beforeAll(async () => {
  const migrations = new URL('../golden/everything/generated/migrations/', import.meta.url)
  lab = await openLab({ createServer: createBackOfficeServer, openClient: openBackOffice, migrations })
  await lab.sql(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Boss', '2020-02-29')`, [boss, tenant])
  const device = async (): Promise<BackOffice> => {
    const client = await lab.device({ principal: boss, claims: { sub: boss, tenant } })
    await client.scopes.directory().ready
    return client
  }
  ;[ann, bea] = [await device(), await device()]
  ann.on('rejected', (rejection) => rejections.push(rejection))
}, 60_000)
afterAll(() => lab?.close())

/** A desk that both devices held, and that Bea deleted; what Ann was told of it. */
const deleted = async (employee = boss): Promise<Desk> => {
  number += 1
  const id = randomUUID()
  await lab.sql('insert into office_desks (id, sits_here, number) values ($1, $2, $3)', [id, employee, number])
  await lab.settled()
  let before: Desk | undefined
  const stop = ann.desks.on((event) => (before = event.kind === 'deleted' ? event.before : before))
  await bea.desks.delete(id).confirmed
  await lab.settled()
  stop()
  if (before === undefined) throw new Error('Ann was told of no deletion')
  return before
}
const stored = async (id: string) => (await lab.sql('select sits_here, number from office_desks where id = $1', [id]))[0]

describe('a deleted row', () => {
  it('[R37] comes back by restore, with its id and its values, on every device', async () => {
    const desk = await deleted()
    const { row, confirmed } = ann.desks.restore(desk)
    expect(row).toEqual(desk)
    expect(await confirmed).toEqual({ kind: 'applied' })
    await lab.settled()
    expect([ann.desks.get(desk.id), bea.desks.get(desk.id)]).toEqual([desk, desk])
    await bea.desks.delete(desk.id).confirmed
    await lab.settled()
  })

  it('[R38] that two bring back is back once, as the first had it; nobody is rejected', async () => {
    const desk = await deleted()
    for (const client of [ann, bea]) client.goOffline()
    const both = [ann.desks.restore({ ...desk, number: 1_000 }), bea.desks.restore(desk)]
    for (const [at, client] of [ann, bea].entries()) {
      client.goOnline()
      expect(await both[at]?.confirmed).toEqual({ kind: 'applied' })
      await lab.settled()
    }
    expect(bea.desks.get(desk.id)).toEqual({ ...desk, number: 1_000 })
    expect(ann.desks.get(desk.id)).toEqual({ ...desk, number: 1_000 })
    await bea.desks.delete(desk.id).confirmed
    await lab.settled()
  })

  it('[R36] does not come back by a create, which hands back what was discarded', async () => {
    const desk = await deleted()
    expect(await ann.desks.create(desk).confirmed).toMatchObject({ kind: 'rejected', code: 'deleted', id: desk.id })
    expect(await stored(desk.id)).toBeUndefined()
    expect(rejections.at(-1)).toMatchObject({ code: 'deleted', discarded: [{ op: 'create', values: { number: desk.number } }] })
    expect(ann.desks.get(desk.id)).toBeUndefined()
  })

  it('[R37] that its author deleted and makes again is restored: he knows', async () => {
    number += 1
    const { row } = ann.desks.create({ employeeId: boss, number })
    await lab.settled()
    ann.goOffline()
    ann.desks.delete(row.id)
    const again = ann.desks.create({ ...row, number: number + 500 })
    ann.goOnline()
    expect(await again.confirmed).toEqual({ kind: 'applied' })
    await lab.settled()
    expect(bea.desks.get(row.id)?.number).toBe(number + 500)
    await bea.desks.delete(row.id).confirmed
    await lab.settled()
  })

  it('[R81] whose parent is gone stays deleted, and so does one that its author may not make', async () => {
    const employee = randomUUID()
    await lab.sql(`insert into employees (id, tenant_id, name, started_on, manager_id) values ($1, $2, 'Gone', '2020-02-29', $3)`, [employee, tenant, boss])
    const desk = await deleted(employee)
    ann.goOffline()
    await lab.sql('delete from employees where id = $1', [employee])
    const restored = ann.desks.restore(desk)
    ann.goOnline()
    const outcome = await restored.confirmed
    expect(outcome).toMatchObject({ kind: 'rejected', id: desk.id })
    expect(outcome.kind === 'rejected' && ['deleted', 'forbidden'].includes(outcome.code)).toBe(true)
    await lab.settled()
    expect(ann.desks.get(desk.id)).toBeUndefined()
    expect(rejections.at(-1)?.discarded).toMatchObject([{ op: 'create', values: { employeeId: employee, number: desk.number } }])
  })
})
