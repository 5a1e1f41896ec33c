import { describe, expect, it } from 'vitest'
import { schema } from '../../tests/client/schema.js'
import { uuidOf } from '../../tests/client/world.js'
import { Digests, bucketCount, bucketOf, partOf } from '../protocol/digest.js'
import type { ClaimChange } from '../protocol/messages.js'
import { Base } from './base.js'
import { KeySet } from './key-set.js'
import type { ReadDelta } from './read-delta.js'
import { RowShape } from './row.js'
import { snapshotOf } from './snapshot.js'

const models = ['Board', 'Label'] as const
const scopes = [1, 2, 3]
const keys = Array.from({ length: 40 }, (_, at) => uuidOf(at + 1))

/** mulberry32 */
const randomOf = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const emptyBase = (): Base => new Base(new Map(Object.entries(schema.models).map(([name, model]) => [name, new RowShape(model)])))

/** Worked out anew from what is held. */
const recomputed = (base: Base, scope: number, model: string): string => {
  const digests = new Digests(bucketCount)
  for (const [id, version] of base.heldBy(scope, model)) digests.add(bucketOf(partOf(id)), id, version)
  return digests.total
}

const stepOf = (draw: (below: number) => number, base: Base): ReadDelta => {
  const some = (): readonly string[] => keys.filter(() => draw(6) === 0)
  const versionOf = (): number => [draw(50), 2 ** 31 + draw(50), 2 ** 40 + draw(50)][draw(3)] ?? 0
  const claims = scopes.flatMap((scope) => models.map((model): ClaimChange => {
    const [out, deleted] = [some(), draw(3) === 0 ? some() : []]
    return { scope, model, ...(draw(8) === 0 ? { reset: true } : {}), add: some(), out, deleted }
  }))
  const claimed = models.flatMap((model) => claims.filter((each) => each.model === model).flatMap(({ add }) => add).map((id) => [model, id] as const))
  const sent = new KeySet().addAll(claimed).addAll(models.flatMap((model) => some().map((id) => [model, id] as const)))
  const rows = [...sent].map(([model, id]) => ({ model, id, version: versionOf(), row: base.get(model, id)?.row ?? { id, title: 't', name: 'n' } }))
  return { rows, claims }
}

describe('digests of what is held', () => {
  it('[D4] are those of a recomputation after any history of rows, claims, resets, deletions, closed and forgotten scopes (seeds 1 to 25)', () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const draw = randomOf(seed)
      const base = emptyBase()
      for (let step = 0; step < 40; step += 1) {
        const accepted = scopes.filter(() => draw(4) > 0)
        const touched = base.apply([stepOf(draw, base), stepOf(draw, base)], (scope) => accepted.includes(scope))
        if (draw(3) === 0) base.prune(touched.keys, () => draw(5) === 0)
        if (draw(10) === 0) base.forget(draw(3) + 1)
        for (const scope of scopes) {
          for (const model of models) {
            // Those of the others begin later, in the middle of a history.
            if (step < 10 && scope !== 1) continue
            expect(base.digestsOf(scope, model).total, `seed ${seed}, step ${step}, scope ${scope}, ${model}`).toBe(recomputed(base, scope, model))
          }
        }
      }
    }
  })

  it('[D4] are the same in a base that was rebuilt from a snapshot', () => {
    const draw = randomOf(7)
    const base = emptyBase()
    for (let step = 0; step < 20; step += 1) base.apply([stepOf(draw, base)], () => true)
    const rebuilt = emptyBase()
    for (const { rows, claims } of snapshotOf(base)) {
      const read = Object.entries(rows).flatMap(([model, each]) =>
        each.map(([version, id]) => ({ model, id: String(id), version, row: { id: String(id), title: 't', name: 'n' } })),
      )
      rebuilt.apply([{ rows: read, claims }], () => true)
    }
    expect(base.size).toBeGreaterThan(20)
    for (const scope of scopes) {
      for (const model of models) expect(rebuilt.digestsOf(scope, model).total).toBe(base.digestsOf(scope, model).total)
    }
  })
})
