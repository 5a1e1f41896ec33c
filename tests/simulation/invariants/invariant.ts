/** A promise of the design, checked while the world lives. One file for each. */
import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import type { SimClient } from '../schema/sim-schema.js'
import type { Device } from '../world/device.js'
import type { Entry } from '../world/history.js'
import type { World } from '../world/world.js'

export interface Invariant {
  /** `I1` of docs/laws.md. */
  readonly id: string
  /** The promise, in words. */
  readonly says: string
  /** Begins to watch a world. Whatever it returns throws, by `violation`, what it sees broken. */
  readonly watch: (world: World) => Watch
}

export interface Watch {
  /** A client has opened on a device. */
  readonly opened?: (device: Device, client: SimClient) => void
  /** After each event; must be cheap and touch no database. */
  readonly afterEvent?: () => void
  /** A frame arrives. Which of the two is the device, its kind says. */
  readonly frame?: (from: string, to: string, message: ClientMessage | ServerMessage) => void
  /** What was committed, each time that something was. */
  readonly committed?: (entries: readonly Entry[]) => void
  /** After each operation. */
  readonly afterOperation?: () => void | Promise<void>
  /** Faults are over, everybody is connected, nothing has happened for a while. */
  readonly atRest?: () => void | Promise<void>
}

/** An invariant does not hold. */
export class Violation extends Error {
  readonly invariant: string
  readonly details: readonly string[]

  constructor(invariant: string, message: string, details: readonly string[] = []) {
    super(`${invariant}: ${message}${details.map((line) => `\n    ${line}`).join('')}`)
    this.invariant = invariant
    this.details = details
  }
}
