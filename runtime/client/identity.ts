/** Who this client is to the server: its id, the nonces that tell it from a copy of itself, and when it must become another. */
import type { Uuid } from '../protocol/descriptor.js'
import { hashOf } from '../protocol/digest-hash.js'
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
    return judge(welcome, { epoch: journal.device.epoch, ...outbox.numbers })
  }

  /** The server has taken the nonce. That is stored with the next step: until then, it would be said again. */
  accepted(epoch: string): void {
    const { journal } = this.#parts
    journal.advance({ epoch, session: { last: journal.device.session.next, next: null } })
  }

  /**
   * Takes a new client id; what the server had not decided under the old one is numbered anew. If a loss of power takes that back after
   * some of it was sent, it is done again under the same id, and nothing is decided twice. @throws SyncError `storage-failed`.
   */
  renew(storage: Storage, decided: number, epoch: string | null): Promise<void> {
    const { journal, outbox, random } = this.#parts
    const first = [...outbox.numbers.runs].find(([seq]) => seq > decided)
    const client = first === undefined ? random.uuid() : nextId(journal.device.client, ...first)
    return outbox.renumber(storage, decided, { client, epoch })
  }

  /** The server says that the id is another principal's. */
  replace(storage: Storage): Promise<void> {
    const { journal, outbox, random } = this.#parts
    return outbox.renumber(storage, journal.device.done, { client: random.uuid(), epoch: journal.device.epoch })
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

/** The id under which an outbox goes on that begins with this number, which was drawn under `client` in this run. */
const nextId = (client: Uuid, seq: number, run: string): Uuid => {
  const hex = [hashOf(client, Number.parseInt(run, 16)), hashOf(client, seq)].flatMap(({ high, low }) => [high, low]).map((each) => each.toString(16).padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

export interface OwnHistory extends OwnNumbers {
  /** Of the database that the base was read from; null: none yet. */
  readonly epoch: string | null
}

export type Judgement =
  | { readonly kind: 'same' }
  /**
   * Go on under a new client id. Beyond `decided` the server has decided nothing of ours; up to there it tells, if asked, which of ours
   * it has decided. `isOtherHistory`: what it said of them before was said in a history that the database has left.
   */
  | { readonly kind: 'renew'; readonly decided: number; readonly isOtherHistory: boolean }

/**
 * Another device with our id (a clone, a restored profile), and this one itself if it lost the end of its storage when the power
 * failed, draw numbers that were drawn before. What the server has decided under them is ours if it is of the same run. Numbers
 * follow each other: wherever two histories part, the last that the server decided is not ours.
 */
export const judge = ({ epoch, forked, lastSeq, lastRun }: Pick<Welcome, 'epoch' | 'forked' | 'lastSeq' | 'lastRun'>, own: OwnHistory): Judgement => {
  const isOtherHistory = own.epoch !== null && own.epoch !== epoch
  const left = (own.lowest ?? own.lastSeq + 1) - 1
  const isOther = lastRun !== undefined && (own.runs.get(lastSeq) ?? lastRun) !== lastRun
  const isSame = !forked && !isOtherHistory && !isOther && left <= lastSeq && lastSeq <= own.lastSeq
  return isSame ? { kind: 'same' } : { kind: 'renew', decided: lastSeq, isOtherHistory }
}
