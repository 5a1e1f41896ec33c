/** One point, with its trace: `npx tsx tests/simulation/fault-loop/one.ts [storage|sql|frame] [kind] [at]`; none: the run without a fault. */
import { startWorldCluster } from '../database/cluster.js'
import { type Fault, type FaultPlace } from './fault.js'
import { FaultLoop } from './run-point.js'

const [place, kind, at] = process.argv.slice(2)
const fault: Fault | null = place === undefined || kind === undefined ? null : { place: place as FaultPlace, kind, at: Number(at) }
const cluster = await startWorldCluster()
try {
  const loop = await FaultLoop.open(cluster.url(), 'fault_')
  const trace = process.env['TRACE'] === undefined ? undefined : (line: string): void => console.log(line)
  const start = performance.now()
  const result = await loop.point(fault, { trace })
  console.log(result, Math.round(performance.now() - start), 'ms')
} finally {
  await cluster.stop()
}
