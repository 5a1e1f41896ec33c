/** Which writes of a device may still lie over what the server told it: those it waits for, and those that were decided and are not contained yet. */
import type { ClientMessage, Op, ServerMessage } from '../../../runtime/protocol/messages.js'
import { type Position, includes, parsePosition } from '../../../runtime/protocol/position.js'
import type { Device } from '../world/device.js'

interface Heard {
  readonly seq: number
  readonly ops: readonly Op[]
}

interface Line {
  client: string
  readonly sent: Map<number, readonly Op[]>
  /** Decided and perhaps not contained. */
  heard: Heard[]
  /** The number up to which everything is contained, as the device heard in this life; null: it has heard nothing yet. */
  done: number | null
  /** Up to which number the state of a position contains everything. */
  readonly contained: { readonly position: Position; readonly done: number }[]
}

export class Overlaid {
  readonly #lines = new Map<string, Line>()

  /** The app starts: everything that its storage does not say to be contained is pending. */
  opened({ name }: Device): void {
    Object.assign(this.#line(name), { heard: [], done: null })
  }

  /** A frame arrives. */
  see(from: string, to: string, message: ClientMessage | ServerMessage): void {
    switch (message.kind) {
      case 'hello': {
        const line = this.#line(from)
        if (line.client !== message.client) this.#lines.set(from, newLine(message.client))
        return
      }
      case 'push':
        for (const { seq, ops } of message.mutations) this.#line(from).sent.set(seq, ops)
        return
      case 'pushed':
        for (const { seq, outcome } of message.results) {
          const { sent, heard } = this.#line(to)
          if (outcome.kind !== 'rejected') heard.push({ seq, ops: sent.get(seq) ?? [] })
        }
        return
      case 'changed':
        return this.#contains(to, message.to, message.done)
      case 'synced':
        return this.#contains(to, message.position, message.done)
      default:
        return
    }
  }

  /** Whether a number that a device waits for is surely not contained in what it was told. */
  isAhead({ name }: Device, seq: number | null): boolean {
    const { done } = this.#line(name)
    return seq === null || (done !== null && seq > done)
  }

  /** Their ops. */
  over({ name, client }: Device, position: string): readonly Op[] {
    const line = this.#line(name)
    const at = parsePosition(position)
    const done = Math.max(0, ...line.contained.filter((each) => at !== undefined && includes(at, each.position)).map((each) => each.done))
    line.heard = line.heard.filter(({ seq }) => seq > done)
    return [...(client?.pending() ?? []), ...line.heard].flatMap(({ ops }) => ops)
  }

  #contains(device: string, position: string, done: number): void {
    const line = this.#line(device)
    const { contained } = line
    line.done = Math.max(line.done ?? 0, done)
    const parsed = parsePosition(position)
    if (parsed !== undefined && done > (contained.at(-1)?.done ?? 0)) contained.push({ position: parsed, done })
  }

  #line(device: string): Line {
    const known = this.#lines.get(device) ?? newLine('')
    this.#lines.set(device, known)
    return known
  }
}

const newLine = (client: string): Line => ({ client, sent: new Map(), heard: [], done: null, contained: [] })
