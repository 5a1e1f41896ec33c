/** One connection, from dialling to its end. A frame of an ended link reaches nobody. */
import type { Dialect } from '../protocol/dialect.js'
import { SyncError } from '../protocol/errors.js'
import type { ClientMessage, Mutation, ServerMessage } from '../protocol/messages.js'
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
  readonly #dialect: Dialect | null
  #isAlive = true
  #lastReceived: number
  #stopTimer: () => void

  /** @param dialect - for a server that has an older version of the schema */
  constructor(url: string, ports: LinkPorts, listener: LinkListener, dialect: Dialect | null = null) {
    this.#dialect = dialect
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
    if (this.#isAlive) this.#socket.send(JSON.stringify(this.#dialect?.toServer(message) ?? message))
  }

  /** Sends these in their order, up to the first that the server would not understand whole; returns how many. */
  push(mutations: readonly Mutation[]): number {
    const meant = this.#dialect === null ? mutations : understood(this.#dialect, mutations)
    if (meant.length > 0) this.send({ kind: 'push', mutations: meant })
    return meant.length
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
      const message = parseServerMessage(text)
      this.#listener.received(this.#dialect?.toClient(message) ?? message, text.length)
    } catch (error) {
      this.end(1008, frameError(error))
    }
  }
}

const understood = (dialect: Dialect, mutations: readonly Mutation[]): readonly Mutation[] => {
  const converted = mutations.map((each) => dialect.mutation(each))
  const first = converted.findIndex(({ losses }) => losses.length > 0)
  return converted.slice(0, first < 0 ? converted.length : first).map(({ mutation }) => mutation)
}

/** What went wrong with a frame. */
export const frameError = (error: unknown): SyncError =>
  error instanceof SyncError ? error : new SyncError('internal', 'a frame could not be handled', {}, { cause: error })

const unanswered = (): SyncError => new SyncError('unreachable', 'the server does not answer: trying again')
