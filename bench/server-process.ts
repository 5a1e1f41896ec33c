import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Bytes that a server read from its sockets and wrote to them since it started. */
export interface Traffic {
  readonly up: number
  readonly down: number
}

/** A server in a process of its own, so that it and the measuring client do not share a thread. */
export class ServerProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.url = `ws://127.0.0.1:${port}/sync`
  }

  /** Starts `tracker-node.ts` or `bare-node.ts` on a database. */
  static async start(program: './tracker-node.ts' | './bare-node.ts', database: string): Promise<ServerProcess> {
    const path = fileURLToPath(new URL(program, import.meta.url))
    const child = fork(path, [database], { execArgv: ['--import', import.meta.resolve('tsx')] })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${program} ended with exit code ${code}`)
    })
    const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ readonly port: number }]
    ended.catch(() => undefined) // From here on it ends when it is told to.
    return new ServerProcess(child, port)
  }

  async traffic(): Promise<Traffic> {
    const answer = once(this.#child, 'message')
    this.#child.send('traffic')
    const [traffic] = (await answer) as [Traffic]
    return traffic
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }
}
