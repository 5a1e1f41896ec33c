import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Op } from '../../runtime/protocol/index.js'
import { type Lab, openLab } from '../../runtime/testing/index.js'
import { type BackOffice, openBackOffice } from '../golden/everything/generated/client/index.js'
import { type BackOfficeServer, createBackOfficeServer } from '../golden/everything/generated/server/index.js'
import { schema } from '../golden/everything/generated/shared/schema.js'
import { WireDevice } from '../server/wire-device.js'
import { type Cell, covers, faultsOf, product, tableOf } from './table.js'

const columns = {
  op: ['create', 'restore', 'update', 'delete'],
  row: ['never', 'deleted', 'present'],
  reads: ['yes', 'no'],
  may: ['yes', 'no'],
  delivery: ['first', 'repeated'],
} as const
type Answer = Cell<typeof columns>

const table = tableOf(columns)
const cells: readonly Answer[] = product(columns)

type Claims = { readonly sub: string; readonly tenant: string }
let lab: Lab<Claims, BackOfficeServer, BackOffice>
let number = 0

beforeAll(async () => {
  const migrations = new URL('../golden/everything/generated/migrations/', import.meta.url)
  lab = await openLab({ createServer: createBackOfficeServer, openClient: openBackOffice, migrations })
}, 60_000)
afterAll(() => lab?.close())

/**
 * The rules of a desk: it is read by those of its employee's tenant, and written by the employee himself. So an identity with
 * his name and another tenant may write what it cannot read. It may write for whom he manages, too.
 */
const ask = async ({ op, row, reads, may, delivery }: Answer): Promise<string> => {
  number += 10
  const [desk, employee, tenant] = [randomUUID(), randomUUID(), randomUUID()]
  await lab.sql(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Clerk', '2020-02-29')`, [employee, tenant])
  const assistant = randomUUID()
  await lab.sql(`insert into employees (id, tenant_id, name, started_on, manager_id) values ($1, $2, 'Assistant', '2020-02-29', $3)`, [assistant, tenant, employee])
  const insert = (): Promise<unknown> => lab.sql(`insert into office_desks (id, sits_here, number) values ($1, $2, $3)`, [desk, employee, number])
  const remove = (): Promise<unknown> => lab.sql('delete from office_desks where id = $1', [desk])
  const stored = async (): Promise<unknown> => (await lab.sql('select number from office_desks where id = $1', [desk]))[0]?.['number']
  if (row !== 'never') await insert()
  if (row === 'deleted') await remove()
  const sub = may === 'yes' ? employee : randomUUID()
  const device = new WireDevice({ principal: sub, claims: { sub, tenant: reads === 'yes' ? tenant : randomUUID() } }, schema)
  await device.connect(lab.url())
  const mutation = device.mutation([opOf(op, desk, assistant)])
  try {
    const { outcome } = await device.pushAs(mutation)
    const after = await stored()
    if (delivery === 'repeated') {
      await (after === undefined ? insert() : remove())
      const meanwhile = await stored()
      expect((await device.pushAs(mutation)).outcome).toEqual(outcome)
      expect(await stored()).toBe(meanwhile)
      return 'the same answer'
    }
    if (outcome.kind === 'rejected') {
      expect(after).toBe(row === 'present' ? number : undefined)
      return outcome.code
    }
    return after === undefined ? 'no row' : after === number ? 'as it was' : 'written'
  } finally {
    await device.cut()
  }
}

/** A new desk is meant for somebody who has none. */
const opOf = (op: Answer['op'], id: string, employeeId: string): Op => {
  const key = { model: 'Desk', id } as const
  const values = { employeeId, number: number + 1 }
  switch (op) {
    case 'create':
      return { op, ...key, values }
    case 'restore':
      return { op: 'create', ...key, values, restore: true }
    case 'update':
      return { op, ...key, version: 1, set: { number: { seen: number, value: number + 1 } } }
    case 'delete':
      return { op, ...key, version: 1 }
  }
}

describe('what an author hears', () => {
  it('[R62] stands in the table for every op, row, right and delivery', () => {
    expect(faultsOf(table, columns, cells)).toEqual([])
  })

  it.each(table.map((line) => [line.law, line.outcome, line] as const))('[%s] is answered: %s', async (_, outcome, line) => {
    for (const cell of cells.filter((each) => covers(line, each))) expect(await ask(cell), JSON.stringify(cell)).toBe(outcome)
  }, 60_000)
})
