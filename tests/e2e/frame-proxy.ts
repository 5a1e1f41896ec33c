/**
 * A WebSocket proxy that sees every frame: real sockets on both sides, and a rule that a test may change at any time. It is
 * how tests cut a connection between two given frames, hold an answer back, or lose it after the server has committed.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

export interface Frame {
  readonly from: 'client' | 'server'
  readonly kind: string
  readonly message: Readonly<Record<string, unknown>>
}

/** pass: relay. drop: swallow. cut: swallow and end both connections at once. */
export type Verdict = 'pass' | 'drop' | 'cut'

export class FrameProxy {
  /** Judges each frame before it is relayed. */
  rule: (frame: Frame) => Verdict = () => 'pass'
  /** Changes a frame on its way. */
  rewrite: (frame: Frame) => Readonly<Record<string, unknown>> = ({ message }) => message
  /** Every frame relayed or swallowed, oldest first. */
  readonly seen: Frame[] = []
  readonly #http: Server
  readonly #pairs = new Set<readonly [WebSocket, WebSocket]>()
  #target: string
  #open = true

  private constructor(http: Server, target: string) {
    this.#http = http
    this.#target = target
    const sockets = new WebSocketServer({ server: http })
    sockets.on('connection', (near, request) => this.#relay(near, request.headers.origin))
  }

  /** Listens on a free loopback port and relays to `target` (a ws: URL). */
  static async to(target: string): Promise<FrameProxy> {
    const http = createServer()
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return new FrameProxy(http, target)
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/sync`
  }

  /** Bytes of text frames sent by the given side so far. */
  bytes(from: Frame['from']): number {
    return this.seen.filter((frame) => frame.from === from).reduce((sum, frame) => sum + JSON.stringify(frame.message).length, 0)
  }

  /** Ends all connections and refuses new ones until `heal`. */
  cut(): void {
    this.#open = false
    for (const [near, far] of this.#pairs) {
      near.terminate()
      far.terminate()
    }
  }

  heal(): void {
    this.#open = true
  }

  /** Later connections go to another server. */
  retarget(target: string): void {
    this.#target = target
  }

  async close(): Promise<void> {
    this.cut()
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }

  #relay(near: WebSocket, origin: string | undefined): void {
    if (!this.#open) {
      near.terminate()
      return
    }
    const far = new WebSocket(this.#target, origin === undefined ? {} : { origin })
    const pair = [near, far] as const
    this.#pairs.add(pair)
    const waiting: string[] = []
    const end = (): void => {
      this.#pairs.delete(pair)
      near.terminate()
      far.terminate()
    }
    far.on('open', () => waiting.splice(0).forEach((text) => far.send(text)))
    near.on('message', (data) =>
      this.#pass('client', data, end, (text) => (far.readyState === WebSocket.OPEN ? far.send(text) : waiting.push(text))),
    )
    far.on('message', (data) => this.#pass('server', data, end, (text) => near.send(text)))
    near.on('close', (code, reason) => closeWith(far, code, reason, end))
    far.on('close', (code, reason) => closeWith(near, code, reason, end))
    near.on('error', end)
    far.on('error', end)
  }

  #pass(from: Frame['from'], data: RawData, end: () => void, send: (text: string) => void): void {
    const text = data.toString()
    const message: Readonly<Record<string, unknown>> = JSON.parse(text)
    const frame = { from, kind: String(message['kind']), message }
    this.seen.push(frame)
    const verdict = this.rule(frame)
    if (verdict === 'pass') send(JSON.stringify(this.rewrite(frame)))
    if (verdict === 'cut') end()
  }
}

/** Passes a closing handshake on; codes that may not be sent (1005, 1006) end the connection instead. */
const closeWith = (socket: WebSocket, code: number, reason: Buffer, end: () => void): void => {
  if (socket.readyState === WebSocket.OPEN && code >= 1000 && code !== 1005 && code !== 1006) socket.close(code, reason)
  else end()
}
