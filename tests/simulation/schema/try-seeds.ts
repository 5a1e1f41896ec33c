/**
 * Tries schemas drawn at random, from the command line: `npx tsx tests/simulation/schema/try-seeds.ts [first] [count]`. Prints each
 * seed that fails, with the file that it wrote the schema to; its exit code says whether there was one.
 */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomSchema } from './random-schema.js'
import { trial } from './trial.js'

const [first = 1, count = 100] = process.argv.slice(2).map(Number)
const total: Record<string, number> = {}
let [refused, failed] = [0, 0]
const codes: Record<string, number> = {}

for (let seed = first; seed < first + count; seed += 1) {
  if (seed > first && (seed - first) % 20 === 0) console.log(`${seed - first} tried, ${failed} failed`)
  const drawn = await randomSchema(seed).catch(async (error: unknown) => {
    failed += 1
    console.log(`seed ${seed} fails to generate: ${error instanceof Error ? error.stack : String(error)}`)
    return null
  })
  if (drawn === null) continue
  if (drawn.kind === 'refused') {
    refused += 1
    for (const code of new Set(drawn.problems.filter(({ severity }) => severity === 'error').map((problem) => problem.code))) codes[code] = (codes[code] ?? 0) + 1
    continue
  }
  try {
    const tally = await trial(drawn.schema, { seed, rounds: 2, stepsPerRound: 40 })
    for (const [what, times] of Object.entries(tally)) total[what] = (total[what] ?? 0) + times
  } catch (error) {
    failed += 1
    const file = join(tmpdir(), `syncgen-drawn-${seed}.yaml`)
    await writeFile(file, drawn.yaml)
    console.log(`seed ${seed} fails (${file}): ${error instanceof Error ? error.stack : String(error)}\n`)
  } finally {
    await drawn.remove()
  }
}

console.log({ tried: count, refused, failed, refusals: codes, tally: total })
process.exitCode = failed > 0 ? 1 : 0
