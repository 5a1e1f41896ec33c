import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { type RowTexts, cachedRows, differences } from '../schema/row-text.js'
import type { Device } from '../world/device.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'
import { Recorder } from './recorder.js'

/**
 * To say the same again changes nothing: who is in step and connects anew sends no mutation, gets no row, and writes nothing, even if its
 * process dies on the way. And frames of this connection and of those before it may be said again by either side: no table changes by
 * that, and no cache.
 */
export const idempotence: Invariant = {
  id: 'I10',
  says: 'at rest a reconnect carries nothing and writes nothing, and a frame that is said again changes nothing',
  watch: (world) => {
    const recorder = new Recorder()
    const dice = world.kernel.dice('idempotence')
    let carried: string[] | null = null
    let dying: Device | null = null
    return {
      opened: ({ name }) => recorder.opened(name),
      committed: (entries) => recorder.committed(entries),
      frame: (from, to, message) => {
        recorder.see(from, to, message)
        if (carried === null) return
        const what = contentOf(message)
        // Who dies before it has stored what was decided asks again. Whether that writes anything is looked at in the tables.
        if (what !== null && !(message.kind === 'push' && from === dying?.name)) carried.push(`${from} → ${to}: ${what}`)
      },
      atRest: async () => {
        const devices = world.devices.filter(({ isTooOld, client }) => !isTooOld && client !== null)
        const before = shown(devices)
        carried = []
        for (const { client } of devices) client?.goOffline()
        await world.run(500)
        for (const { client } of devices) client?.goOnline()
        await world.run(dice.next() * 150)
        // Whose storage has not worked since knows less when it starts again, and says so until then.
        const stored = devices.filter(({ client }) => client?.status.get().error === null)
        dying = dice.chance(0.5) && stored.length > 0 ? dice.pick(stored) : null
        await dying?.crash()
        dying?.open()
        await world.run(5000)
        await connected(world, devices)
        const sent = carried
        carried = dying = null
        await changeNothing(world, before, 'a reconnect')
        if (sent.length > 0) throw new Violation('I10', 'a reconnect carried what was there already', sent.slice(0, 6))

        const again = devices.flatMap((device) => dice.some(recorder.of(device.name), mostAgain / recorder.of(device.name).length).map((frame) => ({ device, ...frame })))
        for (const { device, way, text } of again) {
          if (world.network.inject(device, way, text)) world.count('frames said again')
          if (dice.chance(0.5)) await world.run(dice.next() * 300)
        }
        await world.run(5000)
        await changeNothing(world, before, 'a frame that was said again', again.map(({ device, way, text }) => `${device.name} ${way} ${text.slice(0, 300)}`))
        // What no side would say on this connection may have left them at odds about it: on the next they agree.
        for (const { client } of devices) client?.goOffline()
        await world.run(500)
        for (const { client } of devices) client?.goOnline()
        await world.run(1000)
        await connected(world, devices)
        await changeNothing(world, before, 'a frame that was said again, and a reconnect,')
      },
    }
  },
}

/** Frames of each device that are said again in one rest, about. */
const mostAgain = 4

type Shown = ReadonlyMap<Device, RowTexts>

const shown = (devices: readonly Device[]): Shown => new Map(devices.flatMap((device) => (device.client === null ? [] : [[device, cachedRows(device.schema.ir, device.client)] as const])))

/** @throws Violation if somebody is not connected again, and in step, within a minute. */
const connected = async (world: World, devices: readonly Device[]): Promise<void> => {
  const isIdle = ({ client, scopes }: Device): boolean =>
    client?.status.get().connection === 'online' && client.pending().length === 0 && [...scopes.values()].every(({ handle }) => handle?.status.get().state === 'synced')
  for (let waited = 0; waited < 120 && !devices.every(isIdle); waited += 1) await world.run(500)
  const lost = devices.find((device) => !isIdle(device))
  if (lost !== undefined) throw new Violation('I10', `${lost.name} does not come back: ${JSON.stringify(lost.client?.status.get() ?? null)}`)
}

const changeNothing = async (world: World, before: Shown, what: string, details: readonly string[] = []): Promise<void> => {
  const written = await world.history.read()
  if (written.length > 0) throw new Violation('I10', `${what} wrote ${written.length} rows`, [...written.slice(0, 5).map(({ model, op, key }) => `${op} ${model} ${key ?? ''}`), ...details])
  for (const [{ name, client, schema }, rows] of before) {
    const found = client === null ? [] : differences(rows, cachedRows(schema.ir, client))
    if (found.length > 0) throw new Violation('I10', `${what} changed what ${name} shows`, [...found.slice(0, 6), ...details])
  }
}

/** What a frame would change, null if nothing. */
const contentOf = (message: ClientMessage | ServerMessage): string | null => {
  if (message.kind === 'push') return `mutations ${message.mutations.map(({ seq }) => seq).join(', ')}`
  if (message.kind !== 'page' && message.kind !== 'changed') return null
  const { rows, claims } = message.delta
  const count = Object.values(rows).reduce((sum, some) => sum + some.length, 0)
  const changes = claims.filter(({ add, out, deleted }) => add.length + out.length + deleted.length > 0)
  return count + changes.length === 0 ? null : `${count} rows, ${JSON.stringify(changes).slice(0, 200)}`
}
