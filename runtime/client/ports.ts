/** What a client takes from the outside world (runtime/protocol/ports.ts says why). `platform.ts` has the real ones. */
import type { Clock, Random, Timers } from '../protocol/ports.js'
import type { OpenStorage } from './storage.js'

export interface ClientPorts {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly network: Network
  readonly onlineSignal: OnlineSignal
  readonly storage: OpenStorage
}

export interface Network {
  /** Starts to connect. Listeners are called later, never before this returns; nothing follows `closed`. */
  connect(url: string, listener: SocketListener): Socket
}

export interface SocketListener {
  opened(): void
  /** A text frame. */
  received(text: string): void
  /** Once, whatever ended it. */
  closed(code: number): void
}

export interface Socket {
  send(text: string): void
  /** Ends the connection; `closed` follows, later or never. */
  close(code: number, reason: string): void
}

/** Whether the device believes to have a network: a hint, which saves attempts and waits. */
export interface OnlineSignal {
  isOnline(): boolean
  /** Returns the function that ends it. */
  subscribe(listener: (online: boolean) => void): () => void
}
