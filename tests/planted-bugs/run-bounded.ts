import { spawn } from 'node:child_process'

export interface Ended {
  /** Null: it did not end in time, and was ended. */
  readonly code: number | null
  readonly output: string
}

/** Runs a program and all that it starts, for at most `within` ms. */
export const runBounded = (
  program: string,
  args: readonly string[],
  { cwd, environment, within }: { readonly cwd: string; readonly environment: NodeJS.ProcessEnv; readonly within: number },
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }, within)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: isLate ? null : (code ?? 1), output: chunks.join('') })
    })
  })
