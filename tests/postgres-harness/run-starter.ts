import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What the starter said of its cluster. */
export interface Started {
  readonly url: string
  readonly source: string
  readonly version: string
  readonly bin: string
  readonly data: string
}

/** How to run the starter. */
export interface RunOptions {
  readonly ending: 'stop' | 'exit' | 'throw' | 'hang'
  /** Sent to it once it has said where its cluster is. */
  readonly signal?: NodeJS.Signals
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly as?: { readonly uid?: number; readonly gid?: number }
}

/** Runs the starter in a process of its own until it has ended. Rejects with what it printed if it started no cluster. */
export const runStarter = async ({ ending, signal, cwd, env, as }: RunOptions): Promise<Started> => {
  const starter = fileURLToPath(new URL('./starter.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), starter, ending], {
    ...as,
    cwd: cwd ?? '/',
    env: { PATH: process.env['PATH'], SYNCGEN_TEST_POSTGRES: process.env['SYNCGEN_TEST_POSTGRES'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let said = ''
  let complained = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.includes('\n') && signal !== undefined) child.kill(signal)
  })
  await ended
  const line = said.split('\n')[0] ?? ''
  if (line === '') throw new Error(complained)
  return JSON.parse(line) as Started
}
