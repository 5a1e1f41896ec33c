/**
 * The outbox: local transactions in the order in which they were made. Each is stored before it is sent and sent in that order.
 * It leaves when its outcome was heard and the base contains it, or at once if it was rejected. Outcomes never write the base.
 */
import { SyncError } from '../protocol/errors.js'
import type { LostField, Mutation, Op, Outcome, PushResult } from '../protocol/messages.js'
import type { Log, Timers } from '../protocol/ports.js'
import type { BaseLog } from './base-log.js'
import { isReplayable } from './op-values.js'
import type { Emitter } from './events.js'
import { followingLinks, neededLinks, withLinks } from './given-links.js'
import { type Journal, storageError } from './journal.js'
import { type LocalTransaction, type OutboxEntry, mutationOf, newEntry } from './outbox-entry.js'
import { largestMutation, mostOps } from './push-batch.js'
import type { Writing } from './query-types.js'
import type { Rejections } from './rejections.js'
import { type Push, Sender } from './sender.js'
import type { DeviceState, Storage, Stored } from './storage.js'
import type { Store } from './store.js'

/** A local transaction that the server has not decided yet. */
export interface PendingMutation {
  /** Null until it is stored. */
  readonly seq: number | null
  /** The start of the client in which it was made; with `at` it tells a mutation from all others of this device and of its copies. */
  readonly run: string
  /** When the user did it, ms since 1970. */
  readonly at: number
  readonly schema: string
  readonly strict: boolean
  readonly ops: readonly Op[]
}

/** How far a client has come with its sequence numbers. */
export interface OwnNumbers {
  /** The lowest number in the outbox; null: it is empty. */
  readonly lowest: number | null
  /** Of which run each is that is there, by its number. */
  readonly runs: ReadonlyMap<number, string>
  /** The last number that was drawn. */
  readonly lastSeq: number
}

export interface OutboxParts {
  readonly journal: Journal
  readonly baseLog: BaseLog
  readonly store: Store
  readonly emitter: Emitter
  readonly rejections: Rejections
  readonly timers: Timers
  readonly log: Log
  /** Drawn at this start: see Mutation. */
  readonly run: string
  /** How many are not decided. */
  readonly count: (pending: number) => void
  readonly report: (error: SyncError | null) => void
}

const firstRetry = 1_000
const longestRetry = 30_000

export class Outbox {
  readonly #parts: OutboxParts
  readonly #sender = new Sender()
  /** In order; those without a number come last. */
  #entries: OutboxEntry[] = []
  /** Decided under an earlier client id, and replayed until the first step under this one: that contains them. */
  #former: readonly OutboxEntry[] = []
  /** Those that are not stored yet. */
  readonly #unstored: OutboxEntry[] = []
  /** Numbers of those that are over, and still in storage. */
  #unswept: readonly number[] = []
  #undecided = 0
  /** The last sequence number that was drawn. */
  #lastSeq = 0
  #storing: Promise<void> | null = null
  #retry = firstRetry
  #cancelRetry: () => void = () => undefined

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Takes over what was stored; returns what is to be replayed on the base. */
  restore(mutations: readonly Mutation[], lastSeq: number): readonly OutboxEntry[] {
    const { done } = this.#parts.journal.device
    this.#lastSeq = lastSeq
    this.#entries = mutations.map(({ seq, ...mutation }) => this.#restored(seq, mutation, seq > done))
    this.#count(this.#entries.length)
    return this.#entries.filter((entry) => entry.isOverlaid)
  }

