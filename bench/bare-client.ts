import { once } from 'node:events'
import { WebSocket } from 'ws'

/** The client of bare-node.ts: a Map of rows by id. */
export class BareClient {
  readonly rows = new Map<unknown, readonly unknown[]>()
  /** Called after each frame. */
  changed: () => void = () => undefined
  #loaded: () => void = () => undefined
  readonly #socket: WebSocket

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (frame) => {
      const rows = JSON.parse(String(frame)) as readonly (readonly unknown[])[]
      for (const row of rows) this.rows.set(row[0], row)
      if (rows.length === 0) this.#loaded()
      this.changed()
    })
  }

  static async connect(url: string): Promise<BareClient> {
    const socket = new WebSocket(url)
    await once(socket, 'open')
    return new BareClient(socket)
  }

  /** Reads all tasks of a project. */
  load(project: string): Promise<void> {
    this.#socket.send(project)
    return new Promise((resolve) => (this.#loaded = resolve))
  }

  close(): void {
    this.#socket.terminate()
  }
}
