import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import { trackerSchema } from './database.js'
import { faults, faultyFunctions } from './faults.js'
import { library, libraryBound } from './library.js'
import type { Bound } from './oracle.js'
import { Dice, rounds, seed } from './random.js'
import { randomScope } from './random-predicate.js'
import { run } from './since-rounds.js'
import { key } from './world.js'

describe('since against brute force', () => {
  it.each([true, false])('[S1] [S2] is exact for every line of the tracker (foreign keys: %s)', async (foreignKeys) => {
    const { schema, bound } = await tracker()
    const found = await run({ schema, rounds: rounds(40), seed: seed(1), bound, bindings: 3, foreignKeys })
    expect(found.differences).toEqual([])
    expect(Object.keys(found.actions).sort()).toEqual(['deleted', 'enter', 'out', 'reset', 'send'])
  }, 600_000)

  it.each([true, false])('[S1] [S3] is exact for none, every, NOT, OR, self-references and all comparisons (foreign keys: %s)', async (foreignKeys) => {
    const found = await run({ schema: library, rounds: rounds(40), seed: seed(2), bound: libraryBound, bindings: 2, foreignKeys })
    expect(found.differences).toEqual([])
    expect(Object.keys(found.actions).sort()).toEqual(['deleted', 'enter', 'out', 'reset', 'send'])
  }, 600_000)

  it('[S1] is exact for predicates drawn at random', async () => {
    for (let world = 0; world < Math.max(1, rounds(40) / 40); world++) {
      const dice = new Dice(seed(3) + world)
      const schema = { ...library, scopes: Array.from({ length: 40 }, (_, at) => randomScope(dice, `random${at}`)) }
      const found = await run({ schema, rounds: 20, seed: seed(3) + world, bound: libraryBound, bindings: 2, foreignKeys: dice.chance(0.5) })
      expect(found.differences).toEqual([])
    }
  }, 600_000)

  it('[S1] the rounds find every planted fault', async () => {
    const prepare = async (client: pg.Client): Promise<void> => {
      const { rows } = await client.query<{ definition: string }>(`select pg_get_functiondef('syncgen.first_images'::regproc) as definition`)
      await client.query(faultyFunctions(rows[0]?.definition ?? ''))
    }
    const of = { rounds: 25, seed: 4, bindings: 1, foreignKeys: false, faults, prepare }
    const inTracker = await run({ ...of, ...(await tracker()) })
    const inLibrary = await run({ ...of, schema: library, bound: libraryBound })
    expect([...inTracker.differences, ...inLibrary.differences]).toEqual([])
    const found = Object.keys(faults).map((fault) => [fault, (inTracker.faultsFound[fault] ?? 0) + (inLibrary.faultsFound[fault] ?? 0)])
    expect(found.filter(([, times]) => times === 0)).toEqual([])
  }, 600_000)
})

const tracker = async () => {
  const schema = await trackerSchema()
  const bound = (dice: Dice): Bound => ({
    claims: { sub: key(schema, 'User', dice.below(4)), admin: null },
    params: { projectId: key(schema, 'Project', dice.below(4)) },
  })
  return { schema, bound }
}
