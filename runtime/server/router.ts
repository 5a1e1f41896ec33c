/** The sessions of a node: who is here, and whom a change may concern. */
import type { Uuid } from '../protocol/descriptor.js'
import { includes } from '../protocol/position.js'
import type { Device } from './device.js'
import type { BoundLine } from './line-cursor.js'
import type { Mark, Reading } from './reading.js'
import { Replaced } from './refusal.js'
import type { Session } from './session.js'
import { breaksConnection } from './sql-failure.js'

export class Router {
  readonly #sessions = new Set<Session>()
  readonly #byClient = new Map<Uuid, Session>()

  get sessions(): readonly Session[] {
    return [...this.#sessions]
  }

  /** Sessions of a principal on this node. */
  connectionsOf(principal: string): number {
    return this.sessions.filter((session) => session.principal === principal).length
  }

  /** A session was greeted. An older one of the same client ends: its device has come back on another line. */
  enter(session: Session, client: Uuid): void {
    const older = this.#byClient.get(client)
    this.#byClient.set(client, session)
    this.#sessions.add(session)
    if (older !== undefined && older !== session) older.replaced()
  }

  leave(session: Session): void {
    this.#sessions.delete(session)
    const client = session.client
    if (client !== undefined && this.#byClient.get(client) === session) this.#byClient.delete(client)
  }

  /** Nothing at all has changed between these positions: who was at the one is at the other. */
  move(from: Mark, to: Mark): void {
    for (const device of this.#devices()) if (device.covered?.text === from.text) device.moved(to)
  }

  /** Whether somebody needs a tick although nothing has changed: behind the tailer, or owed a confirmation. */
  hasStragglers(at: Mark): boolean {
    return this.#devices().some((device) => device.covered !== null && (device.owes || device.covered.text !== at.text))
  }

  /** Brings every device that can be advanced to this reading: one batch for each that something has changed for. */
  async advance(reading: Reading): Promise<void> {
    const concerned: { readonly device: Device; readonly lines: readonly BoundLine[] }[] = []
    for (const device of this.#devices()) {
      const { covered } = device
      if (covered === null || !includes(reading.at, covered)) continue
      // Below the floor the log says nothing any more, not even that nothing has changed.
      const lines = reading.covers(covered) ? device.linesReading(await reading.windows(covered)) : device.lines
      if (lines.length > 0 || device.owes) concerned.push({ device, lines })
      else device.moved(reading.at)
    }
    if (concerned.length === 0) return
    const decided = await reading.decided(concerned.map(({ device }) => device.greeted))
    for (const { device, lines } of concerned) {
      if (device.covered === null) continue
      const done = decided.get(device.client)
      if (done === undefined) {
        device.fail(new Replaced())
        continue
      }
      try {
        await device.advance(reading, lines, done)
      } catch (error) {
        // The transaction is over for everybody. Who broke it must not break the next one.
        if (!breaksConnection(error)) device.fail(error)
        throw error
      }
    }
  }

  #devices(): readonly Device[] {
    return this.sessions.flatMap(({ device }) => device ?? [])
  }
}
