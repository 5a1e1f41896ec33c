/** Whether the server and this client mean the same history by this client's id. */
import type { Welcome } from '../protocol/messages.js'

export interface OwnHistory {
  /** Of the database that the base was read from; null: none yet. */
  readonly epoch: string | null
  /** Mutations up to this number are contained in the base. */
  readonly done: number
  /** The lowest number in the outbox; null: it is empty. */
  readonly lowest: number | null
  /** The last number that was drawn. */
  readonly lastSeq: number
}

export type Judgement =
  | { readonly kind: 'same' }
  /**
   * Go on under a new client id. Up to `decided` the server has decided, and can still tell the outcomes that were not heard if
   * `canAsk`; what follows is numbered anew.
   */
  | { readonly kind: 'renew'; readonly decided: number; readonly canAsk: boolean }

/**
 * Another device with our id (a clone, a restored profile) has its own mutations under our numbers: nothing that the server says of them
 * is about ours, only what the base contains is decided. After a restore of the database its numbers are ours, but fewer.
 */
export const judge = ({ epoch, forked, lastSeq }: Pick<Welcome, 'epoch' | 'forked' | 'lastSeq'>, own: OwnHistory): Judgement => {
  if (forked || lastSeq > own.lastSeq) return { kind: 'renew', decided: own.done, canAsk: false }
  if (own.epoch !== null && own.epoch !== epoch) return { kind: 'renew', decided: lastSeq, canAsk: true }
  const left = (own.lowest ?? own.lastSeq + 1) - 1
  return lastSeq < left ? { kind: 'renew', decided: lastSeq, canAsk: false } : { kind: 'same' }
}
