/** Which operations a seed draws, without living through them. */
import { Dice } from '../postgres/random.js'
import { drawOperation, operations } from './operations/all.js'
import { deploys } from './operations/deploy.js'
import type { Operation } from './operations/operation.js'

/** The dice of one place in the list of a seed: any part of the list is a run. */
export const diceAt = (seed: number, at: number): Dice => new Dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b))

/** An operation, and the dice that it draws from. */
export interface Drawn {
  readonly operation: Operation
  readonly dice: Dice
}

/**
 * What a seed draws for a place of its list. Where the schema changes, a deploy or an upgrade takes the place of some. `name`: it is this
 * operation, whatever the list draws today; its dice are the same.
 */
export const operationAt = (seed: number, at: number, changes: boolean, name?: string): Drawn => {
  const dice = diceAt(seed, at)
  const operation = drawOperation(dice, operations)
  if (name !== undefined) return { operation: operationNamed(name), dice }
  const own = changes ? new Dice(Math.imul(seed, 0x51ed270b) ^ Math.imul(at + 1, 0x2545f491)) : null
  return { operation: own?.chance(often) === true ? drawOperation(own, deploys) : operation, dice }
}

const operationNamed = (name: string): Operation => {
  const found = [...operations, ...deploys].find((operation) => operation.name === name)
  if (found === undefined) throw new RangeError(`no operation is called ${name}`)
  return found
}

/** How many of the operations of a world whose schema changes are about that. */
const often = 0.05

/** The operations of a seed, in order. */
export const operationNames = (seed: number, ops: number, changes: boolean): readonly Pick<Operation, 'name' | 'isFault'>[] =>
  Array.from({ length: ops }, (_, at) => operationAt(seed, at, changes).operation)
