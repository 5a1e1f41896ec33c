import { noDatabaseFaults } from '../database/gate.js'
import { fineNetwork } from '../world/network.js'
import type { Operation } from './operation.js'

const fault = (name: string, weight: number, run: Operation['run']): Operation => ({
  name,
  weight,
  isFault: true,
  run: async (world, dice) => {
    world.count(`fault: ${name}`)
    await run(world, dice)
  },
})

/** What happens to nodes, the network between, and the database behind. */
export const serverFaults: readonly Operation[] = [
  fault('node crash', 0.7, async (world, dice) => {
    const node = dice.pick(world.nodes)
    world.network.cut((_, url) => url === node.url)
    await node.crash()
    world.kernel.after(500 + dice.below(10_000), null, `${node.name} is started`, () => node.start())
  }),
  fault('node restart', 0.5, (world, dice) => {
    const node = dice.pick(world.nodes)
    node.stop()
    world.kernel.after(8_000 + dice.below(5_000), null, `${node.name} is started`, () => node.start())
  }),
  fault('rolling restart', 0.4, (world, dice) => {
    const { healed } = world
    for (const [at, node] of world.nodes.entries()) {
      // Not in the middle of a rest.
      world.kernel.after(at * 9000, null, `${node.name} is stopped`, () => void (world.healed === healed && node.stop()))
      world.kernel.after(at * 9000 + 8000 + dice.below(4000), null, `${node.name} is started`, () => node.start())
    }
  }),
  fault('all connections cut', 0.7, (world) => void world.network.cut()),
  fault('bad network', 1.5, (world, dice) => {
    const some = (most: number): number => (dice.chance(0.5) ? dice.next() * most : 0)
    world.network.faults = { delay: 5 + dice.below(400), cut: some(0.03), loseAcknowledgement: some(0.3), halfOpen: some(0.03), oneWay: some(0.03), refuse: some(0.3), slowReader: some(0.3) }
  }),
  fault('bad database', 1.2, (world, dice) => {
    const some = (most: number): number => (dice.chance(0.5) ? dice.next() * most : 0)
    world.gate.faults = { killBeforeCommit: some(0.05), killAfterCommit: some(0.05), serialization: some(0.01), deadlock: some(0.01), timeout: some(0.005), refuse: some(0.2), deaf: some(0.5) }
  }),
  fault('backend killed', 0.7, async (world) => void (await world.gate.killSome())),
  {
    name: 'faults end',
    weight: 2,
    isFault: false,
    run: (world) => {
      world.network.faults = fineNetwork
      world.gate.faults = noDatabaseFaults
    },
  },
]
