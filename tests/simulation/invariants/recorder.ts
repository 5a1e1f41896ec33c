/**
 * Frames that were said on the connections of each device, for as long as they are its own: of one client id, one schema, one history of
 * the database; those of attempts also of one process, for the next counts its attempts anew.
 */
import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { type Entry, restorer } from '../world/history.js'

export interface Recorded {
  readonly way: 'up' | 'down'
  readonly text: string
}

interface Tape {
  /** Whose frames they are. */
  readonly owner: string
  readonly frames: { readonly way: 'up' | 'down'; readonly message: ClientMessage | ServerMessage; readonly text: string }[]
  /** Up to which number the device heard that what it pushed is contained. */
  done: number
}

export class Recorder {
  readonly #tapes = new Map<string, Tape>()

  /** A frame arrives. */
  see(from: string, to: string, message: ClientMessage | ServerMessage): void {
    if (message.kind === 'hello') {
      const owner = `${message.client} ${message.schema}`
      if (this.#tapes.get(from)?.owner !== owner) this.#tapes.set(from, { owner, frames: [], done: 0 })
      return
    }
    const way = up.has(message.kind) ? 'up' : down.has(message.kind) ? 'down' : null
    const tape = way === null ? undefined : this.#tapes.get(way === 'up' ? from : to)
    if (way === null || tape === undefined) return
    if (message.kind === 'changed' || message.kind === 'synced') tape.done = Math.max(tape.done, message.done)
    tape.frames.push({ way, message, text: JSON.stringify(message) })
    if (tape.frames.length > remembered) tape.frames.shift()
  }

  /** A process begins. What was said of an attempt of the one before would be taken for an answer to one of its own, which no network can do. */
  opened(device: string): void {
    const tape = this.#tapes.get(device)
    if (tape !== undefined) this.#tapes.set(device, { ...tape, frames: tape.frames.filter(({ message }) => !ofAttempts.has(message.kind)) })
  }

  /** After a restore nothing of before is a repetition: what was decided may be undecided. */
  committed(entries: readonly Entry[]): void {
    if (entries.some(({ who }) => who === restorer)) this.#tapes.clear()
  }

  /** What may be said again for a device. A push only if all of it is decided: else it might be the first time that it is heard. */
  of(device: string): readonly Recorded[] {
    const tape = this.#tapes.get(device)
    return tape?.frames.filter(({ message }) => message.kind !== 'push' || message.mutations.every(({ seq }) => seq <= tape.done)) ?? []
  }
}

/** Of each device. */
const remembered = 60

/** What names an attempt by the number that the client gave it. */
const ofAttempts: ReadonlySet<string> = new Set(['sync', 'hold', 'wanted', 'page', 'synced'])

/** What opens a connection, or refuses one, is said once in it. */
const up: ReadonlySet<string> = new Set(['sync', 'hold', 'close', 'push', 'ping'])
const down: ReadonlySet<string> = new Set(['page', 'synced', 'changed', 'pushed', 'wanted', 'pong'])
