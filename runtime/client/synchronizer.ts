/**
 * Brings the base into step with the server and keeps it there: attempts, pages, batches, the device's position. Every frame
 * that changes something is a job of the journal, so frames, local transactions and scopes take effect in the order in which
 * they came; a job of an ended link does nothing.
 */
import { SyncError } from '../protocol/errors.js'
import type { Changed, Page, Pushed, ServerMessage, Synced, Wanted, Welcome } from '../protocol/messages.js'
import type { Log } from '../protocol/ports.js'
import { type BaseLog, isEmptyDelta } from './base-log.js'
import type { Checked, Checkup } from './checkup.js'
import type { Session } from './connection.js'
import type { EditClock } from './edit-clock.js'
import { holdFrames } from './hold.js'
import type { ClientIdentity, Judgement } from './identity.js'
import type { Journal } from './journal.js'
import { keptWrites } from './kept-writes.js'
import { type Link, frameError } from './link.js'
import type { Outbox } from './outbox.js'
import type { ClientPorts } from './ports.js'
import { type ReadDelta, readDelta } from './read-delta.js'
import type { ScopeListener, Scopes } from './scopes.js'
import { type StagedAttempt, StagedPages } from './staged-pages.js'
import type { StatusBoard } from './status.js'
import type { DeviceState, Storage } from './storage.js'
import type { Store } from './store.js'

export interface SynchronizerParts {
  readonly store: Store
  readonly journal: Journal
  readonly baseLog: BaseLog
  readonly outbox: Outbox
  readonly identity: ClientIdentity
  readonly scopes: Scopes
  readonly checkup: Checkup
  readonly clock: EditClock
  readonly board: StatusBoard
  readonly ports: ClientPorts
  readonly log: Log
}

/**
 * Silence about something that was asked for, ms: after this the connection is no use, even if it answers pings.
 */
const patience = 60_000

export class Synchronizer implements Session, ScopeListener {
  readonly #parts: SynchronizerParts
  /** The link over which scopes are spoken of: one that was welcomed, and means the same history as this client. */
  #link: Link | null = null
  /** Pages that came on this link. */
  readonly #pages: StagedPages
  /** Number of the last attempt: while this client is open, none is used twice, on whatever link. */
  #attempts = 0
  /** The attempt that is not answered yet. */
  #running: number | null = null
  /** Whether this link has brought the device into step once: from then on everything starts from its position. */
  #isInStep = false
  /** A new client id is due once the outcomes up to `decided` are heard, or the server says that one is not ours. */
  #renewal: { readonly decided: number; readonly epoch: string } | null = null
  #lastProgress = 0
  #stopWatch: () => void = () => undefined

  constructor(parts: SynchronizerParts) {
    this.#parts = parts
    this.#pages = new StagedPages(parts.ports.random)
  }

  greeting(): ReturnType<Session['greeting']> {
    const { journal, identity } = this.#parts
    return journal.run((storage) => identity.greeting(storage))
  }

