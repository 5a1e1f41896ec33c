/** A local transaction on its way through the outbox. */
import type { Mutation, Outcome } from '../protocol/messages.js'
import { type Deferred, deferred } from './deferred.js'
import { bytesOf } from './push-batch.js'

/** What the app writes at once, before the outbox gives it its number and its run. */
export type LocalTransaction = Omit<Mutation, 'seq' | 'run'>

export interface OutboxEntry extends Omit<Mutation, 'seq'> {
  /** Null until it is stored. */
  seq: number | null
  outcome: Outcome | null
  /** Replayed on the base: until the base contains it, or it was rejected. */
  isOverlaid: boolean
  /** As JSON. */
  readonly bytes: number
  readonly durable: Deferred<void>
  readonly confirmed: Deferred<Outcome>
}

export const newEntry = (mutation: Omit<Mutation, 'seq'>): OutboxEntry => ({
  ...mutation,
  seq: null,
  outcome: null,
  isOverlaid: true,
  bytes: bytesOf(mutation),
  durable: deferred(),
  confirmed: deferred(),
})

/** What is stored and sent of it. */
export const mutationOf = ({ run, schema, at, strict, ops }: Omit<Mutation, 'seq'>): Omit<Mutation, 'seq'> => ({
  run,
  schema,
  at,
  strict,
  ops,
})
