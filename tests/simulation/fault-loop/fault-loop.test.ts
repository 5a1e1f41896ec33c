import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresCluster } from '../../../runtime/testing/postgres.js'
import { Dice, rounds, seed } from '../../postgres/random.js'
import { startWorldCluster } from '../database/cluster.js'
import { faultKinds } from './fault.js'
import { allPoints, pointsInTurn, samplePoints, textOf } from './points.js'
import { FaultLoop } from './run-point.js'
import { script } from './script.js'

const used = seed(20_261_123)

describe('one fault at one point', () => {
  let place: PostgresCluster
  let loop: FaultLoop

  beforeAll(async () => {
    place = await startWorldCluster()
    loop = await FaultLoop.open(place.url(), `fault_${randomBytes(4).toString('hex')}_`)
  })

  afterAll(async () => {
    await loop.close()
    await place.stop()
  })

  it('[F11] wherever it falls, everything converges, nothing stored is lost, nothing happens twice', { timeout: 300_000 }, async () => {
    expect(script.length).toBeGreaterThanOrEqual(100)
    const calm = await loop.point(null)
    expect(calm).toMatchObject({ hit: null, problems: [] })
    const points = samplePoints(calm.counts, rounds(1), new Dice(used))
    expect(new Set(points.map(({ kind }) => kind)).size).toBe(Object.values(faultKinds).flat().length)
    for (const point of points) {
      const { hit, problems } = await loop.point(point)
      expect(problems, `seed ${used} ${textOf(point)} at ${hit ?? 'nothing'}`).toEqual([])
      expect(hit, textOf(point)).not.toBeNull()
    }
  })

  it('[I30] takes every point once, and with as many seeds as there are ways each in every way', () => {
    const counts = { storage: 5, sql: 7, frame: 4 }
    const turns = [1, 2, 3, 4].map((each) => pointsInTurn(counts, each).map(textOf))
    for (const turn of turns) expect(new Set(turn.map((text) => text.replace(/'.*'/, ''))).size).toBe(5 + 7 + 4)
    expect(new Set(turns.flat())).toEqual(new Set(allPoints(counts).map(textOf)))
  })
})
