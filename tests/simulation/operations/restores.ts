import type { Operation } from './operation.js'

/** The database is copied, and later replaced by the copy: a backup, a standby that was behind. What was committed between is gone. */
export const restores: readonly Operation[] = [
  {
    name: 'backup',
    weight: 0.4,
    isFault: true,
    run: async (world) => {
      world.count('fault: backup')
      await world.backUp()
    },
  },
  {
    name: 'restore',
    weight: 0.6,
    isFault: true,
    run: async (world, dice) => {
      // Nodes that run on find another database behind the address, or they are started with it.
      const restarts = dice.chance(0.4)
      if (restarts) {
        world.network.cut()
        for (const node of world.nodes) await node.crash()
      }
      if (await world.restore()) world.count('fault: restore')
      if (restarts) for (const node of world.nodes) world.kernel.after(200 + dice.below(3000), null, `${node.name} is started`, () => node.start())
    },
  },
]
