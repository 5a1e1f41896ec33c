import { describe, expect, it } from 'vitest'
import type { Scope } from '../../generator/model.js'
import { trackerSchema } from './database.js'
import { library } from './library.js'
import type { Bound } from './oracle.js'
import { type Dice, rounds, seed } from './random.js'
import { run } from './since-rounds.js'
import { key, words } from './world.js'

describe('since against brute force', () => {
  for (const foreignKeys of [true, false]) {
    it(`[S1] is exact for every line of the tracker, ${foreignKeys ? 'with cascades' : 'with dangling references'}`, async () => {
      const schema = await trackerSchema()
      const bound = (dice: Dice): Bound => ({
        claims: { sub: key(schema, 'User', dice.below(4)), admin: null },
        params: { projectId: key(schema, 'Project', dice.below(4)) },
      })
      const found = await run({ schema, rounds: rounds(60), seed: seed(1), bound, bindings: 3, foreignKeys })
      console.log(found.comparisons, found.actions)
      expect(found.differences.slice(0, 3)).toEqual([])
    }, 600_000)

    it(`[S1] is exact for none, every, NOT, OR, self-references and all comparisons, ${foreignKeys ? 'with cascades' : 'with dangling references'}`, async () => {
      const found = await run({ schema: library, rounds: rounds(60), seed: seed(2), bound: libraryBound, bindings: 3, foreignKeys })
      console.log(found.comparisons, found.actions)
      expect(found.differences.slice(0, 3)).toEqual([])
    }, 600_000)
  }
})

const libraryBound = (dice: Dice, _scope: Scope): Bound => ({
  claims: { sub: key(library, 'Person', dice.below(4)), admin: dice.pick([true, false, null]) },
  params: {
    shelf: dice.chance(0.2) ? null : key(library, 'Shelf', dice.below(6)),
    person: key(library, 'Person', dice.below(4)),
    level: dice.pick([0, 1, 2, null]),
    word: dice.pick([...words, null]),
    at: '2026-01-03T00:00:00.000Z',
    day: '2026-01-02',
    fee: '1.00',
  },
})
