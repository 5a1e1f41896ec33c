/**
 * Random schemas that change at random, with devices that are away meanwhile. `EVOLUTION_SEEDS=1-500` takes other seeds than the usual
 * 50, `EVOLUTION_SEEDS=17` repeats one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { testDatabase } from '../../../runtime/testing/database.js'
import { lifeOf, type Tally } from './trial.js'

const [first = 1, last = first] = (process.env['EVOLUTION_SEEDS'] ?? '1-60').split('-').map(Number)
const seeds = Array.from({ length: last - first + 1 }, (_, at) => first + at)

const total: Tally = {}
let lives = 0
let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(() => database.drop())

it.each(seeds)('[E30] [E31] [E49] seed %i: a random schema changes: no queued write is lost, caches equal SQL', { timeout: 60_000 }, async (seed) => {
  const tally = await lifeOf(seed, database.url)
  if (tally === null) return
  lives += 1
  for (const [what, times] of Object.entries(tally)) total[what] = (total[what] ?? 0) + times
})

it('[E49] most seeds give a change, and most writes arrive', () => {
  if (process.env['LIFE_LOG'] !== undefined || seeds.length > 100) console.log(`${lives} lives: ${JSON.stringify(total)}`)
  if (seeds.length < 50) return
  expect(lives).toBeGreaterThanOrEqual(seeds.length * 0.8)
  expect(total['landed'] ?? 0).toBeGreaterThan((total['with the app'] ?? 0) * 2)
})
