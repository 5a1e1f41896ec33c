import type { ServerMessage } from '../protocol/messages.js'

/** What a session needs of a WebSocket. */
export interface Socket {
  /** `sent` is called when the text has left for the network, or cannot any more. */
  send(text: string, sent: () => void): void
  close(code: number, reason: string): void
  /** Ends the connection without ceremony. */
  terminate(): void
}

/** What a client of another version of the schema understands. */
export type Translate = (message: ServerMessage) => ServerMessage

/** The way out to one client. Knows how much is waiting for a slow reader; what is full is for its user to leave alone. */
export class Channel {
  readonly #socket: Socket
  readonly #limit: number
  #waiting = 0
  #closed = false
  #drained: (() => void)[] = []
  #translate: Translate | null = null

  constructor(socket: Socket, limit: number) {
    this.#socket = socket
    this.#limit = limit
  }

  get closed(): boolean {
    return this.#closed
  }

  /** More than the limit is waiting: nothing that can wait should be sent now. */
  get full(): boolean {
    return this.#waiting > this.#limit
  }

  /** From now on the client hears what this makes of each message. */
  translating(translate: Translate): void {
    this.#translate = translate
  }

  send(message: ServerMessage): void {
    this.#send(JSON.stringify(this.#translate?.(message) ?? message))
  }

  /** A frame that is already JSON. */
  sendText(text: string): void {
    // The cast is the boundary: it is our own text.
    if (this.#translate === null) this.#send(text)
    else this.send(JSON.parse(text) as ServerMessage)
  }

  /** After the end it goes nowhere, as on a broken line. */
  #send(text: string): void {
    if (this.#closed) return
    const bytes = Buffer.byteLength(text)
    this.#waiting += bytes
    this.#socket.send(text, () => {
      this.#waiting -= bytes
      if (this.#waiting <= this.#limit / 2) this.#release()
    })
  }

  /** Resolves when most of what was waiting has left, or the connection has ended. */
  drained(): Promise<void> {
    if (this.#closed || !this.full) return Promise.resolve()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  /** Says goodbye; the other side has a moment to answer. */
  close(code: number, reason: string): void {
    if (this.#closed) return
    this.ended()
    this.#socket.close(code, reason)
  }

  /** Ends it at once: the other side is not listening. */
  terminate(): void {
    this.ended()
    this.#socket.terminate()
  }

  /** The socket has closed, whoever closed it. */
  ended(): void {
    this.#closed = true
    this.#release()
  }

  #release(): void {
    const waiting = this.#drained
    this.#drained = []
    for (const resolve of waiting) resolve()
  }
}
