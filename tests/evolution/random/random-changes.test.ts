/**
 * Random schemas that change at random, with devices that are away meanwhile. `EVOLUTION_SEEDS=1-500` takes other seeds than the usual
 * 50, `EVOLUTION_SEEDS=17` repeats one.
 */
import { until } from 'syncgen/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../runtime/testing/database.js'
import { lifeOf, type Tally } from './trial.js'

const [first = 1, last = first] = (process.env['EVOLUTION_SEEDS'] ?? '1-50').split('-').map(Number)
const seeds = Array.from({ length: last - first + 1 }, (_, at) => first + at)

const total: Tally = {}
let lives = 0
/** Databases that no life is in just now: as many as there are lives at a time, so that none waits. */
const free: TestDatabase[] = []

beforeAll(async () => {
  free.push(...(await Promise.all(Array.from({ length: 5 }, testDatabase))))
})

afterAll(() => Promise.all(free.map((database) => database.drop())))

describe('lives', { concurrent: true }, () => {
  it.each(seeds)('[E30] [E31] [E49] seed %i: a random schema changes: no queued write is lost, caches equal SQL', { timeout: 120_000 }, async (seed) => {
    let taken: TestDatabase | undefined
    await until('a database is free', () => (taken = free.pop()) !== undefined, 110_000)
    const database = taken as unknown as TestDatabase
    const tally = await lifeOf(seed, database.url).finally(() => free.push(database))
    if (tally === null) throw new Error(`seed ${seed} gives no change`)
    lives += 1
    for (const [what, times] of Object.entries(tally)) total[what] = (total[what] ?? 0) + times
  })
})

it('[E49] each seed gives a change, and most writes arrive', () => {
  if (process.env['LIFE_LOG'] !== undefined || process.env['EVOLUTION_SEEDS'] !== undefined) console.log(`${lives} lives: ${JSON.stringify(total)}`)
  if (seeds.length < 50) return
  expect(lives).toBe(seeds.length)
  expect(total['landed'] ?? 0).toBeGreaterThan((total['with the app'] ?? 0) * 2)
})
