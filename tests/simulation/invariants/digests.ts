import type { SimClient } from '../schema/sim-schema.js'
import type { World } from '../world/world.js'
import { type Invariant, Violation } from './invariant.js'

/** Both sides count the same: the digests of what a device holds are those of what the server would send. */
export const digests: Invariant = {
  id: 'I14',
  says: 'the digests of client and server are equal at rest, and never differed',
  watch: (world) => {
    const differences: string[] = []
    return {
      opened: (device, client) => void client.on('differed', (difference) => differences.push(`${device.name}: ${JSON.stringify(difference)}`)),
      afterEvent: () => {
        if (differences.length > 0) throw new Violation('I14', 'a device found itself different from the server', differences)
      },
      atRest: async () => {
        for (const { name, client, scopes, isTooOld } of world.devices) {
          if (client === null || scopes.size === 0 || isTooOld) continue
          let found = await checked(world, client)
          // A device that finds out now that another took its place comes back with a new client id.
          for (let tries = 0; typeof found === 'string' && tries < 3; tries += 1) {
            await world.run(5000)
            found = await checked(world, client)
          }
          if (found === null || typeof found === 'string') throw new Violation('I14', `${name} cannot check: ${found ?? 'no answer'}`)
          if (found.differences.length > 0) throw new Violation('I14', `${name} differs from the server`, found.differences.map((each) => JSON.stringify(each)))
          if (found.lines === 0) throw new Violation('I14', `${name} has ${scopes.size} scopes open, and no line of them was compared`)
        }
      },
    }
  },
}

interface Found {
  readonly lines: number
  readonly differences: readonly object[]
}

/** What a check finds, or why there was none; null: no answer within half a minute. */
const checked = async (world: World, client: SimClient): Promise<Found | string | null> => {
  let outcome: Found | string | null = null
  client.check().then((result) => (outcome = result), (error: unknown) => (outcome = String(error)))
  for (let waited = 0; waited < 60 && (outcome as unknown) === null; waited += 1) await world.run(500)
  return outcome
}
