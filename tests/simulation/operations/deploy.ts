import { scopeFor } from '../deploys/as-seen.js'
import type { Operation } from './operation.js'

/** What happens in worlds whose schema changes, and in no others: it is drawn by dice of its own. */
export const deploys: readonly Operation[] = [
  {
    name: 'deploy',
    weight: 1,
    isFault: false,
    run: (world, dice) => void world.deploys.begin(dice),
  },
  {
    name: 'upgrade',
    weight: 2.5,
    isFault: false,
    run: async (world, dice) => {
      const { nodes, versions, kernel } = world
      // An app comes out with the first server of its version.
      const released = nodes.flatMap(({ running }) => (running === null ? [] : [versions.of(running)])).toSorted((a, b) => b.at - a.at)[0]
      if (released === undefined) return
      const late = world.devices.filter(({ schema }) => versions.of(schema).at < released.at)
      if (late.length === 0) return
      const device = dice.pick(late)
      const before = device.schema
      world.count(`upgrade over ${released.at - versions.of(before).at}`)
      await device.install(released.schema, (scope) => scopeFor(versions, scope, before, released.schema))
      kernel.after(dice.below(20_000), null, `${device.name} is switched on`, () => device.open())
    },
  },
]
