import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../runtime/testing/database.js'
import { Dice, rounds, seed } from '../../postgres/random.js'
import { faultKinds } from './fault.js'
import { samplePoints, textOf } from './points.js'
import { FaultLoop } from './run-point.js'
import { script } from './script.js'

const used = seed(20_261_123)

describe('one fault at one point', () => {
  let place: TestDatabase
  let loop: FaultLoop

  beforeAll(async () => {
    place = await testDatabase()
    loop = await FaultLoop.open(place.url, `fault_${randomBytes(4).toString('hex')}_`)
  })

  afterAll(async () => {
    await loop.close()
    await place.drop()
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
})
