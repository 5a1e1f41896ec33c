import { describe, expect, it } from 'vitest'
import { EditClock } from './edit-clock.js'

const hour = 3_600_000

/** A device whose clock is set and drifts; time passes when told. */
class Device {
  now = 0
  /** What its clock shows beyond the true time. */
  skew = 0
  drift = 0
  readonly clock: EditClock

  constructor(skew: number) {
    this.skew = skew
    this.clock = new EditClock({ now: () => this.now + this.skew, monotonic: () => this.now }, { offset: 0, last: 0 }, [])
  }

  pass(ms: number): void {
    this.now += ms
    this.skew += ms * this.drift
  }

  /** The server's answer, half of whose way it was told wrong by at most `error`. */
  measure(error = 0): void {
    this.clock.restart()
    this.clock.measured(this.now + error - 20, 40)
  }
}

describe('the time of an edit', () => {
  it('[C6] is that of the server, whatever the device shows', () => {
    for (const skew of [-2 * hour, 0, 2 * hour]) {
      const device = new Device(skew)
      device.pass(50_000)
      device.measure()
      device.pass(1_000)
      expect(device.clock.next()).toBe(51_000)
    }
  })

  it('[R61] goes on while the clock is set back, offline, and comes right with the next measurement', () => {
    const device = new Device(0)
    device.pass(50_000)
    device.measure()
    device.skew -= 3 * hour
    device.pass(10_000)
    expect(device.clock.next()).toBe(60_000)
    device.measure()
    device.pass(5_000)
    expect(device.clock.next()).toBe(65_000)
    device.skew += hour
    device.measure()
    device.pass(5_000)
    expect(device.clock.next()).toBe(70_000)
  })

  it('[R61] orders the edits of two devices as they were made, with clocks hours apart, drifting and set back, down to the error of measuring', () => {
    const seed = Number(process.env['SYNCGEN_SEED'] ?? 20260805)
    const random = randomOf(seed)
    for (let round = 0; round < 300; round += 1) {
      const devices = [new Device((random() - 0.5) * 4 * hour), new Device((random() - 0.5) * 4 * hour)]
      for (const each of devices) each.drift = (random() - 0.5) * 1e-4
      const error = 15
      const edits: { readonly device: number; readonly true: number; readonly time: number }[] = []
      let now = 0
      const pass = (ms: number): void => {
        now += ms
        for (const each of devices) each.pass(ms)
      }
      for (const each of devices) each.measure((random() - 0.5) * 2 * error)
      for (let step = 0; step < 30; step += 1) {
        // Between two measurements drift adds up: the longest way without one is 100 s here, 5 ms by drift.
        pass(2 * (error + 5) + 1 + random() * 1_000)
        const at = random() < 0.5 ? 0 : 1
        const device = devices[at] as Device
        const what = random()
        if (what < 0.1) device.skew -= random() * hour
        if (what > 0.9) device.measure((random() - 0.5) * 2 * error)
        edits.push({ device: at, true: now, time: device.clock.next() })
      }
      const inOrder = edits.every((edit, index) => index === 0 || edit.time > (edits[index - 1]?.time ?? 0))
      expect(inOrder, `seed ${seed}, round ${round}: ${JSON.stringify(edits)}`).toBe(true)
    }
  })
})

/** mulberry32 */
const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}
