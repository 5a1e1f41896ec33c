/** A socket and every byte of text that came through it: nothing that a server sends is left out by a parser. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import WebSocket from 'ws'
import { schema as tracker } from '../../generated-example/shared/schema.js'

export class RawClient {
  readonly client: string = randomUUID()
  readonly socket: WebSocket
  /** All frames of the server, as they came. */
  readonly texts: string[] = []
  closed: number | undefined
  #wake: () => void = () => undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => {
      this.texts.push(data.toString())
      this.#wake()
    })
    socket.on('close', (code) => {
      this.closed = code
      this.#wake()
    })
  }

  static async open(url: string, options: WebSocket.ClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url, options))
    await once(client.socket, 'open')
    return client
  }

  /** Opens a socket and says hello as this user. */
  static async greeted(url: string, user: string, schema: string = tracker.hash): Promise<RawClient> {
    const client = await RawClient.open(url)
    const token = JSON.stringify({ principal: user, claims: { sub: user } })
    client.send({ kind: 'hello', protocol: 1, schema, client: client.client, principal: user, token, session: { last: null, next: randomUUID() } })
    await client.heard('"kind":"welcome"')
    return client
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  /** Resolves with the first frame from `from` on that contains this. */
  async heard(text: string, from = 0): Promise<string> {
    const deadline = performance.now() + 15_000
    for (;;) {
      const found = this.texts.slice(from).find((each) => each.includes(text))
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (this.closed !== undefined || left <= 0) throw new Error(`closed (${this.closed}) or silent instead of ${text}; last: ${this.texts.at(-1)?.slice(0, 300)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async whenClosed(): Promise<number> {
    if (this.closed === undefined) await once(this.socket, 'close')
    return this.closed ?? 0
  }

  cut(): void {
    this.socket.terminate()
  }
}
