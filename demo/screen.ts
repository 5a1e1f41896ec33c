import pc from 'picocolors'
import type { DeviceProcess } from './process.js'
import type { Traffic } from './wire.js'

let number = 0

/**
 * One step of the story: says what happens, does it, and says how long it took and what crossed each wire meanwhile. `work` returns
 * what to tell of it, one sentence a line.
 */
export const step = async (title: string, devices: readonly DeviceProcess[], work: () => Promise<readonly string[]>): Promise<void> => {
  number += 1
  console.log(`\n${pc.bold(`${String(number).padStart(2)}  ${title}`)}`)
  const before = devices.map(({ traffic }) => traffic)
  const began = performance.now()
  const told = await work()
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

const crossed = (name: string, before: Traffic, after: Traffic): readonly string[] => {
  const [up, down] = [after.up - before.up, after.down - before.down]
  return up + down === 0 ? [] : [`${name} ↑ ${size(up)} ↓ ${size(down)}`]
}

const size = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(2)} MB`
