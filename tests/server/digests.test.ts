/** What a server makes of what clients say that they hold: the steps of a comparison, and everything that is none. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Digests, type ServerMessage, type Wish, bucketCount, partOf, writeKeys } from '../../runtime/protocol/index.js'
import { type Tracker, openTracker } from './tracker-node.js'
import type { WireDevice } from './wire-device.js'

const size = 1_200

let tracker: Tracker
beforeAll(async () => {
  tracker = await openTracker({ limits: { checkOneIn: Infinity, heldRows: 2_000 } })
  await tracker.sql(`insert into tasks (project_id, title, position) select $1, 'Task ' || n, 'a' from generate_series(1, $2::int) n`, [tracker.project, size])
})
afterAll(() => tracker?.stop())

type Asked = Extract<ServerMessage, { readonly kind: 'wanted' }>

/** A device that asked for the board from a forged position, and speaks for itself. */
const asked = async (): Promise<{ readonly device: WireDevice; readonly wanted: Asked }> => {
  const device = tracker.device(tracker.bob)
  await device.connect(tracker.url)
  device.isMute = true
  device.send({ kind: 'sync', attempt: 1, scopes: [{ id: 1, name: 'board', params: { projectId: tracker.project }, hash: null, position: 'forged' }] })
  return { device, wanted: await device.next('wanted') }
}

const wishOf = (wanted: Asked, model: string): Wish | undefined => wanted.lines.find((line) => line.model === model)

const hold = (form: 'digests' | 'keys', bytes: string, last = true, model = 'Task') => ({ kind: 'hold', attempt: 1, scope: 1, model, form, bytes, last }) as const

const rows = async (): Promise<readonly (readonly [string, number])[]> =>
  (await tracker.sql('select id, version::text from tasks where project_id = $1', [tracker.project])).map(({ id, version }) => [String(id), Number(version)])

const bucketsOf = async (skip: (id: string) => boolean = () => false): Promise<Digests> => {
  const digests = new Digests(bucketCount)
  for (const [id, version] of await rows()) if (!skip(id)) digests.add(partOf(id) % bucketCount, id, version)
  return digests
}

const tasksSent = (device: WireDevice): readonly string[] =>
  device.frames.flatMap((frame) => (frame.kind === 'page' ? (frame.delta.rows['Task'] ?? []).map(([, id]) => String(id)) : []))

describe('a comparison', () => {
  it('[D5] asks for summaries of all lines at once; of equal digests it sends nothing', async () => {
    const { device, wanted } = await asked()
    expect(wanted.lines.every(({ want }) => want === 'summary')).toBe(true)
    expect(wanted.lines.map(({ model }) => model)).toContain('TaskLabel')
    device.send(hold('digests', (await bucketsOf()).toText()))
    await device.next('synced')
    expect(device.frames.filter(({ kind }) => kind === 'wanted')).toHaveLength(1)
    expect(tasksSent(device)).toEqual([])
  })

  it('[D5] narrows down: one bucket is small enough to be listed', async () => {
    const [missing = ''] = (await rows()).map(([id]) => id)
    const { device } = await asked()
    device.send(hold('digests', (await bucketsOf((id) => id === missing)).toText()))
    const next = await device.next('wanted')
    expect(next.lines).toHaveLength(1)
    const wish = wishOf(next, 'Task')
    if (wish?.want !== 'keys' || wish.parts === null) throw new Error(JSON.stringify(next))
    expect(wish.parts.every((part) => part % bucketCount === partOf(missing) % bucketCount)).toBe(true)
    const { parts } = wish
    device.send(hold('keys', writeKeys((await rows()).filter(([id]) => parts.includes(partOf(id)) && id !== missing))))
    await device.next('synced')
    expect(tasksSent(device)).toEqual([missing])
  })

  it('[D6] what changes after the digests were compared is sent as well, deleted rows too', async () => {
    const [missing, changed, deleted] = (await rows()).map(([id]) => id).slice(10)
    const { device } = await asked()
    device.send(hold('digests', (await bucketsOf((id) => id === missing)).toText()))
    const wish = wishOf(await device.next('wanted'), 'Task')
    if (wish?.want !== 'keys' || wish.parts === null) throw new Error('no keys are wanted')
    const { parts } = wish
    const held = (await rows()).filter(([id]) => parts.includes(partOf(id)) && id !== missing)
    await tracker.sql(`update tasks set title = 'later' where id = $1`, [changed])
    await tracker.sql('delete from tasks where id = $1', [deleted])
    const added = await tracker.task('added')
    device.send(hold('keys', writeKeys(held)))
    await device.next('synced')
    expect([...tasksSent(device)].sort()).toEqual([missing, changed, added].sort())
    expect(device.frames.flatMap((frame) => (frame.kind === 'page' ? frame.delta.claims.flatMap((claim) => claim.deleted) : []))).toEqual([deleted])
  })

  it('[D5] who holds nothing, or nothing of what is asked for, gets it', async () => {
    const { device } = await asked()
    device.send(hold('digests', new Digests(bucketCount).toText()))
    await device.next('wanted')
    device.send(hold('keys', ''))
    await device.next('synced')
    expect(new Set(tasksSent(device))).toEqual(new Set((await rows()).map(([id]) => id)))
  })

  it('[D10] a position that can be used asks for nothing, and says no digests', async () => {
    const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
    await bob.cut()
    await bob.connect(tracker.url)
    const synced = await bob.resync()
    expect(synced.digests).toBeUndefined()
    expect(bob.frames.map(({ kind }) => kind)).toEqual(['welcome', 'synced'])
  })

  it('[D7] a sync that asks for it hears the digests of its lines, at its position', async () => {
    const bob = await tracker.online(tracker.bob, ['board', { projectId: tracker.project }])
    const scope = bob.scopes.get(1)
    bob.send({ kind: 'sync', attempt: 9, scopes: [{ ...scope?.claim, hash: scope?.hash, position: bob.position }] as never, check: true })
    const { digests } = await bob.next('synced')
    expect(digests?.map(({ model }) => model)).toContain('TaskLabel')
    expect(digests?.find(({ model }) => model === 'Task')?.digest).toBe((await bucketsOf()).total)
  })
})

