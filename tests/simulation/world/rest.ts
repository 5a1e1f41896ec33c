/** Rest: nothing is broken any more, and everybody has seen everything. */
import { includes, parsePosition, SyncError } from 'syncgen/protocol'
import { noDatabaseFaults } from '../database/gate.js'
import { Violation } from '../invariants/invariant.js'
import type { World } from './world.js'

/** How long that may take, virtual ms: the longest silence before a dead connection is noticed, and a patient retry. */
const restWithin = 240_000

/** Ends all faults and waits. Says who does not get into step; null: nobody. */
export const comeToRest = async (world: World): Promise<Violation | null> => {
  heal(world)
  const until = world.kernel.now + restWithin
  await world.run(2000)
  let position = await positionOf(world)
  while (world.kernel.now < until && !isIdle(world, position)) {
    await world.run(1000)
    if (!hasWork(world)) position = await positionOf(world)
  }
  await world.afterOperation()
  const isAtRest = isIdle(world, position)
  world.kernel.note(`rest ${isAtRest}`)
  if (isAtRest) return null
  const standing = world.devices.map(({ name, client }) => `${name} ${client?.status.get().connection ?? 'down'} at ${client?.position ?? 'no position'}, the database at ${position}`)
  return new Violation('I9', 'somebody never gets into step', standing)
}

const heal = (world: World): void => {
  world.network.heal()
  world.gate.faults = noDatabaseFaults
  for (const session of world.foreigners) session.end(true)
  for (const node of world.nodes) node.start()
  for (const device of world.devices) {
    device.wake()
    device.disk.latency = 3
    device.disk.crowding = 0
    device.setOffline(false)
    device.open()
    device.client?.goOnline()
  }
}

const positionOf = async ({ control }: World): Promise<string> => {
  const [row] = await control.sql(`select syncgen.position() as position`)
  return String(row?.['position'])
}

const hasWork = ({ deploys, devices, foreigners, gate }: World): boolean =>
  deploys.isUnderWay || devices.some((device) => device.client === null || (!device.isTooOld && device.client.pending().length > 0)) || foreigners.some(({ isIdle: idle }) => !idle) || gate.waiting > 0

const isIdle = (world: World, position: string): boolean => {
  const wanted = parsePosition(position)
  if (wanted === undefined) throw new SyncError('internal', `no position: ${position}`)
  return (
    !hasWork(world) &&
    world.devices.every(({ client, isTooOld }) => {
      if (isTooOld) return true
      const reached = client?.position == null ? undefined : parsePosition(client.position)
      return client?.status.get().connection === 'online' && reached !== undefined && includes(reached, wanted)
    })
  )
}
