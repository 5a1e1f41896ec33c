/** Which operations a seed draws, without living through them. */
import { Dice } from '../postgres/random.js'
import { drawOperation, operations } from './operations/all.js'
import type { Operation } from './operations/operation.js'

/** The dice of one place in the list of a seed: any part of the list is a run. */
export const diceAt = (seed: number, at: number): Dice => new Dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b))

/** The operations of a seed, in order. */
export const operationNames = (seed: number, ops: number): readonly Pick<Operation, 'name' | 'isFault'>[] =>
  Array.from({ length: ops }, (_, at) => drawOperation(diceAt(seed, at), operations))
