/**
 * Schemas drawn at random go through the real generator, PostgreSQL and sockets. `SYNCGEN_SEED` begins elsewhere, `SYNCGEN_ROUNDS`
 * tries more of them; a failure says its seed, and `npx tsx tests/simulation/schema/try-seeds.ts <seed> 1` repeats it.
 */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { rounds, seed } from '../../postgres/random.js'
import { drawSchema } from './draw-schema.js'
import { type RandomSchema, randomSchema } from './random-schema.js'
import { trial } from './trial.js'

type Generated = Extract<RandomSchema, { readonly kind: 'generated' }>

/** Codes of problems that a drawn schema may rightly have: names and indexes that two of its parts give. */
const rightly: ReadonlySet<string> = new Set(['SG204', 'SG205', 'SG206', 'SG302', 'SG306', 'SG409'])

const tried = rounds(20)
const first = seed(1001)
/** No further schema is begun after so many milliseconds. */
const budget = tried * 700
const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('schemas drawn at random', () => {
  it('are the same for the same seed, and not for another', () => {
    expect(drawSchema(5)).toBe(drawSchema(5))
    expect(drawSchema(5)).not.toBe(drawSchema(6))
  })

  it('[M41] are generated, or refused for a reason; what is generated has its types right', { timeout: 120_000 + tried * 1_000 }, async () => {
    const checked: Generated[] = []
    let refused = 0
    for (let at = first; at < first + tried; at += 1) {
      const drawn = await randomSchema(at)
      if (drawn.kind === 'refused') {
        refused += 1
        const errors = drawn.problems.filter(({ severity }) => severity === 'error')
        expect({ seed: at, errors: errors.filter(({ code }) => !rightly.has(code)) }).toEqual({ seed: at, errors: [] })
      } else if (checked.length < 2) checked.push(drawn)
      else await drawn.remove()
    }
    expect(refused).toBeLessThan(tried / 2)
    await compile(checked.map(({ folder }) => folder))
    for (const { remove } of checked) await remove()
  })

  it('[M42] keep devices equal to brute force, whatever is written', { timeout: 60_000 + budget }, async () => {
    const until = performance.now() + budget
    for (let at = first; at < first + tried && performance.now() < until; at += 1) {
      const drawn = await randomSchema(at)
      if (drawn.kind === 'refused') continue
      try {
        await trial(drawn.schema, { seed: at, rounds: 2, stepsPerRound: 30 })
      } catch (error) {
        throw new Error(`seed ${at}: ${error instanceof Error ? error.message : String(error)}\n${drawn.yaml}`, { cause: error })
      } finally {
        await drawn.remove()
      }
    }
  })
})

/** Under the settings of the repository. @throws with what the compiler says. */
const compile = async (folders: readonly string[]): Promise<void> => {
  const paths = Object.fromEntries(['client', 'server', 'protocol'].map((entry) => [`syncgen/${entry}`, [join(root, 'runtime', entry, 'index.ts')]]))
  const settings = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { paths, typeRoots: [join(root, 'node_modules/@types')] },
    include: folders.map((folder) => join(folder, 'generated')),
    exclude: [],
  }
  const file = join(folders[0] ?? '', 'tsconfig.json')
  await writeFile(file, JSON.stringify(settings))
  const said = await new Promise<string>((resolve, reject) => {
    const compiler = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', file], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    compiler.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    compiler.once('error', reject)
    compiler.once('close', () => resolve(text))
  })
  expect(said).toBe('')
}
