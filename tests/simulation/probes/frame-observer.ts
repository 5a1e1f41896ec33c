/**
 * Sees the frames that arrive and counts what they show: which of the known hazards a world has brought about. It knows nothing of
 * the code that wrote them, only what docs/protocol.md says that they mean.
 */
import type { ClaimChange, ClientMessage, Delta, Outcome, ServerMessage } from '../../../runtime/protocol/messages.js'
import { parsePosition, sees } from '../../../runtime/protocol/position.js'

/** What one device has shown so far. */
interface Seen {
  /** `client/seq` of mutations that it sent. */
  readonly sent: Set<string>
  readonly clients: Set<string>
  /** Claims by `model/id`. */
  readonly claims: Map<string, Set<number>>
  readonly pages: Map<number, number>
  client: string
  epoch: string
  /** The server's clock, as the device last heard it, ms since 1970. */
  now: number
  highest: number
  done: number
}

export class FrameObserver {
  readonly #count: (what: string) => void
  readonly #devices = new Map<string, Seen>()

  constructor(count: (what: string) => void) {
    this.#count = (what) => count(`frame: ${what}`)
  }

  /** A frame arrives. Which of the two is the device, its kind says. */
  see(from: string, to: string, text: string): void {
    const message = JSON.parse(text) as ClientMessage | ServerMessage
    switch (message.kind) {
      case 'hello':
      case 'sync':
      case 'hold':
      case 'close':
      case 'push':
      case 'authenticate':
      case 'ping':
        return this.#asked(this.#device(from), message)
      default:
        return this.#told(this.#device(to), message)
    }
  }

  #asked(seen: Seen, message: ClientMessage): void {
    if (message.kind === 'hello') {
      if (seen.clients.size > 0 && !seen.clients.has(message.client)) this.#count('another client id')
      seen.clients.add(message.client)
      seen.client = message.client
    }
    if (message.kind === 'hold') this.#count(`held ${message.form}`)
    if (message.kind !== 'push') return
    if (message.mutations.length > 1) this.#count('several mutations in one push')
    for (const { seq, at, ops } of message.mutations) {
      const key = `${seen.client}/${seq}`
      if (seen.sent.has(key)) this.#count('mutation sent again')
      seen.sent.add(key)
      if (at > seen.now + 60_000) this.#count('edit from the future')
      if (at < seen.now - 600_000) this.#count('edit of long ago')
      if (ops.length > 1) this.#count('transaction of several ops')
    }
  }

  #told(seen: Seen, message: ServerMessage): void {
    switch (message.kind) {
      case 'welcome':
        if (message.forked) this.#count('forked')
        if (seen.epoch !== '' && seen.epoch !== message.epoch) this.#count('another epoch')
        seen.epoch = message.epoch
        seen.now = message.now
        return
      case 'pong':
        seen.now = message.now
        return
      case 'wanted':
        return this.#count('asked what it holds')
      case 'page':
        seen.pages.set(message.attempt, (seen.pages.get(message.attempt) ?? 0) + 1)
        return this.#delta(seen, message.delta, false)
      case 'synced':
        if ((seen.pages.get(message.attempt) ?? 0) > 1) this.#count('attempt of several pages')
        if (message.from !== null) this.#count('scope opened on a live connection')
        if (hasRunning(message.position)) this.#count('position with running transactions')
        seen.done = message.done
        return
      case 'changed':
        this.#delta(seen, message.delta, true)
        if (message.attempt !== undefined) this.#count('change too large for a frame')
        if (hasRunning(message.to)) this.#count('position with running transactions')
        if (endsLate(message.from, message.to)) this.#count('transaction ended behind the position')
        if (message.done > seen.done && message.delta.claims.length === 0) this.#count('write that no scope shows')
        seen.done = message.done
        return
      case 'pushed':
        if (message.gap !== undefined) this.#count('gap')
        for (const { outcome } of message.results) this.#count(nameOf(outcome))
        return
      case 'refused':
        return this.#count(`refused ${message.code}`)
      case 'closing':
        return this.#count('closing')
      case 'authenticated':
        return
    }
  }

  #delta(seen: Seen, { rows, claims }: Delta, isLive: boolean): void {
    const highest = seen.highest
    const versions = new Map<string, number>()
    for (const [model, all] of Object.entries(rows)) {
      for (const [version, id] of all) {
        versions.set(`${model}/${String(id)}`, version)
        seen.highest = Math.max(seen.highest, version)
      }
    }
    for (const claim of claims) this.#claim(seen, claim, isLive ? { versions, highest } : undefined)
  }

  #claim(seen: Seen, { scope, model, reset, add, out, deleted }: ClaimChange, live: { versions: Map<string, number>; highest: number } | undefined): void {
    if (reset === true) this.#count('scope reset')
    for (const id of add) {
      const key = `${model}/${id}`
      const claims = seen.claims.get(key) ?? new Set()
      if (live !== undefined && !claims.has(scope) && (live.versions.get(key) ?? 0) < live.highest) this.#count('row entered unchanged')
      seen.claims.set(key, claims.add(scope))
      if (claims.size > 1) this.#count('row of several scopes')
    }
    for (const id of out) {
      const claims = seen.claims.get(`${model}/${id}`)
      claims?.delete(scope)
      this.#count((claims?.size ?? 0) > 0 ? 'row left one of its scopes' : 'row left its scope')
    }
    for (const id of deleted) {
      seen.claims.delete(`${model}/${id}`)
      this.#count('row deleted')
    }
  }

  #device(name: string): Seen {
    const known = this.#devices.get(name)
    if (known !== undefined) return known
    const fresh: Seen = { sent: new Set(), clients: new Set(), claims: new Map(), pages: new Map(), client: '', epoch: '', now: Infinity, highest: 0, done: 0 }
    this.#devices.set(name, fresh)
    return fresh
  }
}

const hasRunning = (position: string): boolean => (parsePosition(position)?.inProgress.length ?? 0) > 0

/** A transaction that was running at the one position has ended at the other, though a later one had ended before it. */
const endsLate = (from: string, to: string): boolean => {
  const [earlier, later] = [parsePosition(from), parsePosition(to)]
  return earlier !== undefined && later !== undefined && earlier.inProgress.some((xid) => sees(later, xid) && xid < earlier.xmax - 1n)
}

const nameOf = (outcome: Outcome): string => (outcome.kind === 'rejected' ? `rejected ${outcome.code}` : outcome.kind)
