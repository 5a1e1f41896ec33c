/** A few worlds for every test run; long runs are `npm run sim`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresCluster } from '../../runtime/testing/postgres.js'
import { startWorldCluster } from './database/cluster.js'
import { makeTemplate } from './database/template.js'
import type { Invariant } from './invariants/invariant.js'
import { invariants } from './invariants/all.js'
import { runSeed } from './run.js'
import { worldSchema } from './schema/world-schema.js'

let cluster: PostgresCluster
let template: string

beforeAll(async () => {
  cluster = await startWorldCluster()
  template = await makeTemplate(cluster.url(), worldSchema, 'sim_smoke')
}, 60_000)

afterAll(() => cluster.stop())

const world = (seed: number, ops: number, own: readonly Invariant[] = invariants) =>
  runSeed({ seed, ops, schema: worldSchema, server: cluster.url(), template, invariants: own })

describe('the simulated world', () => {
  it.for<number>([1, 2, 3])('[I1] [I2] [I3] [I7] [I9] [I12] [I15] keeps its promises with seed %i', { timeout: 60_000 }, async (seed) => {
    const { failure, tally } = await world(seed, 100)
    expect(failure).toBeNull()
    expect(tally['write applied'] ?? 0).toBeGreaterThan(10)
  })

  it('[I16] is the same twice', async () => {
    expect((await world(5, 60)).hash).toBe((await world(5, 60)).hash)
  }, 60_000)

  it('[I17] tells of a write that was stored and taken away behind the back of everybody', async () => {
    const thief: Invariant = {
      id: 'a thief',
      says: 'forgets every text that a device wrote',
      watch: ({ history }) => ({ atRest: () => history.marks.clear() }),
    }
    const { failure } = await world(4, 60, [thief, ...invariants])
    expect(failure?.invariant).toBe('I2')
  }, 60_000)
})
