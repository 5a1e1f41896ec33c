/**
 * Measures and writes docs/performance.md: `npm run bench`, or `npm run bench -- latency reconnect` for some, which only prints.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { digest } from './digest.js'
import type { Section } from './figures.js'
import { firstSync } from './first-sync.js'
import { generator } from './generator.js'
import { inserts } from './inserts.js'
import { latency } from './latency.js'
import { locks } from './locks.js'
import { reconnect } from './reconnect.js'
import { type BenchWorld, openBenchWorld } from './world.js'

const benchmarks: Readonly<Record<string, (world: BenchWorld) => Promise<Section>>> = {
  'first-sync': firstSync,
  latency,
  reconnect,
  digest,
  inserts,
  locks,
  generator,
}

const markdown = ({ title, how, figures }: Section): string => {
  const compared = figures.some(({ bare }) => bare !== '')
  const rows = figures.map(({ name, ours, bare }) => (compared ? `| ${name} | ${ours} | ${bare || '–'} |` : `| ${name} | ${ours} |`))
  const head = compared ? ['| | syncgen | bare |', '|---|---|---|'] : ['| | syncgen |', '|---|---|']
  return [`## ${title}`, how, '', ...head, ...rows, ''].join('\n')
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in benchmarks))
if (unknown !== undefined) throw new RangeError(`no benchmark ${unknown}: there are ${Object.keys(benchmarks).join(', ')}`)

const busy = (loadavg()[0] ?? 0).toFixed(1)
const world = await openBenchWorld()
const sections: string[] = []
try {
  for (const [name, measure] of Object.entries(benchmarks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const section = markdown(await measure(world))
    console.log(section)
    sections.push(section)
  }
} finally {
  await world.close()
}

if (wanted.length === 0) {
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${gigabytes} GB`
  const page = `# Performance

First figures, without targets yet. \`npm run bench\` measures them anew and writes this page. Client, servers and PostgreSQL share one
machine and its cores, so the figures are of the whole, not of one part. "Bare" is bench/bare-node.ts: the same database, driver and sockets
with nothing of what syncgen promises.

${machine}; Node ${process.versions.node}; PostgreSQL ${world.cluster.version}. Load average of the machine before it began: ${busy}.

${sections.join('\n')}`
  writeFileSync(new URL('../docs/performance.md', import.meta.url), `${page.trimEnd()}\n`)
}
