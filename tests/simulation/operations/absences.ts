import type { World } from '../world/world.js'
import type { Operation } from './operation.js'

const day = 86_400_000

/** Beyond what is remembered of the log, and beyond a year. */
const lengths = [31 * day, 400 * day]

/** An operator's, and the server's own. */
const horizons = [30 * day, 90 * day]

/** What happens while somebody is away: the log is purged, a device is copied. */
export const absences: readonly Operation[] = [
  {
    name: 'purge',
    weight: 0.7,
    isFault: true,
    run: (world, dice) => {
      const { server } = dice.pick(world.nodes)
      if (server === null) return
      world.count('fault: purge')
      // Nobody waits for it: a node that dies under it has purged nothing. The first call marks what the second may forget.
      void server.purge({ horizon: 0 }).then(() => server.purge({ horizon: 0 })).catch(() => undefined)
    },
  },
  {
    name: 'absence',
    weight: 0.4,
    isFault: true,
    run: (world, dice) => {
      const device = dice.pick(world.devices)
      const wakes = world.kernel.now + 500 + dice.below(6000)
      const [length, horizon] = [dice.pick(lengths), dice.pick(horizons)]
      device.asleepUntil = wakes
      world.kernel.after(200, null, 'marks what may be forgotten', () => void purge(world, horizon))
      // The others are away for most of the time, too; but they are back sooner.
      world.kernel.after(wakes - world.kernel.now - 1, null, `${device.name} is absent`, () => {
        if (device.asleepUntil !== wakes) return
        world.kernel.leap(length)
        world.count(`fault: absence of ${length / day} days`)
        device.asleepUntil = world.kernel.now + 500 + dice.below(8000)
        void purge(world, horizon)
      })
    },
  },
  {
    name: 'absence of all',
    weight: 0.2,
    isFault: true,
    run: (world, dice) => {
      const length = dice.pick(lengths)
      world.count(`fault: absence of all, ${length / day} days`)
      world.kernel.leap(length)
      void purge(world, dice.pick(horizons))
    },
  },
  {
    name: 'clone',
    weight: 0.4,
    isFault: true,
    run: async (world, dice) => {
      const original = dice.pick(world.devices)
      const copy = world.devices.find((other) => other !== original && other.identity.principal === original.identity.principal)
      const image = original.disk.image()
      if (copy === undefined || image === null) return
      world.count('fault: clone')
      await copy.replaceDisk(image)
      world.kernel.after(dice.below(10_000), null, `${copy.name} is switched on`, () => copy.open())
    },
  },
]

/** As nodes do by themselves once an hour: what a leap made old they forget. */
const purge = async ({ nodes, count }: World, horizon: number): Promise<void> => {
  count('fault: purge')
  const server = nodes.find((node) => node.server !== null)?.server
  await server?.purge({ horizon }).catch(() => undefined)
}
