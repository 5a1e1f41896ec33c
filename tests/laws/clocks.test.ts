import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, openLab } from '../../runtime/testing/index.js'
import { type BackOffice, openBackOffice } from '../golden/everything/generated/client/index.js'
import { type BackOfficeServer, createBackOfficeServer } from '../golden/everything/generated/server/index.js'

type Claims = { readonly sub: string; readonly tenant: string }
interface Device {
  readonly client: BackOffice
  /** Moves what the device's clock shows. */
  set(skew: number): void
}

type Edit = readonly [device: 0 | 1, name: string, skew?: number | undefined]

const hour = 3_600_000
/** More than an offset is measured wrong by, also on a machine that is busy. */
const apart = 250
const [boss, tenant] = [randomUUID(), randomUUID()]
let lab: Lab<Claims, BackOfficeServer, BackOffice>
let devices: readonly Device[]

beforeAll(async () => {
  const migrations = new URL('../golden/everything/generated/migrations/', import.meta.url)
  lab = await openLab({ createServer: createBackOfficeServer, openClient: openBackOffice, migrations })
  await lab.sql(`insert into employees (id, tenant_id, name, started_on) values ($1, $2, 'Boss', '2020-02-29')`, [boss, tenant])
  devices = await Promise.all([-hour, hour].map(async (skew): Promise<Device> => {
    let shown = skew
    const clock = { now: () => Date.now() + shown, monotonic: () => performance.now() }
    const client = await lab.device({ principal: boss, claims: { sub: boss, tenant }, ports: { clock } })
    await client.scopes.directory().ready
    return { client, set: (to) => (shown = to) }
  }))
}, 60_000)
afterAll(() => lab?.close())

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, apart))
const on = (device: number): Device => devices[device] as Device

/** Both go offline, edit the name in this order, and come back in the other. What stands then is told. */
const story = async (edits: readonly Edit[], back: readonly (0 | 1)[]): Promise<string> => {
  await lab.settled()
  for (const { client } of devices) client.goOffline()
  for (const [device, name, skew] of edits) {
    await pause()
    if (skew !== undefined) on(device).set(skew)
    on(device).client.employees.update(boss, { name })
  }
  await pause()
  for (const device of back) {
    on(device).client.goOnline()
    await lab.settled()
  }
  const [row] = await lab.sql('select name from employees where id = $1', [boss])
  expect(devices.map(({ client }) => client.employees.get(boss)?.name)).toEqual([row?.['name'], row?.['name']])
  return String(row?.['name'])
}

describe('latest, between two devices whose clocks are two hours apart', () => {
  it.for([[[0, 1]], [[1, 0]]] as const)('[R61] is who edited last, whoever comes back first (%o)', async ([back]) => {
    expect(await story([[0, 'slow first'], [1, 'fast second']], back)).toBe('fast second')
    expect(await story([[1, 'fast first'], [0, 'slow second']], back)).toBe('slow second')
    expect(await story([[0, 'one'], [1, 'two'], [0, 'three']], back)).toBe('three')
  })

  it('[R61] and clocks that are set back while offline, twice as well, change nothing', async () => {
    expect(await story([[1, 'before', -5 * hour], [0, 'between'], [1, 'after', -9 * hour]], [1, 0])).toBe('after')
    expect(await story([[1, 'again'], [0, 'and last']], [0, 1])).toBe('and last')
  })

  it('[R61] a clock that was set forward is measured again at the next connection', async () => {
    on(0).client.goOffline()
    on(0).set(7 * hour)
    on(0).client.goOnline()
    expect(await story([[0, 'set forward'], [1, 'later']], [1, 0])).toBe('later')
    expect(await story([[1, 'earlier'], [0, 'set forward']], [0, 1])).toBe('set forward')
  })

  it('[R61] [C6] for any order of edits and returns, and clocks that are set back in between', async () => {
    const seed = Number(process.env['SYNCGEN_SEED'] ?? 7)
    let state = seed
    const coin = (): 0 | 1 => ((state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16) % 2 === 0 ? 0 : 1
    for (let round = 0; round < 6; round += 1) {
      const edits = Array.from({ length: 4 }, (_, at): Edit => [coin(), `${round}.${at}`, coin() === 0 ? undefined : -(10 + 4 * round + at) * hour])
      const first = coin()
      const told = await story(edits, [first, first === 0 ? 1 : 0])
      expect(told, `seed ${seed}, ${JSON.stringify({ edits, first })}`).toBe(`${round}.3`)
    }
  }, 60_000)
})
