import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../runtime/server/index.js'
import { type TestDatabase, testDatabase } from '../../runtime/testing/index.js'
import type { Op, UpdateOp, Wire } from '../../runtime/protocol/index.js'
import { type BackOfficeServer, createBackOfficeServer } from '../golden/everything/generated/server/index.js'
import { schema } from '../golden/everything/generated/shared/schema.js'
import { WireDevice } from './wire-device.js'

let database: TestDatabase
let server: BackOfficeServer
let http: Server
let sql: pg.Client
let url: string
let device: WireDevice
const [tenant, boss, clerk] = [randomUUID(), randomUUID(), randomUUID()]

beforeAll(async () => {
  database = await testDatabase()
  await migrate({ database: database.url, folder: new URL('../golden/everything/generated/migrations/', import.meta.url) })
  sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  // Foreign writers have time zones and date styles of their own.
  await sql.query(`set timezone = 'Asia/Kolkata'; set datestyle = 'German'`)
  await sql.query(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Boss', '2020-02-29')`, [boss, tenant])
  await sql.query(
    `insert into employees (id, tenant_id, name, started_on, manager_id) values ($1, $2, 'Clerk', '2021-01-01', $3)`,
    [clerk, tenant, boss],
  )
  server = await createBackOfficeServer({
    database: database.url,
    origins: '*',
    pollInterval: 10,
    log: () => undefined,
    authenticate: ({ token }) => JSON.parse(token) as { principal: string; claims: { sub: string; tenant: string } },
  })
  http = createHttpServer()
  server.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/sync`
  device = new WireDevice({ principal: boss, claims: { sub: boss, tenant } }, schema)
  await device.connect(url)
  await device.sync(['directory'], ['queue', { authorId: clerk, since: null, least: 'high' }])
})
afterAll(async () => {
  await device.cut()
  await server.close()
  http.close()
  await sql.end()
  await database.drop()
})

const full = (): Readonly<Record<string, Wire>> => ({
  authorId: clerk,
  reviewerId: boss,
  subject: 'Subject ä 😀',
  body: `quotes ' " \\ and\nlines`,
  priority: 'high',
  serial: String(9_223_372_036_854_775_807n - BigInt(Math.floor(Math.random() * 1e9))),
  weight: 0.1,
  price: '-1234567.890',
  dueAt: null,
  day: '0001-01-01',
  image: 'AAECAwT/',
  payload: { a: [1, 2.5, null, { b: 'c' }], '': true },
  settings: { theme: 'dark' },
  reference: randomUUID(),
})

const create = (values: Readonly<Record<string, Wire>> = full(), id: string = randomUUID()) =>
  ({ op: 'create', model: 'Ticket', id, values }) as const
const update = (id: string, set: UpdateOp['set'], version = device.version('Ticket', id)): UpdateOp => ({
  op: 'update',
  model: 'Ticket',
  id,
  version,
  set,
})
const made = async (values: Readonly<Record<string, Wire>> = full()): Promise<string> => {
  const op = create(values)
  expect((await device.push(op)).outcome).toEqual({ kind: 'applied' })
  await device.until('the ticket', () => device.held('Ticket').includes(op.id))
  return op.id
}

describe('every type', () => {
  it('[V59] comes back as it was sent: by the answer, by the batch, by a page', async () => {
    const values = full()
    const op = create(values)
    const { rows } = await device.push(op)
    await device.until('the ticket', () => device.held('Ticket').includes(op.id))
    expect(device.row('Ticket', op.id)).toMatchObject({ ...values, views: 0, id: op.id })
    expect(rows['Ticket']).toEqual([device.rows.get('Ticket')?.get(op.id)])
    const other = new WireDevice(device.identity, schema)
    await other.connect(url)
    await other.sync(['queue', { authorId: clerk, since: null, least: 'high' }])
    expect(other.row('Ticket', op.id)).toEqual(device.row('Ticket', op.id))
    await other.cut()
  })

  it('[V60] is null where it is left out, or its default', async () => {
    const id = await made({ authorId: clerk, subject: 'S', priority: 'high', serial: '-5', dueAt: null })
    expect(device.row('Ticket', id)).toMatchObject({
      weight: null,
      price: '0.500',
      day: '1999-12-31',
      image: null,
      payload: null,
      settings: { theme: 'plain' },
      body: '',
    })
  })

  it('[V61] can be set and cleared by a patch, and lists of every kind', async () => {
    const id = await made()
    const set = { price: '0.001', weight: -1e300, day: null, image: '', payload: [], reviewerId: null, reference: null }
    const seen = device.row('Ticket', id) ?? {}
    const edits = Object.fromEntries(Object.entries(set).map(([field, value]) => [field, { seen: seen[field] ?? null, value }]))
    expect((await device.push(update(id, edits))).outcome).toEqual({ kind: 'applied' })
    await device.until('the change', () => device.row('Ticket', id)?.['price'] === '0.001')
    expect(device.row('Ticket', id)).toMatchObject(set)
    const lists = { skills: ['a,b', 'c"d', '{e}', '', 'null'], shifts: [1, -2147483648], favourites: ['red', 'blue'] }
    const self = device.row('Employee', boss) ?? {}
    const op: Op = {
      op: 'update',
      model: 'Employee',
      id: boss,
      version: Number(self['version']),
      set: Object.fromEntries(Object.entries(lists).map(([field, value]) => [field, { seen: self[field] ?? null, value }])),
    }
    expect((await device.push(op)).outcome).toEqual({ kind: 'applied' })
    await device.until('the lists', () => Array.isArray(device.row('Employee', boss)?.['shifts']))
    expect(device.row('Employee', boss)).toMatchObject(lists)
    expect((await device.push({ ...op, set: { shifts: { seen: lists.shifts, value: [2147483648] } } })).outcome).toMatchObject({
      code: 'invalid',
      fields: ['shifts'],
    })
  })

  it('[V62] that never leaves the server is in no frame', async () => {
    await sql.query('update employees set salary = 98765.43 where id = $1', [clerk])
    await device.until('the new version', () => device.version('Employee', clerk) > 0)
    const other = new WireDevice(device.identity, schema)
    await other.connect(url)
    await other.sync(['directory'])
    expect(JSON.stringify([device.frames, other.frames])).not.toContain('98765')
    await other.cut()
  })
})

describe('edit-wins', () => {
  it('[V63] brings a deleted row back as it was, with the edit on top', async () => {
    const values = full()
    const id = await made(values)
    const version = device.version('Ticket', id)
    const old = device.row('Ticket', id)
    await sql.query('delete from tickets where id = $1', [id])
    await device.until('the delete', () => !device.held('Ticket').includes(id))
    const { outcome } = await device.push(update(id, { subject: { seen: values['subject'] ?? null, value: 'Back' } }, version))
    expect(outcome).toEqual({ kind: 'applied' })
    await device.until('the return', () => device.held('Ticket').includes(id))
    expect({ ...device.row('Ticket', id), version: 0, updatedAt: 0 }).toEqual({
      ...old,
      subject: 'Back',
      version: 0,
      updatedAt: 0,
    })
  })

  it('[V64] leaves it deleted where a rule, a parent or a taken name stands against it', async () => {
    const values = full()
    const [hidden, taken] = [await made(values), await made()]
    const [versionHidden, versionTaken] = [device.version('Ticket', hidden), device.version('Ticket', taken)]
    const serial = device.row('Ticket', taken)?.['serial']
    await sql.query('delete from tickets where id = any ($1)', [[hidden, taken]])
    const stranger = new WireDevice({ principal: 'x', claims: { sub: randomUUID(), tenant: randomUUID() } }, schema)
    await stranger.connect(url)
    const edit = { subject: { seen: 'A', value: 'B' } }
    expect((await stranger.push(update(hidden, edit, versionHidden))).outcome).toMatchObject({
      kind: 'rejected',
      code: 'deleted',
      id: hidden,
    })
    const never = await stranger.push(update(randomUUID(), edit, versionHidden))
    expect(never.outcome).toMatchObject({ kind: 'rejected', code: 'deleted', fields: [] })
    await stranger.cut()
    await made({ ...full(), serial: serial ?? null })
    expect((await device.push(update(taken, { subject: { seen: 'A', value: 'B' } }, versionTaken))).outcome).toMatchObject({
      kind: 'rejected',
      code: 'deleted',
    })
    expect((await sql.query('select 1 from tickets where id = any ($1)', [[hidden, taken]])).rows).toEqual([])
  })

  it('[E66] brings no row back from an image that lacks a column: it would be blank in it', async () => {
    const id = await made()
    const version = device.version('Ticket', id)
    await sql.query('delete from tickets where id = $1', [id])
    await sql.query(`update syncgen.changes set before = before - 'subject' where key = $1 and op = 'D'`, [id])
    const { outcome } = await device.push(update(id, { subject: { seen: 'A', value: 'B' } }, version))
    expect(outcome).toMatchObject({ kind: 'rejected', code: 'deleted', id })
    expect((await sql.query('select 1 from tickets where id = $1', [id])).rows).toEqual([])
  })

  it('[V65] refuses a delete by somebody who did not see the edit', async () => {
    const id = await made()
    const version = device.version('Ticket', id)
    await sql.query(`update tickets set body = 'edited' where id = $1`, [id])
    expect((await device.push({ op: 'delete', model: 'Ticket', id, version })).outcome).toMatchObject({
      kind: 'rejected',
      code: 'edited',
    })
    await device.until('the edit', () => device.row('Ticket', id)?.['body'] === 'edited')
    expect((await device.push({ op: 'delete', model: 'Ticket', id, version: device.version('Ticket', id) })).outcome).toEqual({
      kind: 'applied',
    })
  })
})

describe('policies', () => {
  it('[V66] are each their own: client wins, server wins, reject rejects, counters add', async () => {
    const id = await made()
    const version = device.version('Ticket', id)
    const seen = device.row('Ticket', id) ?? {}
    await sql.query(`update tickets set subject = 'SQL', body = 'SQL', priority = 'low', views = 10 where id = $1`, [id])
    const edit = (field: string, value: Wire) => ({ [field]: { seen: seen[field] ?? null, value } })
    const merged = await device.push(
      update(id, { ...edit('subject', 'Mine'), ...edit('body', 'mine'), views: { add: 5 } }, version),
    )
    expect(merged.outcome).toEqual({ kind: 'merged', lost: [{ model: 'Ticket', id, field: 'body' }] })
    expect((await device.push(update(id, edit('priority', 'normal'), version))).outcome).toMatchObject({
      kind: 'rejected',
      code: 'conflict',
      fields: ['priority'],
    })
    const { rows } = await sql.query('select subject, body, priority, views from tickets where id = $1', [id])
    expect(rows).toEqual([{ subject: 'Mine', body: 'SQL', priority: 'low', views: 15 }])
  })
})
