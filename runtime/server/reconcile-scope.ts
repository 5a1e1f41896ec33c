/**
 * Brings all scopes of one device to one moment, whatever it holds of them: pages, over as many transactions as the reader
 * and the limits need. Each transaction is one snapshot; what earlier ones sent is moved on to it first, so that the last
 * snapshot is the position of everything.
 */
import { SyncError } from '../protocol/errors.js'
import type { LineDigest } from '../protocol/messages.js'
import type { Clock, Random, Timers } from '../protocol/ports.js'
import type { Catalog } from './catalog.js'
import type { Channel } from './channel.js'
import { DeltaText } from './delta-text.js'
import type { Unknown } from './holdings.js'
import type { Limits } from './limits.js'
import type { LineCursor, Outlet } from './line-cursor.js'
import { type Greeted, type Mark, Reading } from './reading.js'
import { Replaced } from './refusal.js'
import { isPassing } from './sql-failure.js'
import type { Connection, Database } from './transaction.js'
import type { Turnstile } from './turnstile.js'

/** What a reconcile works with. */
export interface ReconcileTools {
  readonly database: Database
  readonly catalog: Catalog
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly limits: Limits
  /** Whether the database and clients come to the same digests. */
  readonly canDigest: boolean
  readonly turnstile: Turnstile
}

export interface Attempt {
  readonly number: number
  readonly greeted: Greeted
  readonly channel: Channel
  readonly cursors: readonly LineCursor[]
  /** Finds out what the client holds of these lines; null: they begin anew instead. */
  readonly ask: ((lines: readonly Unknown[]) => Promise<void>) | null
  /** Lines whose digests are wanted in the end. */
  readonly checked: readonly LineCursor[]
}

/** Where the device is when all pages have been sent. */
export interface Reached {
  readonly at: Mark
  /** Mutations that the position contains. */
  readonly done: number
  /** Of the lines that were to be checked, at that position. */
  readonly digests: readonly LineDigest[]
}

/**
 * Sends the pages of an attempt; the caller sends the frame that ends it. A lost database connection costs one transaction.
 * @throws SyncError `closed` if the client left meanwhile.
 */
export const reconcileScopes = async (tools: ReconcileTools, attempt: Attempt): Promise<Reached> => {
  for (let failures = 0; ;) {
    try {
      const step = await tools.turnstile.pass(() => {
        if (attempt.channel.closed) throw new SyncError('closed', 'the client left')
        return tools.database.read((connection) => readOnce(tools, attempt, connection))
      })
      failures = 0
      if ('reached' in step) return step.reached
      if ('asks' in step) await attempt.ask?.(step.asks)
      await attempt.channel.drained()
    } catch (error) {
      failures += 1
      if (!isPassing(error) || failures === 5) throw error
      await new Promise<void>((resolve) => tools.timers.after(10 * 2 ** failures, resolve))
    }
  }
}

type Step = { readonly reached: Reached } | { readonly asks: readonly Unknown[] } | { readonly more: true }

const readOnce = async (tools: ReconcileTools, attempt: Attempt, connection: Connection): Promise<Step> => {
  const reading = await Reading.open(connection, tools.catalog)
  const asks = attempt.ask === null ? [] : await unanswerable(tools, attempt.cursors, reading)
  if (asks.length > 0) return { asks }
  const pages = new Pages(tools, attempt)
  let finished = true
  try {
    for (const cursor of attempt.cursors) finished = (await cursor.advance(reading, pages)) && finished
  } finally {
    // The cursors count what has gathered as sent: if the connection broke, the next transaction goes on behind it.
    pages.flush()
  }
  if (!finished) return { more: true }
  const { client } = attempt.greeted
  const done = (await reading.decided([attempt.greeted])).get(client)
  if (done === undefined) throw new Replaced()
  const digests: LineDigest[] = []
  for (const cursor of attempt.checked) digests.push(await cursor.digest(reading))
  return { reached: { at: reading.at, done, digests } }
}

/** Lines whose positions are of no use, as far as it is not known yet what the client holds of them. */
const unanswerable = async (
  { canDigest }: ReconcileTools,
  cursors: readonly LineCursor[],
  reading: Reading,
): Promise<readonly Unknown[]> => {
  const asks: Unknown[] = []
  for (const cursor of cursors) if (await cursor.mustAsk(reading)) asks.push(cursor.unknown(canDigest))
  return asks
}

/** The outlet of an attempt: frames of bounded size, until the transaction has read enough. */
class Pages implements Outlet {
  readonly delta = new DeltaText()
  readonly #tools: ReconcileTools
  readonly #attempt: Attempt
  readonly #deadline: number
  #bytes = 0
  #advanced = false

  constructor(tools: ReconcileTools, attempt: Attempt) {
    this.#tools = tools
    this.#attempt = attempt
    this.#deadline = tools.clock.monotonic() + tools.limits.readMilliseconds
  }

  gathered(): void {
    const { pageRows, pageBytes } = this.#tools.limits
    if (this.delta.count >= pageRows || this.delta.bytes >= pageBytes) this.flush()
  }

  flush(): void {
    if (this.delta.isEmpty) return
    const text = `{"kind":"page","attempt":${this.#attempt.number},"delta":${this.delta.take()}}`
    this.#bytes += text.length
    this.#attempt.channel.sendText(text)
  }

  advanced(): void {
    this.#advanced = true
  }

  spent(): boolean {
    if (!this.#advanced) return false
    const { channel } = this.#attempt
    return (
      channel.full ||
      channel.closed ||
      this.#bytes >= this.#tools.limits.readBytes ||
      this.#tools.clock.monotonic() > this.#deadline
    )
  }
}
