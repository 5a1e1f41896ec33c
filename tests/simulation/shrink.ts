/** Makes a failing seed small: as few operations, faults and devices as still break the same invariant. */
import { operationNames } from './operation-names.js'
import { type RunOptions, type RunResult, runSeed } from './run.js'

/** What is left of a run. */
export interface Shrunk {
  readonly keep: readonly number[]
  readonly devices: number
  readonly result: RunResult
  /** Runs that it took. */
  readonly runs: number
}

/** Null if the seed does not fail (twice). Ends after `budget` ms of real time with the smallest that it found. */
export const shrink = async (options: RunOptions, budget: number, say: (line: string) => void = () => undefined): Promise<Shrunk | null> => {
  const until = performance.now() + budget
  const first = await runSeed(options)
  if (first.failure === null) return null
  const { invariant, afterOperation } = first.failure
  let runs = 1
  let best: { keep: readonly number[]; devices: number; result: RunResult } = {
    keep: Array.from({ length: Math.min(options.ops, afterOperation + 1) }, (_, at) => at).filter((at) => options.keep?.has(at) !== false),
    devices: options.devices ?? 5,
    result: first,
  }
  const tried = new Set<string>()
  const attempt = async (keep: readonly number[], devices: number): Promise<boolean> => {
    const text = `${devices}: ${keep.join()}`
    if (tried.has(text) || performance.now() > until) return false
    tried.add(text)
    runs += 1
    const result = await runSeed({ ...options, ops: (keep.at(-1) ?? -1) + 1, keep: new Set(keep), devices })
    if (result.failure?.invariant !== invariant) return false
    best = { keep, devices, result }
    say(`${keep.length} operations, at most ${devices} devices still break ${invariant}`)
    return true
  }

  if (!(await attempt(best.keep, best.devices))) say('the first operations alone do not fail: its rest comes later')
  const names = operationNames(options.seed, options.ops, (options.later ?? []).length > 0)
  await attempt(best.keep.filter((at) => names[at]?.isFault !== true), best.devices)
  for (const devices of [2, 3, 4]) if (devices < best.devices && (await attempt(best.keep, devices))) break
  for (let size = Math.ceil(best.keep.length / 2); size >= 1 && performance.now() < until; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.keep.length; ) {
      const without = [...best.keep.slice(0, at), ...best.keep.slice(at + size)]
      if (!(await attempt(without, best.devices))) at += size
    }
  }
  return { ...best, runs }
}
