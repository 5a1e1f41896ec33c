/**
 * Runs in a copy of the repository that has a bug in it: lives through seeds as the lane of CI does, each in the world that it has there and on
 * a cluster that nobody else uses, until one violates an invariant; says which in its last line, as JSON.
 * `tsx tests/planted-bugs/hunt.ts <operations> <seed,seed,…>`
 */
import { startWorldCluster } from '../simulation/database/cluster.js'
import { runSeed } from '../simulation/run.js'
import { Worlds } from '../simulation/worlds.js'
import type { Violated } from './seeds.js'

const [ops = '250', seeds = '1'] = process.argv.slice(2)

const hunt = async (server: string): Promise<Violated | null> => {
  const worlds = new Worlds(server, 'hunt')
  for (const seed of seeds.split(',').map(Number)) {
    try {
      const { remove, about: _, ...setting } = await worlds.of(seed)
      const { failure } = await runSeed({ seed, ops: Number(ops), server, ...setting })
      await remove()
      if (failure !== null) return { seed, invariant: failure.invariant, message: failure.message.slice(0, 1000) }
    } catch (error) {
      return { seed, invariant: 'broken', message: String(error) }
    }
  }
  return null
}

const cluster = await startWorldCluster()
const found = await hunt(cluster.url())
await cluster.stop()
console.log(JSON.stringify(found))
process.exit(0)
