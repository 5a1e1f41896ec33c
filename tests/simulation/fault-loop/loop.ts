/**
 * Every single point of the script fails once: `npm run fault-loop`. In which way, its number and the seed say; `--ways all` takes every
 * way of each. A run ends when the world has lived through twelve steps more and is well again; `--whole` goes to the end of the script.
 * Options: `--only storage|sql|frame`, `--seconds 600` (stop then), `--seed 1` (of the ways and the order), `--workers 2`. Prints what
 * fails, with the command that shows it, and how many ran; the exit code says whether all recovered.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Dice } from '../../postgres/random.js'
import { startWorldCluster } from '../database/cluster.js'
import type { Fault } from './fault.js'
import { allPoints, pointsInTurn, spread, textOf } from './points.js'
import { FaultLoop, type PointResult } from './run-point.js'

interface Done {
  readonly fault: Fault
  readonly result: PointResult
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '86400' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    ways: { type: 'string', default: 'in turn' },
    whole: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
})

/** Steps after the one that was hit: enough for both devices to write, and for each to hear of the other's. */
const afterwards = values.whole ? Infinity : 12

const server = process.env['SYNCGEN_FAULT_LOOP_SERVER']

/** Runs what the parent sends, one point after the other. */
const work = async (url: string): Promise<void> => {
  const loop = await FaultLoop.open(url, `fault_${randomBytes(4).toString('hex')}_`)
  process.on('message', (fault: Fault | 'over') => {
    if (fault === 'over') void loop.close().then(() => process.disconnect())
    else void loop.point(fault, { afterwards }).then((result) => process.send?.({ fault, result } satisfies Done))
  })
  process.send?.('ready')
}

const lead = async (): Promise<void> => {
  const cluster = await startWorldCluster()
  const start = performance.now()
  const [tally, failed] = [new Map<string, number>(), [] as string[]]
  let [next, unfired] = [0, 0]
  try {
    const loop = await FaultLoop.open(cluster.url(), 'fault_')
    const calm = await loop.point(null)
    if (calm.problems.length > 0) throw new Error(`the run without a fault fails:\n${calm.problems.join('\n')}`)
    await loop.close()
    const seed = Number(values.seed)
    const points = spread(values.ways === 'all' ? allPoints(calm.counts) : pointsInTurn(calm.counts, seed), new Dice(seed)).filter(({ place }) => values.only === undefined || place === values.only)
    console.log(`${points.length} points: ${JSON.stringify(calm.counts)}`)
    const isTimeUp = (): boolean => performance.now() - start > Number(values.seconds) * 1000
    const worker = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const child = fork(fileURLToPath(import.meta.url), ['--worker', ...(values.whole ? ['--whole'] : [])], { env: { ...process.env, SYNCGEN_FAULT_LOOP_SERVER: cluster.url() } })
        const give = (): void => {
          const fault = isTimeUp() ? undefined : points[next]
          next += fault === undefined ? 0 : 1
          child.send(fault ?? 'over')
        }
        child.on('message', (message: 'ready' | Done) => {
          if (message !== 'ready') {
            const { fault, result } = message
            const kind = `${fault.place} ${fault.kind}`
            tally.set(kind, (tally.get(kind) ?? 0) + 1)
            if (result.hit === null) unfired += 1
            if (result.problems.length > 0) {
              failed.push(textOf(fault))
              console.log(`FAILED ${textOf(fault)}, at ${result.hit ?? 'nothing'}:\n  ${result.problems.slice(0, 4).join('\n  ').slice(0, 2000)}\n  npx tsx tests/simulation/fault-loop/one.ts ${fault.place} '${fault.kind}' ${fault.at}`)
            }
          }
          give()
        })
        child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code ?? 'a signal'}`))))
      })
    await Promise.all(Array.from({ length: Number(values.workers) }, worker))
    console.log(`${next} of ${points.length} points ran in ${Math.round((performance.now() - start) / 1000)} s, ${failed.length} failed, ${unfired} did not come to pass`)
    console.log([...tally].toSorted().map(([kind, count]) => `  ${kind}: ${count}`).join('\n'))
  } finally {
    await cluster.stop()
  }
  process.exitCode = failed.length > 0 ? 1 : 0
}

await (!values.worker || server === undefined ? lead() : work(server))
