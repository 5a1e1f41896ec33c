import { runBounded } from './run-bounded.js'

export interface Lane {
  readonly seeds: number
  readonly operations: number
}

/** Longest that all seeds together may take, ms. */
const within = 900_000

/** The first violation that seeds 1 to `seeds` of the simulation find in a copy of the repository; null: none. */
export const violationIn = async (
  folder: string,
  { seeds, operations }: Lane,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly seed: number; readonly invariant: string } | null> => {
  const args = ['tsx', 'tests/simulation/run.ts', '--seeds', String(seeds), '--operations', String(operations), '--bail']
  const { code, output } = await runBounded('npx', args, { cwd: folder, environment, within })
  if (code === 0) return null
  const found = /^violation: seed (\d+), (\S+)/m.exec(output)
  if (found === null) throw new Error(`the simulation ended with ${code ?? 'no end'} and no violation:\n${output.slice(-2000)}`)
  return { seed: Number(found[1]), invariant: String(found[2]) }
}
