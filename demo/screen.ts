import pc from 'picocolors'
import type { DeviceProcess } from './process.js'
import type { Traffic } from './wire.js'

let number = 0

/** What to tell of a step, one sentence a line. */
type Told = readonly string[]

/** No step takes this long, ms: something waits for what will not come. */
const patience = 60_000

/**
 * One step of the story: says what happens, does it, and says how long it took and what crossed each wire meanwhile. Throws if it does
 * not come to an end.
 */
export const step = async (title: string, devices: readonly DeviceProcess[], work: () => Promise<Told>): Promise<void> => {
  number += 1
  console.log(`\n${pc.bold(`${String(number).padStart(2)}  ${title}`)}`)
  const before = devices.map(({ traffic }) => traffic)
  const began = performance.now()
  const told = await Promise.race([work(), tooLong(title)])
  const took = Math.round(performance.now() - began)
  for (const line of told) console.log(`    ${line}`)
  const bytes = devices.flatMap(({ name, traffic }, at) => crossed(name, before[at] ?? traffic, traffic))
  console.log(pc.dim(`    ${[`${took} ms`, ...bytes].join(' · ')}`))
}

/** Text in columns, the first row as a heading. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
  return [pc.bold(lines[0] ?? ''), ...lines.slice(1)].join('\n')
}

const tooLong = (title: string): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`“${title}” did not come to an end within ${patience / 1000} s`)), patience).unref()
  })

const crossed = (name: string, before: Traffic, after: Traffic): readonly string[] => {
  const [up, down] = [after.up - before.up, after.down - before.down]
  return up + down === 0 ? [] : [`${name} ↑ ${size(up)} ↓ ${size(down)}`]
}

const size = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(2)} MB`
