import { describe, expect, it } from 'vitest'
import { FrameRate } from './frame-rate.js'
import { Serial } from './serial.js'
import { Turnstile } from './turnstile.js'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a serial', () => {
  it('[V23] runs one task at a time, in order; one that fails holds up nobody', async () => {
    const serial = new Serial()
    const done: number[] = []
    const tasks = [1, 2, 3].map((at) =>
      serial.run(async () => {
        await tick()
        done.push(at)
        if (at === 2) throw new Error('two')
        return at
      }),
    )
    expect(serial.waiting).toBe(3)
    expect((await Promise.allSettled(tasks)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await serial.settled()
    expect(done).toEqual([1, 2, 3])
    expect(serial.waiting).toBe(0)
  })
})

describe('a turnstile', () => {
  it('[V73] lets so many through at a time, in the order in which they came', async () => {
    const turnstile = new Turnstile(2)
    const [started, open]: [number[], (() => void)[]] = [[], []]
    const passes = [0, 1, 2, 3].map((at) =>
      turnstile.pass(async () => {
        started.push(at)
        await new Promise<void>((resolve) => (open[at] = resolve))
        if (at === 1) throw new Error('one')
      }),
    )
    const settled = Promise.allSettled(passes)
    await tick()
    expect(started).toEqual([0, 1])
    open[1]?.()
    await tick()
    expect(started).toEqual([0, 1, 2])
    for (const at of [0, 2, 3]) {
      open[at]?.()
      await tick()
    }
    await settled
    expect(started).toEqual([0, 1, 2, 3])
  })
})

describe('a frame rate', () => {
  it('[V73] admits ten seconds of frames at once, and then so many per second', () => {
    let now = 0
    const rate = new FrameRate({ now: () => 0, monotonic: () => now }, 5)
    const admitted = (count: number): number => Array.from({ length: count }, () => rate.admits()).filter(Boolean).length
    expect(admitted(60)).toBe(50)
    now = 3000
    expect(admitted(20)).toBeLessThanOrEqual(15)
    now = 1_000_000
    expect(admitted(60)).toBe(50)
  })
})
