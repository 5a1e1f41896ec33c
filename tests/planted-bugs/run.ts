/**
 * Plants every bug in a copy of the repository and sees who notices: seeds of the simulation first, then the test that the bug names.
 * `npm run planted-bugs -- --only <id,id> --seeds 100 --operations 250`; with `--tests`, the named tests
 * alone; `--without-tests`, seeds alone, and what a test was found to notice stays. Results are kept
 * in results.json, bug by bug, and shown in docs/reliability.md.
 */
import { parseArgs } from 'node:util'
import { startPostgres } from '../../runtime/testing/postgres.js'
import { plantedBugs } from './catalogue.js'
import { failuresOf } from './named-test.js'
import type { PlantedBug } from './planted-bug.js'
import { type Finding, keep, kept } from './results.js'
import { type Violated, violationIn } from './seeds.js'
import { sumOf } from './table.js'
import { type Workspace, workspaceWith } from './workspace.js'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    operations: { type: 'string', default: '250' },
    tests: { type: 'boolean', default: false },
    'without-tests': { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
})

/** Of the cluster that named tests run on; seeds have their own. */
const settings = { fsync: 'off', synchronous_commit: 'off', autovacuum: 'off', deadlock_timeout: '2ms', max_connections: 300 }

const main = async (): Promise<number> => {
  const only = options.only?.split(',')
  const bugs = plantedBugs.filter(({ id }) => only?.includes(id) ?? true)
  const cluster = await startPostgres({ settings })
  const environment = { ...process.env, SYNCGEN_TEST_DATABASE_URL: cluster.url() }
  const sound = new Sound(await workspaceWith(null), environment)
  const queue = [...bugs]
  const work = async (): Promise<void> => {
    for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
      const finding = await findingOf(bug, sound, environment).catch((error: unknown) => {
        console.log(`${bug.id}: ${error instanceof Error ? error.message : String(error)}`)
        return null
      })
      if (finding === null) continue
      if (finding.by !== null || !options['without-tests']) keep(bug.id, finding)
      console.log(`${bug.id}: ${said(finding)}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: Number(options.jobs) }, work))
  } finally {
    sound.workspace.remove()
    await cluster.stop()
  }
  console.log(sumOf(plantedBugs, kept()))
  return bugs.every(({ id }) => kept()[id]?.by !== null) ? 0 : 1
}

const findingOf = async (bug: PlantedBug, sound: Sound, environment: NodeJS.ProcessEnv): Promise<Finding> => {
  const workspace = await workspaceWith(bug)
  const began = performance.now()
  const seconds = (): number => Math.round((performance.now() - began) / 1000)
  try {
    if (!options.tests) {
      const violation = await hunted(workspace.folder, sound, environment)
      if (violation !== null) console.log(`  ${bug.id}: ${violation.message.split('\n', 1)[0]}`)
      if (violation !== null) return { by: 'seed', seed: violation.seed, invariant: violation.invariant, seconds: seconds() }
    }
    if (bug.test === undefined || options['without-tests']) return { by: null, seconds: seconds() }
    const before = await sound.failuresOf(bug.test)
    const title = [...(await failuresOf(workspace.folder, bug.test, environment))].find((each) => !before.has(each))
    return title === undefined ? { by: null, seconds: seconds() } : { by: 'test', test: bug.test, title, seconds: seconds() }
  } finally {
    workspace.remove()
  }
}

/** The first violation that comes again, and is not there without the bug. */
const hunted = async (folder: string, sound: Sound, environment: NodeJS.ProcessEnv): Promise<Violated | null> => {
  for (let seeds = Array.from({ length: Number(options.seeds) }, (_, at) => at + 1); seeds.length > 0; ) {
    const found = await violationIn(folder, { seeds, operations: Number(options.operations) }, environment)
    if (found === null) return found
    const again = await violationIn(folder, { seeds: [found.seed], operations: Number(options.operations) }, environment)
    if (again?.invariant === found.invariant && !(await sound.violates(found.seed))) return found
    seeds = seeds.filter((seed) => seed > found.seed)
  }
  return null
}

/** What fails without any bug, so that it says nothing; asked once. */
class Sound {
  readonly workspace: Workspace
  readonly #environment: NodeJS.ProcessEnv
  readonly #known = new Map<string, Promise<ReadonlySet<string>>>()
  readonly #seeds = new Map<number, Promise<boolean>>()

  constructor(workspace: Workspace, environment: NodeJS.ProcessEnv) {
    this.workspace = workspace
    this.#environment = environment
  }

  violates(seed: number): Promise<boolean> {
    const lane = { seeds: [seed], operations: Number(options.operations) }
    const known = this.#seeds.get(seed) ?? violationIn(this.workspace.folder, lane, this.#environment).then((found) => found !== null)
    this.#seeds.set(seed, known)
    return known
  }

  failuresOf(file: string): Promise<ReadonlySet<string>> {
    const known = this.#known.get(file) ?? failuresOf(this.workspace.folder, file, this.#environment)
    this.#known.set(file, known)
    return known
  }
}

const said = (finding: Finding): string => {
  switch (finding.by) {
    case 'seed':
      return `caught by seed ${finding.seed} (${finding.invariant}), ${finding.seconds} s`
    case 'test':
      return `caught by ${finding.test} (${finding.title}), ${finding.seconds} s`
    case null:
      return `NOT CAUGHT, ${finding.seconds} s`
  }
}

process.exitCode = await main()
