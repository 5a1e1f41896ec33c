/** One seed: a list of operations, each with dice of its own; the world lives through them and is held against its promises. */
import { invariants as all } from './invariants/all.js'
import { type Invariant, Violation } from './invariants/invariant.js'
import { Dice } from '../postgres/random.js'
import { operationAt } from './operation-names.js'
import type { SimSchema } from './schema/sim-schema.js'
import { type LaterVersion, World } from './world/world.js'

export interface RunOptions {
  readonly seed: number
  readonly ops: number
  readonly schema: SimSchema
  /** What becomes of it. */
  readonly later?: readonly LaterVersion[]
  readonly server: string
  readonly template: string
  readonly invariants?: readonly Invariant[]
  /** Only these places of the list; all unless given. */
  readonly keep?: ReadonlySet<number>
  /** What stands at places of the list, whatever the seed draws there today. */
  readonly names?: ReadonlyMap<number, string>
  /** At most so many devices. */
  readonly devices?: number
  /** No operation that is a fault. */
  readonly withoutFaults?: boolean
  readonly trace?: (line: string) => void
  readonly frames?: (line: string) => void
}

export interface RunResult {
  readonly seed: number
  readonly failure: { readonly invariant: string; readonly message: string; readonly afterOperation: number; readonly lines: readonly string[] } | null
  /** Of everything that happened, in order. */
  readonly hash: string
  readonly tally: Readonly<Record<string, number>>
  readonly operations: number
  readonly events: number
  /** Real ms. */
  readonly took: number
}

/** Lines of the trace that a failure shows. */
const shown = 60

/** After which operations the world is given a rest: now soon, now late. */
const restsOf = (seed: number, ops: number): ReadonlySet<number> => {
  const dice = new Dice(seed ^ 0x5e57)
  const rests = new Set<number>()
  for (let at = 0; at < ops; at += 30 + dice.below(200)) rests.add(at)
  rests.delete(0)
  return rests
}

export const runSeed = async (options: RunOptions): Promise<RunResult> => {
  const { seed, ops, schema, later = [], server, template, keep, names, withoutFaults = false } = options
  const start = performance.now()
  const lines: string[] = []
  const trace = (line: string): void => {
    lines.push(line)
    if (lines.length > 2 * shown) lines.splice(0, shown)
    options.trace?.(line)
  }
  const world = await World.open({ seed, schema, later, server, template, invariants: options.invariants ?? all, trace, ...(options.devices === undefined ? {} : { devices: options.devices }), ...(options.frames === undefined ? {} : { frames: options.frames }) })
  const complain = (reason: unknown): void => void world.complaints.push(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`)
  process.on('unhandledRejection', complain)
  process.on('uncaughtException', complain)
  const rests = restsOf(seed, ops)
  let tired = false
  let at = 0
  let failure: RunResult['failure'] = null
  try {
    await world.run(3000)
    for (const device of world.devices) for (const scope of schema.ir.scopes.filter(({ params }) => params.length === 0)) device.openScope({ scope: scope.name, params: {} })
    for (at = 0; at < ops; at += 1) {
      const { operation, dice } = operationAt(seed, at, later.length > 0, names?.get(at))
      const gap = dice.chance(0.3) ? dice.next() * 20 : dice.next() ** 3 * 500
      if (keep?.has(at) !== false && !(withoutFaults && operation.isFault)) {
        await world.run(gap)
        world.kernel.note(`#${at} ${operation.name}`)
        world.count('operations')
        await new Promise<void>((resolve, reject) => {
          world.kernel.after(0, null, `does ${operation.name}`, () => Promise.resolve(operation.run(world, dice)).then(resolve, reject))
          world.run(0).catch(reject)
        })
        await world.afterOperation()
        tired = true
      }
      if (tired && rests.has(at)) {
        await world.rest()
        tired = false
      }
    }
    await world.rest()
  } catch (error) {
    failure = {
      invariant: error instanceof Violation ? error.invariant : 'broken',
      message: error instanceof Violation ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
      afterOperation: at,
      lines: lines.slice(-shown),
    }
  } finally {
    process.off('unhandledRejection', complain)
    process.off('uncaughtException', complain)
    await world.close()
  }
  const { hash, steps } = world.kernel
  return { seed, failure, hash, tally: world.tally, operations: world.tally['operations'] ?? 0, events: steps, took: performance.now() - start }
}
