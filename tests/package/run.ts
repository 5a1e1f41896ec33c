import { spawn } from 'node:child_process'

/** Where to run a program, and what to add to its environment. */
export interface RunOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a program to its end and returns what it printed. Rejects with everything it said if it fails. */
export const run = (command: string, args: readonly string[], { cwd, env }: RunOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    let complained = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(said)
      else reject(new Error(`${command} ${args.join(' ')}: exit code ${code}\n${said}${complained}`))
    })
  })
