import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Commands, Response } from './commands.js'
import { type Traffic, Wire } from './wire.js'

/** Starts a program of the demo as a process of its own, which ends with this one. */
const start = (program: string, args: readonly string[]): ChildProcess =>
  fork(fileURLToPath(new URL(program, import.meta.url)), [...args], { execArgv: ['--import', import.meta.resolve('tsx')] })

/** A server node in a process of its own. */
export interface NodeProcess {
  readonly port: number
  stop(): Promise<void>
}

/** Starts a server node on a database. */
export const startNode = async (database: string): Promise<NodeProcess> => {
  const child = start('./node.ts', [database])
  const [{ port }] = (await Promise.race([once(child, 'message'), failedStart(child)])) as [{ readonly port: number }]
  return { port, stop: () => stopped(child) }
}

/** A device in a process of its own, and the wire that connects it. */
export class DeviceProcess {
  readonly name: string
  readonly wire: Wire
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #last = 0

  private constructor(name: string, wire: Wire, child: ChildProcess) {
    this.name = name
    this.wire = wire
    this.#child = child
    child.on('message', (response: Response) => {
      const waiting = this.#waiting.get(response.id)
      this.#waiting.delete(response.id)
      if ('error' in response) waiting?.reject(new Error(`${name}: ${response.error}`))
      else waiting?.resolve(response.result)
    })
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended with exit code ${code}`))
    })
  }

  /** Starts a device, wired to the node on this port. */
  static async start(name: string, port: number): Promise<DeviceProcess> {
    return new DeviceProcess(name, await Wire.to(port), start('./device.ts', []))
  }

  /** Tells the device to do something and waits for its answer. */
  tell<Name extends keyof Commands>(name: Name, options: Parameters<Commands[Name]>[0]): Promise<ReturnType<Commands[Name]>> {
    const id = (this.#last += 1)
    this.#child.send({ id, name, options })
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
    })
  }

  get traffic(): Traffic {
    return this.wire.traffic
  }

  /** Cuts the wire and waits until the device has noticed. */
  async cut(): Promise<void> {
    await this.wire.cut()
    await this.tell('offline', null)
  }

  async stop(): Promise<void> {
    await stopped(this.#child)
    await this.wire.cut()
  }
}

const failedStart = async (child: ChildProcess): Promise<never> => {
  const [code] = await once(child, 'exit')
  throw new Error(`a server node ended with exit code ${code}`)
}

const stopped = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  await ended
}
