/**
 * Runs in a copy of the repository that has a bug in it: lives through seeds until one violates an invariant, and says which in its
 * last line, as JSON. `tsx tests/planted-bugs/hunt.ts <server url> <operations> <seed,seed,…>`
 */
import { makeTemplate } from '../simulation/database/template.js'
import { runSeed } from '../simulation/run.js'
import { worldSchema } from '../simulation/schema/world-schema.js'

const [server = '', ops = '250', seeds = '1'] = process.argv.slice(2)
const template = `hunt_${process.pid}`

const hunt = async (): Promise<{ readonly seed: number; readonly invariant: string; readonly message: string } | null> => {
  try {
    await makeTemplate(server, worldSchema, template)
  } catch (error) {
    return { seed: 0, invariant: 'broken', message: String(error) }
  }
  for (const seed of seeds.split(',').map(Number)) {
    const { failure } = await runSeed({ seed, ops: Number(ops), schema: worldSchema, server, template })
    if (failure !== null) return { seed, invariant: failure.invariant, message: failure.message.slice(0, 1000) }
  }
  return null
}

console.log(JSON.stringify(await hunt()))
process.exit(0)