  welcomed(link: Link, welcome: Welcome, roundTrip: number): void {
    const { clock, identity } = this.#parts
    clock.restart()
    clock.measured(welcome.now, roundTrip)
    this.#progress()
    this.#watch(link)
    this.#job(link, async (storage) => {
      const judgement = identity.judge(welcome)
      if (judgement.kind === 'renew') return this.#recall(storage, link, judgement, welcome.epoch)
      identity.accepted(welcome.epoch)
      this.#link = link
      this.#push(link)
      this.#sync()
    })
  }

  received(link: Link, message: ServerMessage, size: number): void {
    const { clock, ports, log } = this.#parts
    switch (message.kind) {
      case 'page':
        return this.#page(link, message, size)
      case 'synced':
        return this.#job(link, (storage) => this.#synced(storage, link, message))
      case 'changed': {
        const delta = readDelta(this.#parts.store.base.shapes, message.delta)
        return this.#job(link, (storage) => this.#changed(storage, message, delta, size))
      }
      case 'wanted':
        return this.#job(link, () => this.#hold(link, message))
      case 'pushed':
        return this.#pushed(link, message)
      case 'pong':
        return clock.measured(message.now, ports.clock.monotonic() - message.at)
      case 'authenticated':
        return log('info', 'token-renewed')
      case 'welcome':
      case 'refused':
      case 'closing':
        throw new SyncError('malformed-frame', `${message.kind} does not belong here`)
    }
  }

  ended(): void {
    const { journal, outbox, scopes, checkup } = this.#parts
    this.#link = null
    this.#running = null
    this.#isInStep = false
    this.#renewal = null
    this.#stopWatch()
    outbox.disconnected()
    scopes.disconnected()
    checkup.ended()
    for (const key of this.#pages.clear()) journal.run((storage) => storage.unstage(key)).catch(() => undefined) // The next start drops them.
  }

  clientTaken(): Promise<void> {
    const { journal, identity } = this.#parts
    return journal.run((storage) => identity.replace(storage))
  }

  scopeOpened(): void {
    this.#sync()
  }

  /** Compares all open scopes with the database. Rejects with SyncError `unreachable` without a connection, or if it is lost. */
  check(): Promise<Checked> {
    if (this.#link === null) {
      return Promise.reject(new SyncError('unreachable', 'there is no connection to the server: check when status says online'))
    }
    const checked = this.#parts.checkup.request()
    this.#sync()
    return checked
  }

  scopeClosed(id: number): void {
    this.#link?.send({ kind: 'close', scope: id })
  }

  /** Asks for everything that is not in step; one attempt at a time. */
  #sync(): void {
    const { board, scopes, checkup } = this.#parts
    if (this.#link === null || this.#running !== null || this.#renewal !== null) return
    const isChecking = checkup.isDue
    const claims = scopes.claims(isChecking)
    if (isChecking && (claims.length > 0 || this.#isInStep)) checkup.began()
    if (this.#isInStep && claims.length === 0) {
      checkup.rests()
      return board.connection('online')
    }
    this.#attempts += 1
    this.#running = this.#attempts
    this.#progress()
    board.connection('syncing')
    scopes.attempted(claims, this.#attempts)
    const check = isChecking || claims.some(({ hash, position }) => hash === null && position !== null)
    this.#link.send({ kind: 'sync', attempt: this.#attempts, scopes: claims, ...(check ? { check } : {}) })
  }

  #push(link: Link, limit?: number): void {
    this.#parts.outbox.connected((mutations) => {
      this.#progress()
      return link.push(mutations)
    }, limit)
  }

  #page(link: Link, { attempt, delta }: Page, size: number): void {
    const { store, scopes, baseLog } = this.#parts
    const read = readDelta(store.base.shapes, delta)
    const staged = this.#pages.add(attempt, read, size)
    const index = staged.deltas.length
    this.#progress()
    if (attempt === this.#running) scopes.receiving(read.claims)
    this.#job(link, async (storage) => {
      const isStored = await baseLog.stage(storage, staged.key, index, delta)
      staged.isStaged &&= isStored
    })
  }

  async #synced(storage: Storage, link: Link, message: Synced): Promise<void> {
    const { attempt, from, position, done, scopes: said } = message
    const { scopes, board, checkup } = this.#parts
    if (attempt !== this.#running) throw new SyncError('malformed-frame', 'an attempt ended that is not running')
    if (this.#isInStep) this.#expect(from)
    const ids = scopes.attemptedIn(attempt)
    const checkedAt = message.digests !== undefined && !this.#isInStep ? { checkedAt: this.#parts.ports.clock.now() } : {}
    const hashes = new Map(said.map(({ id, hash }) => [id, hash]))
    await this.#advance(storage, {
      pages: this.#pages.take(attempt),
      delta: null,
      accepted: scopes.accepting(attempt),
      device: { position, done, scopes: scopes.following(ids, hashes), ...checkedAt },
      arrived: ids,
    })
    if (!link.isAlive) return
    // Of a scope that closed and opened again meanwhile, this attempt has changed nothing.
    const doubted = checkup.compared((message.digests ?? []).filter(({ scope }) => ids.includes(scope)))
    if (doubted.length > 0) await scopes.doubt(storage, doubted)
    if (!link.isAlive) return
    this.#running = null
    this.#isInStep = true
    board.connection('online')
    this.#sync()
  }

  async #changed(storage: Storage, { from, to, done, attempt, delta }: Changed, read: ReadDelta, size: number): Promise<void> {
    if (!this.#isInStep) throw new SyncError('malformed-frame', 'a change came before the device was in step')
    this.#expect(from)
    const isNothing = from === to && done <= this.#parts.journal.device.done && attempt === undefined && isEmptyDelta(delta)
    if (isNothing) return this.#parts.baseLog.retry(storage)
    await this.#advance(storage, {
      pages: attempt === undefined ? null : this.#pages.take(attempt),
      delta: { raw: delta, read, size },
      accepted: this.#parts.scopes.accepting(null),
      device: { position: to, done },
      arrived: [],
    })
  }

  /** One step of the base: rows, claims, position, what leaves the outbox, in one transaction and one flush. */
  async #advance(storage: Storage, { pages, delta, accepted, device, arrived }: Advance): Promise<void> {
    const { store, baseLog, outbox, scopes } = this.#parts
    const removed = outbox.leaving(device.done)
    const kept = keptWrites(store, outbox.containing(device.done), (scope) => scopes.named(scope) !== undefined)
    const link = this.#link
    const batch = { attempts: pages === null ? [] : [pages.key], delta: delta?.raw ?? { rows: {}, claims: [] }, scopes: accepted }
    await baseLog.commit(storage, {
      batch: kept === null ? batch : { ...batch, kept },
      device: kept === null ? device : { ...device, scopes: scopes.doubted(kept.scopes, device.scopes) },
      removed,
      isStaged: pages?.isStaged ?? true,
      size: (pages?.size ?? 0) + (delta?.size ?? 0),
      apply: () => {
        const deltas = [...(pages?.deltas ?? []), ...(delta === null ? [] : [delta.read])]
        store.advanced(deltas, (scope) => accepted.includes(scope), outbox.contained(device.done), kept)
        outbox.swept(removed)
        scopes.arrived(arrived, link?.isAlive === true)
      },
    })
  }

  #hold(link: Link, wanted: Wanted): void {
    if (wanted.attempt !== this.#running) throw new SyncError('malformed-frame', 'keys are wanted for an attempt that is not running')
    this.#progress()
    for (const frame of holdFrames(this.#parts.store.base, wanted)) link.send(frame)
  }

  #pushed(link: Link, { results, gap }: Pushed): void {
    const { outbox, journal, log } = this.#parts
    this.#progress()
    outbox.settle(results)
    const renewal = this.#renewal
    if (gap !== undefined) {
      log('warn', 'numbers-have-a-gap', { expected: gap.expected })
      outbox.disconnected()
      this.#job(link, (storage) => this.#renew(storage, link, gap.expected - 1, renewal?.epoch ?? journal.device.epoch))
    } else if (renewal !== null && !outbox.awaits(renewal.decided)) {
      // What was stored meanwhile has a number that the server knows of another: it says so when it is asked.
      this.#job(link, (storage) => (outbox.awaits(renewal.decided) ? undefined : this.#renew(storage, link, renewal.decided, renewal.epoch)))
    }
  }

  /** Hears what became of what the server may have decided under the old client id, and only that, before it takes a new one. */
  async #recall(storage: Storage, link: Link, { decided, isOtherHistory }: Extract<Judgement, { kind: 'renew' }>, epoch: string): Promise<void> {
    const { outbox } = this.#parts
    if (isOtherHistory) outbox.doubt()
    if (!outbox.awaits(decided)) return this.#renew(storage, link, decided, epoch)
    this.#renewal = { decided, epoch }
    this.#push(link, decided)
  }

  /** Takes a new client id for what was not decided, and says hello again. */
  async #renew(storage: Storage, link: Link, decided: number, epoch: string | null): Promise<void> {
    const { identity, log } = this.#parts
    log('warn', 'client-renewed', { decided })
    // First: an answer that still comes would be about the old numbers. The next hello waits for this job.
    link.end(1000, null)
    await identity.renew(storage, decided, epoch)
  }

  /** The server goes on from where this device is, or the two have to start again. */
  #expect(from: string | null): void {
    if (from === this.#parts.journal.device.position) return
    throw new SyncError('internal', 'the server goes on from another position than this device has: starting again')
  }

  /** Runs a job unless the link has ended; what goes wrong in it ends the link. */
  #job(link: Link, run: (storage: Storage) => Promise<void> | void): void {
    const { journal, log } = this.#parts
    const job = journal.run((storage) => (link.isAlive ? run(storage) : undefined))
    job.catch((error: unknown) => {
      const failure = frameError(error)
      log('warn', 'link-ended', { code: failure.code, message: failure.message })
      link.end(failure.code === 'malformed-frame' ? 1008 : 1000, failure)
    })
  }

  #progress(): void {
    this.#lastProgress = this.#parts.ports.clock.monotonic()
  }

  #watch(link: Link): void {
    const { ports, outbox } = this.#parts
    this.#stopWatch = ports.timers.after(patience, () => {
      const isWaiting = this.#running !== null || outbox.isUnanswered
      if (isWaiting && ports.clock.monotonic() - this.#lastProgress >= patience) {
        return link.end(1000, new SyncError('unreachable', 'the server answers pings but not requests: connecting again'))
      }
      this.#watch(link)
    })
  }
}

interface Advance {
  readonly pages: StagedAttempt | null
  readonly delta: { readonly raw: Changed['delta']; readonly read: ReadDelta; readonly size: number } | null
  /** Scopes whose claims count. */
  readonly accepted: readonly number[]
  readonly device: Partial<DeviceState> & Pick<DeviceState, 'done'>
  /** Scopes that follow the device from now on. */
  readonly arrived: readonly number[]
}
