import { foreignWrite } from './foreign-write.js'
import type { Operation } from './operation.js'

/** The database is copied, and later replaced by the copy: a backup, a standby that was behind. What was committed between is gone. */
export const restores: readonly Operation[] = [
  {
    name: 'backup',
    weight: 0.4,
    isFault: true,
    run: async (world) => {
      world.count('fault: backup')
      await world.backups.make()
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
      const renews = dice.chance(0.5)
      if (await world.backups.restore(renews)) {
        world.count('fault: restore')
        // What they draw are versions that were given out before, as long as no node has looked.
        if (!renews) {
          world.count('fault: restore, and others write first')
          for (let n = 1 + dice.below(4); n > 0; n -= 1) await foreignWrite.run(world, dice)
        }
      }
      if (restarts) for (const node of world.nodes) world.kernel.after(200 + dice.below(3000), null, `${node.name} is started`, () => node.start())
    },
  },
]