describe('what is no answer', () => {
  const key = (id = randomUUID(), version = 1) => writeKeys([[id, version]])
  const whole = new Digests(bucketCount).toText()

  it.each<readonly [what: string, frames: readonly ReturnType<typeof hold>[]]>([
    ['too few digests', [hold('digests', new Digests(16).toText())]],
    ['too many digests', [hold('digests', new Digests(4096).toText())]],
    ['digests twice', [hold('digests', whole, false), hold('digests', whole)]],
    ['digests and keys', [hold('digests', whole, false), hold('keys', key())]],
    ['keys and digests', [hold('keys', key(), false), hold('digests', whole)]],
    ['half a key', [hold('keys', key().slice(0, 16))]],
    ['a version of 64 bits', [hold('keys', `${key().slice(0, 20)}////////////`)]],
    ['a model that was not asked for', [hold('keys', key(), true, 'Person')]],
    ['a name of Object.prototype', [hold('digests', whole, true, '__proto__')]],
  ])('[D3] %s ends the connection', async (_what, frames) => {
    const { device } = await asked()
    for (const frame of frames) device.send(frame)
    expect(await device.next('refused')).toEqual({ kind: 'refused', code: 'malformed-frame' })
  })

  it('[D3] keys of parts that were not asked for end the connection', async () => {
    const [missing = ''] = (await rows()).map(([id]) => id)
    const { device } = await asked()
    device.send(hold('digests', (await bucketsOf((id) => id === missing)).toText()))
    await device.next('wanted')
    const other = (await rows()).find(([id]) => partOf(id) % bucketCount !== partOf(missing) % bucketCount)
    device.send(hold('keys', writeKeys(other === undefined ? [] : [other])))
    expect(await device.next('refused')).toEqual({ kind: 'refused', code: 'malformed-frame' })
  })

  it('[D3] more keys than the limit, over all questions of an attempt, are refused before they are read', async () => {
    const { device } = await asked()
    const keys = Array.from({ length: 1_001 }, () => [randomUUID(), 1] as const)
    device.send(hold('keys', writeKeys(keys), false))
    device.send(hold('keys', writeKeys(keys), false))
    expect(await device.next('refused')).toMatchObject({ code: 'limit-exceeded' })
  })

  it('[D3] of an attempt that is over, or never was, means nothing', async () => {
    const { device } = await asked()
    device.send({ ...hold('digests', new Digests(3).toText()), attempt: 7 })
    device.send(hold('digests', (await bucketsOf()).toText()))
    await device.next('synced')
    device.send(hold('digests', whole))
    device.send({ kind: 'ping', at: 1 })
    expect(await device.next('pong')).toMatchObject({ at: 1 })
  })

  it('[D3] a client that leaves between two questions leaves nothing behind', async () => {
    const [missing = ''] = (await rows()).map(([id]) => id)
    const { device } = await asked()
    device.send(hold('digests', (await bucketsOf((id) => id === missing)).toText()))
    await device.next('wanted')
    await device.cut()
    await device.connect(tracker.url)
    device.isMute = false
    await device.sync(['board', { projectId: tracker.project }])
    expect(device.held('Task')).toHaveLength((await rows()).length)
  })
})
