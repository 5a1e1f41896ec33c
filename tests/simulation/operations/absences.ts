import type { Operation } from './operation.js'

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
