/** `npm run sim -- --seed 7`, `--seeds 1-100 --ops 250 --workers 2`: lives through worlds, says what broke and how to see it again. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { probeReport } from '../hazards/report.js'
import { startWorldCluster } from './database/cluster.js'
import { readCorpus, replayOf, writeEntry } from './corpus/corpus.js'
import { operationNames } from './operation-names.js'
import { type RunOptions, type RunResult, runSeed } from './run.js'
import { shrink } from './shrink.js'
import { type WorldKind, Worlds, kindNamed, kindOf } from './worlds.js'
import { shares } from './world/score.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    ops: { type: 'string', default: '250' },
    workers: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    frames: { type: 'boolean', default: false },
    until: { type: 'string' },
    calm: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    keep: { type: 'string' },
    devices: { type: 'string' },
    world: { type: 'string' },
    entry: { type: 'string' },
  },
})

/** What a run of the corpus is. */
const entry = values.entry === undefined ? undefined : readCorpus().find(({ name }) => name === `${values.entry}.json`)

const [first = 1, last = first] = (entry?.seed.toString() ?? values.seed ?? values.seeds ?? '1').split('-').map(Number)
const seeds = Array.from({ length: last - first + 1 }, (_, at) => first + at)
const ops = Number(values.until ?? values.ops)

const print = (line: string): void => console.log(line)

const work = async (server: string): Promise<RunResult[]> => {
  const worlds = new Worlds(server, `sim_${process.pid}`)
  const results: RunResult[] = []
  for (const seed of seeds.filter((_, at) => at % workers === index)) {
    const { remove, about, ...setting } = await worlds.of(seed, kindIn(seed))
    const options: RunOptions = {
      seed,
      ops,
      ...setting,
      server,
      withoutFaults: values.calm,
      ...(entry === undefined ? {} : replayOf(entry)),
      ...(values.keep === undefined ? {} : { keep: new Set(values.keep.split(',').map(Number)) }),
      ...(values.devices === undefined ? {} : { devices: Number(values.devices) }),
      ...(values.trace ? { trace: print } : {}),
      ...(values.frames ? { frames: print } : {}),
    }
    if (values.shrink) {
      await makeSmall(options)
      await remove()
      continue
    }
    const run = (): Promise<RunResult> => runSeed(options)
    const result = await run()
    results.push(result)
    tell(result, about)
    if (values.twice) {
      const again = await run()
      if (again.hash !== result.hash) console.log(`seed ${seed} is not the same twice: ${result.hash} ${again.hash}`)
    }
    await remove()
  }
  return results
}

const kindIn = (seed: number): WorldKind => entry?.world ?? (values.world === undefined ? kindOf(seed) : kindNamed(values.world))

/** Writes the smallest run that breaks what the seed breaks into the corpus. */
const makeSmall = async (options: RunOptions): Promise<void> => {
  const { seed } = options
  const found = await shrink(options, 240_000, print)
  const failure = found?.result.failure
  if (found === null || failure == null) return print(`seed ${seed} does not fail`)
  const names = operationNames(seed, options.ops, (options.later ?? []).length > 0)
  const small = { seed, ops: (found.keep.at(-1) ?? -1) + 1, devices: found.devices, world: kindIn(seed) }
  const path = writeEntry(failure.invariant, { ...small, operations: found.keep.map((at) => `#${at} ${names[at]?.name ?? ''}`), why: failure.message })
  print(`${failure.message}\n${found.keep.length} operations after ${found.runs} runs, in ${path}`)
  print(`  npm run sim -- --entry ${failure.invariant}-${seed} --trace`)
}

const tell = ({ seed, failure, hash, operations, took }: RunResult, about: string): void => {
  if (failure === null) return console.log(`seed ${seed} ok ${operations} operations, ${((operations / took) * 1000).toFixed(0)}/s, trace ${hash}`)
  console.log(`seed ${seed} FAILED after operation ${failure.afterOperation}\n${failure.message}\n  in ${about}\n  npm run sim -- --seed ${seed} --ops ${ops}${values.world === undefined ? '' : ` --world ${values.world}`}${values.calm ? ' --calm' : ''} --trace`)
  if (!values.trace) console.log(failure.lines.slice(-15).map((line) => `    ${line}`).join('\n'))
}

const total = (results: readonly RunResult[], took: number): void => {
  const tally: Record<string, number> = {}
  for (const result of results) for (const [what, times] of Object.entries(result.tally)) tally[what] = (tally[what] ?? 0) + times
  const done = results.reduce((sum, { operations }) => sum + operations, 0)
  const failed = results.filter(({ failure }) => failure !== null).map(({ seed }) => seed)
  for (const [what, times] of Object.entries(tally).toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`  ${what}: ${times}`)
  for (const line of probeReport(tally)) console.log(line)
  console.log(shares(tally, done))
  console.log(`${results.length} seeds, ${done} operations, ${((done / took) * 1000).toFixed(0)}/s, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`)
  if (failed.length > 0) process.exitCode = 1
}

const workers = Number(values.workers)
const index = Number(process.env['SIM_WORKER'] ?? 0)
const start = performance.now()

// A cluster for each worker: snapshots tell of transactions in all databases of a cluster, and a seed is to be the same alone and among others.
const inCluster = async (): Promise<RunResult[]> => {
  const cluster = await startWorldCluster()
  try {
    return await work(cluster.url())
  } finally {
    await cluster.stop()
  }
}

if (process.env['SIM_WORKER'] !== undefined) {
  // Disconnected earlier, the results of many seeds are cut off on their way.
  process.send?.(await inCluster(), undefined, undefined, () => process.disconnect())
} else if (workers === 1) total(await inCluster(), performance.now() - start)
else {
  const parts = await Promise.all(Array.from({ length: workers }, (_, worker) => inWorker(worker)))
  total(parts.flat(), performance.now() - start)
}

async function inWorker(worker: number): Promise<RunResult[]> {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, SIM_WORKER: String(worker) } })
  return new Promise((resolve, reject) => {
    child.once('message', (results) => resolve(results as RunResult[]))
    child.once('error', reject)
    child.once('disconnect', () => reject(new Error('a worker ended without results')))
  })
}
