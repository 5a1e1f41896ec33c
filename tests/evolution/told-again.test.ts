/** What an app is told of a mutation that it sends again to a server of a later version, since it did not hear what the one before decided. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Mutation, Outcome } from '../../runtime/protocol/messages.js'
import { WireDevice } from '../server/wire-device.js'
import { Fleet } from './fleet.js'
import { Versions } from './versions.js'

let versions: Versions
beforeAll(async () => {
  versions = await Versions.read()
}, 120_000)
afterAll(() => versions?.end())

const url = (port: number): string => `ws://127.0.0.1:${port}/sync`

/** A database of a version, and a device of it; the key of one of its cards. */
const begin = async (at: number): Promise<{ readonly fleet: Fleet; readonly device: WireDevice; readonly id: string; readonly told: (mutation: Mutation) => Promise<Outcome> }> => {
  const fleet = await Fleet.begin(versions, at)
  const { schema } = await versions.code(at)
  const { rows } = await fleet.client.query(`select id from ${fleet.card(at).table} where title = 'card 0'`)
  const device = new WireDevice({ principal: fleet.person, claims: { sub: fleet.person } }, schema)
  return { fleet, device, id: String(rows[0].id), told: async (mutation) => (await device.pushAs(mutation)).outcome }
}

describe('a mutation that comes again after a deploy', { timeout: 60_000 }, () => {
  it('[E94] says that a field has no place only of one that was decided where it had none', async () => {
    // Tasks have a position, and then they have none.
    const [before, after] = [2, 3] as const
    const { fleet, device, id, told } = await begin(before)
    onTestFinished(() => fleet.end())
    const edit = (title: string, was: string, position: number, strict = false): Mutation =>
      device.mutation([{ op: 'update', model: 'Task', id, version: 1, set: { title: { seen: was, value: title }, position: { seen: 0, value: position } } }], { strict })

    expect(await device.connect(url(await fleet.serveBeside(before)))).toMatchObject({ kind: 'welcome', forked: false })
    const lost = [{ model: 'Task', id, field: 'position' }]
    const whole = edit('whole', 'card 0', 7)
    const strict = edit('strict', 'whole', 7, true)
    const other = edit('lost', 'never there', 8)
    expect(await told(whole)).toEqual({ kind: 'applied' })
    expect(await told(strict)).toEqual({ kind: 'applied' })
    expect(await told(other)).toEqual({ kind: 'merged', lost: [{ model: 'Task', id, field: 'title' }, ...lost] })
    device.socket.terminate()

    await fleet.migrate(after)
    const port = await fleet.serveBeside(after)
    expect(await device.connect(url(port))).toMatchObject({ kind: 'welcome', lastSeq: 3, forked: false })
    expect([await told(whole), await told(strict)]).toEqual([{ kind: 'applied' }, { kind: 'applied' }])
    // Its position was lost to another one, in a field that is gone.
    expect(await told(other)).toEqual({ kind: 'merged', lost: [{ model: 'Task', id, field: 'title' }, ...lost], unconverted: lost })

    const part = edit('part', 'lost', 9)
    const outcome = { kind: 'merged', lost, unconverted: lost }
    expect(await told(part)).toEqual(outcome)
    device.socket.terminate()
    await device.connect(url(port))
    await fleet.client.query(`select syncgen.purge(interval '0')`)
    expect([await told(whole), await told(part), await told(part)]).toEqual([{ kind: 'applied' }, outcome, outcome])

    // A copy: the last nonce is another.
    expect(await device.connect(url(port), { session: { last: null, next: id } })).toMatchObject({ forked: true })
    expect([await told(whole), await told(part)]).toEqual([{ kind: 'applied' }, outcome])
  })
  it('[E94] and says so to whom a node of the version before answers that still runs', async () => {
    const [before, after] = [11, 12] as const // One value of an enum goes.
    const { fleet, device, id, told } = await begin(before)
    onTestFinished(() => fleet.end())
    const old = await fleet.serveBeside(before)
    await fleet.migrate(after)
    await device.connect(url(await fleet.serveBeside(after)))
    const mutation = device.mutation([{ op: 'update', model: 'Card', id, version: 1, set: { title: { seen: 'card 0', value: 'part' }, state: { seen: 'todo', value: 'dropped' } } }])
    const lost = [{ model: 'Card', id, field: 'state' }]
    const outcome = { kind: 'merged', lost, unconverted: lost }
    expect(await told(mutation)).toEqual(outcome)
    device.socket.terminate()
    await device.connect(url(old))
    expect(await told(mutation)).toEqual(outcome)
  })
})
