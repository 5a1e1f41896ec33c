/** One connection, from dialling to its end. A frame of an ended link reaches nobody. */
import { SyncError } from '../protocol/errors.js'
import type { ClientMessage, ServerMessage } from '../protocol/messages.js'
import { parseServerMessage } from '../protocol/parse-server-message.js'
import type { Clock, Timers } from '../protocol/ports.js'
import type { Network, Socket } from './ports.js'

export interface LinkListener {
  opened(): void
  /** @param size - characters of the frame. Throws SyncError `malformed-frame` for what cannot be used: the link ends. */
  received(message: ServerMessage, size: number): void
  /** Once. `error`: why, if this side knows. */
  ended(error: SyncError | null): void
}

export interface LinkPorts {
  readonly network: Network
  readonly clock: Clock
  readonly timers: Timers
}

/** Until the server has answered the hello. */
const patience = 20_000

export class Link {
  readonly #ports: LinkPorts
  readonly #listener: LinkListener
  readonly #socket: Socket
  #isAlive = true
  #lastReceived: number
  #stopTimer: () => void

  constructor(url: string, ports: LinkPorts, listener: LinkListener) {
    this.#ports = ports
    this.#listener = listener
    this.#lastReceived = ports.clock.monotonic()
    this.#stopTimer = ports.timers.after(patience, () => this.end(1000, unanswered()))
    this.#socket = ports.network.connect(url, {
      opened: () => this.#isAlive && listener.opened(),
      received: (text) => this.#receive(text),
      closed: () => this.end(1000, null),
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  send(message: ClientMessage): void {
    if (this.#isAlive) this.#socket.send(JSON.stringify(message))
  }

  /** The server has answered: from now on silence for longer than three intervals ends the link. */
  startHeartbeat(interval: number): void {
    const { clock, timers } = this.#ports
    let due = clock.monotonic()
    const beat = (): void => {
      // After a sleep of the device or the tab, silence proves nothing yet: the server gets one interval to answer.
      if (clock.monotonic() - due > interval) this.#lastReceived = Math.max(this.#lastReceived, clock.monotonic() - 2 * interval)
      if (clock.monotonic() - this.#lastReceived >= 3 * interval) return this.end(1000, unanswered())
      this.send({ kind: 'ping', at: Math.round(clock.monotonic()) })
      due = clock.monotonic() + interval
      this.#stopTimer = timers.after(interval, beat)
    }
    this.#stopTimer()
    beat()
  }

  end(code: number, error: SyncError | null): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    this.#stopTimer()
    this.#socket.close(code, error?.code ?? '')
    this.#listener.ended(error)
  }

  #receive(text: string): void {
    if (!this.#isAlive) return
    this.#lastReceived = this.#ports.clock.monotonic()
    try {
      this.#listener.received(parseServerMessage(text), text.length)
    } catch (error) {
      this.end(1008, frameError(error))
    }
  }
}

/** What went wrong with a frame. */
export const frameError = (error: unknown): SyncError =>
  error instanceof SyncError ? error : new SyncError('internal', 'a frame could not be handled', {}, { cause: error })

const unanswered = (): SyncError => new SyncError('unreachable', 'the server does not answer: trying again')
