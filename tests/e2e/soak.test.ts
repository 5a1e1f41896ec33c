/** Seeds to try: SYNCGEN_SOAK_SEEDS=1-50; steps each: SYNCGEN_SOAK_STEPS. */
import { expect, it } from 'vitest'
import { soak } from './soak.js'

const range = (process.env['SYNCGEN_SOAK_SEEDS'] ?? '1-3').split('-').map(Number)
const [first = 1, last = first] = range
const steps = Number(process.env['SYNCGEN_SOAK_STEPS'] ?? 150)
const seeds = Array.from({ length: last - first + 1 }, (_, at) => first + at)

it.each(seeds)('[M30] seed %i: whatever happens, every cache equals SQL afterwards', { timeout: 120_000 }, async (seed) => {
  const report = await soak(seed, steps)
  if (process.env['SYNCGEN_SOAK_REPORT'] === '1') console.log(seed, JSON.stringify(report))
  expect(report.outcomes['applied'] ?? 0).toBeGreaterThan(0)
})
