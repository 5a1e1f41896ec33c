import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Bytes that crossed a wire since it was laid. */
export interface Traffic {
  readonly up: number
  readonly down: number
}

/**
 * The cable between one device and its server: relays TCP, counts bytes, and can be cut. While it is cut, connections break in the
 * middle of whatever they carry and new ones are refused, as when a train enters a tunnel.
 */
export class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #up = 0
  #down = 0

  private constructor(target: number) {
    this.#server = createServer((near) => this.#relay(near, target))
  }

  /** Lays a wire to a local port. */
  static async to(target: number): Promise<Wire> {
    const wire = new Wire(target)
    await wire.heal()
    return wire
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/sync`
  }

  get traffic(): Traffic {
    return { up: this.#up, down: this.#down }
  }

  /** Breaks every connection and refuses new ones. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Accepts connections, on the same port as before. */
  async heal(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  #relay(near: Socket, target: number): void {
    const far = connect(target, '127.0.0.1')
    near.on('data', (bytes) => (this.#up += bytes.length))
    far.on('data', (bytes) => (this.#down += bytes.length))
    near.pipe(far)
    far.pipe(near)
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined) // `close` follows.
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
