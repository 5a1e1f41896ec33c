/**
 * From YAML to devices in sync, on real processes and a real PostgreSQL: `npm run demo`. Exits with 0 only if, at the end, every scope
 * of every device equals what SQL written by hand says.
 */
import pc from 'picocolors'
import { compare } from './compare.js'
import { step, table } from './screen.js'
import { setStage } from './stage.js'
import { play } from './story.js'

const began = performance.now()
console.log(`${pc.bold('syncgen')}: a project tracker, two servers, three devices. Every device and server is a process of its own.`)

const stage = await setStage()
try {
  await play(stage)
  const compared = await compare(stage)
  await step('Every cache against PostgreSQL', [], async () => [])
  console.log(table([['device', 'scope', 'rows', 'in SQL', 'digest', 'of SQL', ''], ...compared.map(({ cells }) => cells)]))
  const equal = compared.every((line) => line.equal)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`\n${equal ? pc.green('All are equal.') : pc.red('They differ: this is a bug.')} ${seconds} s`)
  process.exitCode = equal ? 0 : 1
} finally {
  await stage.close()
}
