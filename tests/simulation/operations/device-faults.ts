import type { Operation } from './operation.js'

const fault = (name: string, weight: number, run: Operation['run']): Operation => ({
  name,
  weight,
  isFault: true,
  run: async (world, dice) => {
    world.count(`fault: ${name}`)
    await run(world, dice)
  },
})

/** What happens to devices. */
export const deviceFaults: readonly Operation[] = [
  fault('offline', 4, (world, dice) => {
    const device = dice.pick(world.devices)
    device.setOffline(!device.isOffline)
  }),
  fault('device crash', 2, async (world, dice) => {
    const device = dice.pick(world.devices)
    await device.crash()
    world.kernel.after(dice.below(20_000), null, `${device.name} is switched on`, () => device.open())
  }),
  fault('power loss', 0.5, async (world, dice) => {
    const device = dice.pick(world.devices)
    await device.crash(1 + dice.below(5))
    world.kernel.after(dice.below(20_000), null, `${device.name} is switched on`, () => device.open())
  }),
  fault('eviction', 0.3, async (world, dice) => {
    const device = dice.pick(world.devices)
    await device.replaceDisk(null)
    world.kernel.after(dice.below(5_000), null, `${device.name} is switched on`, () => device.open())
  }),
  fault('storage connection lost', 1, (world, dice) => dice.pick(world.devices).disk.loseConnection()),
  fault('no room', 0.6, (world, dice) => {
    const device = dice.pick(world.devices)
    device.disk.crowding = dice.pick([0.3, 1])
    const lasts = 1000 + dice.below(60_000)
    world.kernel.after(lasts, null, `${device.name} has room again`, () => void (device.disk.crowding = 0))
  }),
  fault('slow storage', 1, (world, dice) => void (dice.pick(world.devices).disk.latency = 3 + dice.below(2000))),
  fault('sleep', 1.5, (world, dice) => void (dice.pick(world.devices).asleepUntil = world.kernel.now + dice.below(120_000))),
  fault('clock jump', 1.5, (world, dice) => dice.pick(world.devices).clock.jump(dice.below(14_400_000) - 7_200_000)),
]
