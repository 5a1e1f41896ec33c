/** Something that somebody does, or that goes wrong. It draws from dice of its own, so that a run is a list of them, and any part of the list is a run. */
import type { Dice } from '../../postgres/random.js'
import type { World } from '../world/world.js'

export interface Operation {
  readonly name: string
  /** How often it is drawn, against the others. */
  readonly weight: number
  /** Whether it is a fault: runs can be made without. */
  readonly isFault: boolean
  readonly run: (world: World, dice: Dice) => void | Promise<void>
}
