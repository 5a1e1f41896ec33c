import { runBounded } from './run-bounded.js'

export interface Lane {
  readonly seeds: readonly number[]
  readonly operations: number
}

export interface Violated {
  readonly seed: number
  readonly invariant: string
  readonly message: string
}

/** Longest that one seed may take, ms: a world that stands still is no sound one either. */
const seedWithin = 180_000

/** The first violation that these seeds of the simulation find in a copy of the repository; null: none. */
export const violationIn = async (folder: string, { seeds, operations }: Lane, environment: NodeJS.ProcessEnv): Promise<Violated | null> => {
  const args = ['tsx', 'tests/planted-bugs/hunt.ts', String(operations), seeds.join()]
  const { code, output } = await runBounded('npx', args, { cwd: folder, environment, within: seedWithin * (1 + seeds.length / 4) })
  if (code === null) return { seed: seeds[0] ?? 0, invariant: 'standstill', message: output.slice(-1000) }
  const last = output.trimEnd().split('\n').findLast((line) => line === 'null' || line.startsWith('{"seed"'))
  if (last === undefined) return { seed: seeds[0] ?? 0, invariant: 'broken', message: output.slice(-1000) }
  return JSON.parse(last) as Violated | null
}
