/** Who this client is to the server: its id, the nonces that tell it from a copy of itself, and when it must become another. */
import { SyncError } from '../protocol/errors.js'
import type { Hello, Welcome } from '../protocol/messages.js'
import type { Random } from '../protocol/ports.js'
import type { BaseLog } from './base-log.js'
import type { Journal } from './journal.js'
import type { Outbox, OwnNumbers } from './outbox.js'
import type { Storage } from './storage.js'

/** Its methods that take a storage are for jobs of the journal. */
export class ClientIdentity {
  readonly #parts: { readonly journal: Journal; readonly baseLog: BaseLog; readonly outbox: Outbox; readonly random: Random }

  constructor(parts: { readonly journal: Journal; readonly baseLog: BaseLog; readonly outbox: Outbox; readonly random: Random }) {
    this.#parts = parts
  }

  /**
   * What the next hello says, stored. A nonce that was stored may have been accepted without our hearing of it: it is said
   * until it was.
   */
  async greeting(storage: Storage): Promise<Pick<Hello, 'client' | 'session'>> {
    const { journal } = this.#parts
    if (journal.device.session.next === null) await this.#drawNonce(storage)
    const { client, session } = journal.device
    if (session.next === null) {
      throw new SyncError('storage-failed', 'local storage does not keep what tells this device from a copy of it')
    }
    return { client, session: { last: session.last, next: session.next } }
  }

  /** Whether the server means this client's history by its id. */
  judge(welcome: Welcome): Judgement {
    const { journal, outbox } = this.#parts
    return judge(welcome, { epoch: journal.device.epoch, done: journal.device.done, ...outbox.numbers })
  }

  /** The server has taken the nonce. That is stored with the next step: until then, it would be said again. */
  accepted(epoch: string): void {
    const { journal } = this.#parts
    journal.advance({ epoch, session: { last: journal.device.session.next, next: null } })
  }

  /**
   * Takes a new client id; what the server had not decided under the old one is numbered anew. @throws SyncError `storage-
   * failed`.
   */
  renew(storage: Storage, decided: number, epoch: string | null): Promise<void> {
    return this.#parts.outbox.renumber(storage, decided, { client: this.#parts.random.uuid(), epoch })
  }

  /** One that is not stored would make the next start look like a copy's: the old one has to do while storage fails. */
  async #drawNonce(storage: Storage): Promise<void> {
    const { journal, baseLog, random } = this.#parts
    const { last } = journal.device.session
    try {
      await baseLog.rewrite(storage, [], [], { session: { last, next: random.uuid() } })
    } catch {
      journal.advance({ session: { last, next: last } }) // The status says what storage could not do.
    }
  }
}

export interface OwnHistory extends OwnNumbers {
  /** Of the database that the base was read from; null: none yet. */
  readonly epoch: string | null
  /** Mutations up to this number are contained in the base. */
  readonly done: number
}

export type Judgement =
  | { readonly kind: 'same' }
  /**
   * Go on under a new client id. Up to `decided` the server has decided, and can still tell the outcomes that were not heard if
   * `canAsk`; what follows is numbered anew.
   */
  | { readonly kind: 'renew'; readonly decided: number; readonly canAsk: boolean }

/**
 * Another device with our id (a clone, a restored profile) has its own mutations under our numbers: nothing that the server
 * says of them from now on is about ours, only what it said before is, and what the base contains. After a restore of the
 * database its numbers are ours, but fewer. A device that lost the end of its storage when the power failed draws numbers a second
 * time: those that it had at its start are the server's, and those that it has drawn since are not what the server decided under
 * them. After another start only their times tell.
 */
export const judge = ({ epoch, forked, lastSeq, lastAt }: Pick<Welcome, 'epoch' | 'forked' | 'lastSeq' | 'lastAt'>, own: OwnHistory): Judgement => {
  // What was said in another history may be undone in this one.
  const known = own.epoch === epoch ? Math.max(own.done, own.heard) : own.done
  if (forked) return { kind: 'renew', decided: known, canAsk: false }
  if (own.sent === 0 && lastSeq > own.stored) return { kind: 'renew', decided: own.stored, canAsk: true }
  if (lastSeq > own.lastSeq) return { kind: 'renew', decided: known, canAsk: false }
  if (lastAt !== undefined && (own.made.get(lastSeq) ?? lastAt) !== lastAt) return { kind: 'renew', decided: madeUntil(lastSeq, lastAt, own), canAsk: true }
  if (own.epoch !== null && own.epoch !== epoch) return { kind: 'renew', decided: lastSeq, canAsk: true }
  const left = (own.lowest ?? own.lastSeq + 1) - 1
  return lastSeq < left ? { kind: 'renew', decided: lastSeq, canAsk: false } : { kind: 'same' }
}

/** The number up to which ours can be those that were decided; that of `lastSeq` was made at `lastAt`, and is not ours. */
const madeUntil = (lastSeq: number, lastAt: number, { made }: OwnHistory): number =>
  Math.min(...[...made].flatMap(([seq, at]) => (seq === lastSeq || at > lastAt ? [seq - 1] : [])))
