/**
 * The tailer: one per node, on a connection of its own. It looks at the changelog when woken (own commits at once, other nodes'
 * by NOTIFY, everybody else's by polling) and takes the node from one position to the next: events for the app, one batch for
 * each device that something has changed for.
 */
import type { Log, Timers } from '../protocol/ports.js'
import { formatSnapshot } from '../protocol/position.js'
import type { Catalog } from './catalog.js'
import type { EventHub } from './events.js'
import { type Mark, Reading, markOf } from './reading.js'
import type { Router } from './router.js'
import { boundedPlans, type Database, type DedicatedConnection } from './transaction.js'

export interface ChangelogTools {
  readonly database: Database
  readonly catalog: Catalog
  readonly router: Router
  readonly events: EventHub
  readonly timers: Timers
  readonly log: Log
  /** Tells this node's notifications from others'. */
  readonly node: string
  /** ms */
  readonly pollInterval: number
  /** The database's clock was read, ms since 1970. */
  readonly clockRead: (now: number) => void
  /** Positions of before mean nothing any more: another timeline, another database. */
  readonly epochChanged: () => Promise<void>
}

export class Changelog {
  readonly #tools: ChangelogTools
  #connection: DedicatedConnection | undefined
  #at: Mark | undefined
  #running: Promise<void> = Promise.resolve()
  #closed = false
  #woken = false
  #rouse: () => void = () => undefined
  #telling = false
  #toTell = false

  constructor(tools: ChangelogTools) {
    this.#tools = tools
  }

  /** Takes its first position; events and batches begin there. */
  async start(): Promise<void> {
    await this.#connect()
    this.#running = this.#run()
  }

  /** Look at once. `committed`: this node wrote something; the others are told. */
  wake(committed: boolean): void {
    this.#woken = true
    this.#rouse()
    if (committed) void this.#tellOthers()
  }

  /** Lets a tick finish that is under way; one that does not end within a while is cut off. */
  async close(): Promise<void> {
    this.#closed = true
    this.#rouse()
    const cancel = this.#tools.timers.after(longestGoodbye, () => void this.#connection?.end())
    await this.#running
    cancel()
    await this.#connection?.end()
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#closed) {
      try {
        await this.#tick(this.#connection ?? (await this.#connect()))
        failures = 0
      } catch (error) {
        failures += 1
        this.#tools.log('warn', 'changelog-failed', { failures, error: error instanceof Error ? error.message : 'no error' })
        await this.#disconnect()
      }
      await this.#sleep(failures === 0 ? this.#tools.pollInterval : Math.min(5000, 50 * 2 ** failures))
    }
  }

  async #connect(): Promise<DedicatedConnection> {
    let lost = false
    const connection = await this.#tools.database.connect((error) => {
      if (lost || this.#closed) return
      lost = true
      this.#connection = undefined
      this.#tools.log('warn', 'changelog-connection-lost', { error: error.message })
    })
    connection.onNotification((node) => {
      if (node !== this.#tools.node) this.wake(false)
    })
    try {
      await connection.command(`set ${boundedPlans}; listen ${channel}`)
      const at = await inSnapshot(connection, async () => (await Reading.open(connection, this.#tools.catalog)).at)
      if (this.#at === undefined) this.#at = at
      else if (this.#at.epoch !== at.epoch) await this.#begin(at)
    } catch (error) {
      await connection.end()
      throw error
    }
    if (!lost) this.#connection = connection
    return connection
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.end()
  }

  /** What was known is of another database: start over from here. */
  async #begin(at: Mark): Promise<void> {
    // If it cannot be done now, the next look finds the same again.
    await this.#tools.epochChanged()
    this.#at = at
  }

  async #tick(connection: DedicatedConnection): Promise<void> {
    const { router } = this.#tools
    this.#woken = false
    const from = this.#at
    if (from === undefined) return
    const to = await this.#peek(connection, from)
    if (to !== undefined && !router.hasStragglers(to === from ? from : to)) return
    const since = to ?? from
    await inSnapshot(connection, async () => {
      const reading = await Reading.open(connection, this.#tools.catalog)
      if (reading.at.epoch !== from.epoch) return this.#begin(reading.at)
      // Nothing may have changed at the peek, and something by now.
      const changed = reading.at.text === since.text ? [] : (await reading.windows(since)).keys()
      const events = await this.#tools.events.collect(connection, since, changed)
      await router.advance(reading)
      this.#at = reading.at
      this.#tools.events.deliver(events)
    })
  }

  /** One cheap statement: the new position if no model has changed (everybody is moved there), undefined if one has. */
  async #peek(connection: DedicatedConnection, from: Mark): Promise<Mark | undefined> {
    const before = formatSnapshot(from)
    const [row] = await connection.rows(peek, [before, [...this.#tools.catalog.models.keys()]])
    const [snapshot, migrated, now, changed] = row ?? []
    this.#tools.clockRead(Number(now))
    if (changed !== false) return undefined
    if (snapshot === before) return from
    const to = markOf(`${from.epoch}-${String(migrated)}/${String(snapshot)}`)
    if (to === undefined) return undefined
    this.#tools.router.move(from, to)
    this.#at = to
    return to
  }

  /** At most one notification is on its way, and at most one more waits for it. */
  async #tellOthers(): Promise<void> {
    this.#toTell = true
    if (this.#telling) return
    this.#telling = true
    while (this.#toTell && !this.#closed) {
      this.#toTell = false
      await this.#tools.database.rows('select pg_notify($1, $2)', [channel, this.#tools.node]).catch((error: unknown) => {
        this.#tools.log('info', 'notify-failed', { error: error instanceof Error ? error.message : 'no error' })
      })
    }
    this.#telling = false
  }

  #sleep(ms: number): Promise<void> {
    if (this.#woken || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#tools.timers.after(ms, resolve)
      this.#rouse = () => {
        cancel()
        resolve()
      }
    })
  }
}

const channel = 'syncgen'

/** ms */
const longestGoodbye = 5000

const inSnapshot = <Result>(connection: DedicatedConnection, run: () => Promise<Result>): Promise<Result> =>
  connection.within('begin isolation level repeatable read, read only', run)

/** This statement's snapshot, the migrations that it sees, the clock, and whether these models have commits since $1, or the log was purged beyond it. */
const peek = `select s.now, lpad(to_hex(m.migrated), 8, '0'), floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
  s.now <> $1 and (m.floor > pg_snapshot_xmin($1::pg_snapshot) or exists (
    select from unnest($2::text[]) m(model)
    where exists (
      select from syncgen.changes c where c.model = m.model and c.xid >= pg_snapshot_xmax($1::pg_snapshot))
    or exists (
      select from pg_snapshot_xip($1::pg_snapshot) running
      cross join lateral (select from syncgen.changes c where c.model = m.model and c.xid = running limit 1) c)))
from (select pg_current_snapshot()::text as now) s, syncgen.meta m`