  /** A local transaction: visible when this returns. @throws SyncError `limit-exceeded` if it is too large to be ever sent. */
  add(transaction: LocalTransaction): Writing {
    const entry = newEntry({ ...transaction, run: this.#parts.run })
    if (entry.bytes > largestMutation || entry.ops.length > mostOps) {
      const limits = { bytes: largestMutation, ops: mostOps }
      throw new SyncError('limit-exceeded', 'this local transaction is too large to be sent: split it', limits)
    }
    this.#entries.push(entry)
    this.#unstored.push(entry)
    this.#parts.store.overlaid(entry)
    this.#count(1)
    this.#store()
    return { durable: entry.durable.promise, confirmed: entry.confirmed.promise }
  }

  pending(): readonly PendingMutation[] {
    return this.#entries.filter(({ outcome }) => outcome === null).map(({ seq, run, at, schema, strict, ops }) => ({ seq, run, at, schema, strict, ops }))
  }

  /** What the server must agree with. */
  get numbers(): OwnNumbers {
    const runs = new Map(this.#entries.flatMap(({ seq, run }) => (seq === null ? [] : [[seq, run] as const])))
    return { lowest: this.#entries[0]?.seq ?? null, runs, lastSeq: this.#lastSeq }
  }

  /** What of it is in storage. */
  get stored(): Pick<Stored, 'outbox' | 'lastSeq'> {
    const outbox = this.#entries.flatMap((entry) => (entry.seq === null ? [] : { seq: entry.seq, ...mutationOf(entry) }))
    return { outbox, lastSeq: this.#lastSeq }
  }

  /** The database has another history than the one in which outcomes were heard: they are to be heard again. */
  doubt(): void {
    for (const entry of this.#entries) {
      if (entry.outcome !== null) this.#count(1)
      entry.outcome = null
    }
  }

  /** Whether an outcome up to this number is still to be heard. */
  awaits(seq: number): boolean {
    return this.#entries.some((entry) => entry.seq !== null && entry.seq <= seq && entry.outcome === null)
  }

  /** Whether something was sent and not answered. */
  get isUnanswered(): boolean {
    return this.#sender.isUnanswered
  }

  /** From now on sends through `push`, beginning with what was never answered. `limit`: nothing with a higher number. */
  connected(push: Push, limit = Number.POSITIVE_INFINITY): void {
    const undecided = this.#entries.filter(({ seq, outcome }) => seq !== null && outcome === null)
    this.#sender.connected(push, undecided, limit)
  }

  disconnected(): void {
    this.#sender.disconnected()
  }

  /** The server decided. */
  settle(results: readonly PushResult[]): void {
    for (const { seq, outcome } of results) {
      const entry = this.#entries.find((each) => each.seq === seq)
      if (entry !== undefined && entry.outcome === null) this.#settleOne(entry, seq, outcome)
    }
    this.#sweep([])
    this.#sender.answered(results.map(({ seq }) => seq))
  }

  /** Numbers that leave storage with the batch that contains everything up to `done`; those of which the app keeps something leave with that, later. */
  leaving(done: number): readonly number[] {
    return this.#entries.flatMap(({ seq, outcome }) => (seq !== null && seq <= done && outcome !== null && !('unconverted' in outcome) ? [seq] : []))
  }

  /** Transactions that the base contains from the step to `done` on, and that are still replayed on it. */
  containing(done: number): readonly OutboxEntry[] {
    return [...this.#former, ...this.#entries.filter((entry) => entry.isOverlaid && entry.seq !== null && entry.seq <= done)]
  }

  /** The same: they are not replayed any more. */
  contained(done: number): readonly OutboxEntry[] {
    const contained = this.containing(done)
    for (const entry of contained) entry.isOverlaid = false
    this.#former = []
    return contained
  }

  /** After a batch: what is heard and contained is over. `left`: has left storage already. */
  swept(left: readonly number[]): void {
    this.#sweep(left)
  }

  /**
   * Inside a job: numbers what waits from 1, for a new client id. What the server decided (up to `decided`) goes, and is shown until
   * the base has it; what is only said to be contained comes back on the overlay, in its place, since the state that contained it may
   * be gone. What is meant for a link that gave way goes to the row that stands: nobody remembers that under the new id.
   */
  async renumber(storage: Storage, decided: number, client: Pick<DeviceState, 'client' | 'epoch'>): Promise<void> {
    const { baseLog, journal, store, rejections, log } = this.#parts
    const stored = this.#entries.filter((entry) => entry.seq !== null)
    const kept = stored.filter((entry) => (entry.seq ?? 0) > decided)
    const { links = [] } = journal.device
    const meant = followingLinks(links, kept)
    const numbered = kept.map((entry, at) => ({ seq: at + 1, ...mutationOf(entry), ops: meant[at] ?? entry.ops }))
    const facts = { ...client, session: { last: null, next: null }, done: 0, links: [] }
    const removed = [...stored.flatMap(({ seq }) => seq ?? []), ...this.#unswept]
    baseLog.hurry()
    await baseLog.rewrite(storage, numbered, removed, facts, rejections.storing(this.#unswept))
    this.#unswept = []
    this.#lastSeq = numbered.length
    const shown = [...this.#former, ...this.#entries.filter((entry) => entry.isOverlaid)]
    const dropped = stored.slice(0, stored.length - kept.length)
    this.#entries = this.#entries.slice(dropped.length)
    this.#former = [...this.#former, ...dropped.filter((entry) => entry.isOverlaid)]
    const now = followingLinks(links, this.#entries) // Something may have been written meanwhile.
    store.replayed(shown, () => {
      for (const [at, entry] of this.#entries.entries()) {
        if (entry.outcome !== null) this.#count(1)
        Object.assign(entry, { seq: numbered[at]?.seq ?? null, outcome: null, ops: now[at] ?? entry.ops })
        entry.isOverlaid ||= isReplayable(store, entry.ops)
      }
      return [...this.#former, ...this.#entries.filter((entry) => entry.isOverlaid)]
    })
    const unheard = dropped.filter((entry) => entry.outcome === null).length
    if (unheard > 0) log('warn', 'outcomes-unknown', { count: unheard })
    this.#count(-unheard)
  }

  /** Resolves when everything that was written is stored, or could not be; it is not tried again. */
  async close(): Promise<void> {
    await this.#storing
    this.#cancelRetry()
  }

  /** Stores what is not stored yet; when storage fails, again later and whenever something is written. */
  #store(): void {
    if (this.#unstored.length > 0) this.#storing ??= this.#storeAll()
  }

  async #storeAll(): Promise<void> {
    try {
      for (let [entry] = this.#unstored; entry !== undefined; [entry] = this.#unstored) {
        await this.#storeOne(entry)
      }
    } catch (error) {
      this.#storingFailed(storageError(error))
    } finally {
      this.#storing = null
    }
  }

  /** What an older schema wrote in a form that this one cannot show is not shown; the server judges it. */
  #restored(seq: number, mutation: Omit<Mutation, 'seq'>, isAhead: boolean): OutboxEntry {
    return { ...newEntry(mutation), seq, isOverlaid: isAhead && isReplayable(this.#parts.store, mutation.ops) }
  }

  #storeOne(entry: OutboxEntry): Promise<void> {
    return this.#parts.journal.run(async (storage) => {
      const seq = await storage.enqueue(mutationOf(entry))
      entry.seq = seq
      this.#lastSeq = seq
      this.#unstored.shift()
      entry.durable.resolve()
      this.#sender.ready(entry)
      if (this.#retry === firstRetry) return
      this.#retry = firstRetry
      this.#parts.report(null)
    })
  }

  #storingFailed(error: SyncError): void {
    for (const entry of this.#unstored) entry.durable.reject(error)
    if (error.code === 'closed') return
    this.#parts.report(error)
    this.#cancelRetry()
    this.#cancelRetry = this.#parts.timers.after(this.#retry, () => this.#store())
    this.#retry = Math.min(longestRetry, this.#retry * 2)
  }

  #settleOne(entry: OutboxEntry, seq: number, outcome: Outcome): void {
    const { emitter, journal, rejections, store } = this.#parts
    const mutation = { seq, ...mutationOf(entry) }
    entry.outcome = outcome
    this.#count(-1)
    if (outcome.kind === 'rejected') {
      if (entry.isOverlaid) store.withdrawn(entry)
      entry.isOverlaid = false
      emitter.emit('rejected', rejections.add(mutation, outcome))
    } else {
      const links = outcome.kind === 'merged' ? (outcome.links ?? []) : []
      for (const { model, id, into } of links) store.overlay.merged(model, id, into)
      // Stored at the latest by the transaction that takes the create out of storage: until then the server would say it again.
      if (links.length > 0) journal.advance({ links: withLinks(journal.device.links ?? [], links) })
      // Of one of which an upgrade left the number only, the app has heard that it was refused.
      if (entry.ops.length > 0) emitter.emit('confirmed', { mutation, outcome })
      const [first] = outcome.kind === 'merged' ? (outcome.unconverted ?? []) : []
      if (first !== undefined && outcome.kind === 'merged') this.#keep(mutation, first, outcome.unconverted ?? [])
    }
    entry.confirmed.resolve(outcome)
  }

  /** What the server's version of the schema has no place for stays with the app. */
  #keep(mutation: Mutation, { model, id }: LostField, unconverted: readonly LostField[]): void {
    const { emitter, rejections } = this.#parts
    const fields = unconverted.filter((lost) => lost.model === model && lost.id === id).map(({ field }) => field)
    emitter.emit('rejected', rejections.add(mutation, { kind: 'rejected', code: 'unknown-schema', model, id, fields }))
  }

  #sweep(left: readonly number[]): void {
    const isOver = (entry: OutboxEntry): boolean => entry.outcome !== null && !entry.isOverlaid
    const over = this.#entries.filter(isOver)
    if (over.length + this.#unswept.length === 0) return
    this.#entries = this.#entries.filter((entry) => !isOver(entry))
    const { links } = this.#parts.journal.device
    if (links !== undefined && links.length > 0) this.#parts.journal.advance({ links: neededLinks(links, this.#entries) })
    const seqs = over.flatMap(({ seq }) => seq ?? [])
    this.#unswept = [...this.#unswept, ...seqs].filter((seq) => !left.includes(seq))
    if (this.#unswept.length === 0) return
    // They come back at the next start, are sent again, and the server tells the outcome it recorded.
    const failed = (error: unknown): void => this.#parts.log('warn', 'outbox-not-swept', { code: storageError(error).code })
    this.#parts.journal.run((storage) => this.#forget(storage)).catch(failed)
  }

  /** Inside a job, of which another may have taken a new client id: under that, none of these numbers means what it did. */
  async #forget(storage: Storage): Promise<void> {
    const { baseLog, rejections } = this.#parts
    const seqs = this.#unswept
    if (seqs.length === 0) return
    await baseLog.rewrite(storage, [], seqs, {}, rejections.storing(seqs))
    this.#unswept = this.#unswept.filter((seq) => !seqs.includes(seq))
  }

  #count(more: number): void {
    this.#undecided += more
    this.#parts.count(this.#undecided)
  }
}
