/**
 * Mutations that the database cannot judge at the moment, for a reason that may be theirs or its own: how often and for how long
 * each has been in the way of what follows it. Owns that list; a node that starts anew counts anew.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Clock } from '../protocol/ports.js'

/** One mutation of a client; the next one cannot come before it is decided. */
interface Trouble {
  readonly seq: number
  /** On the monotonic clock, ms. */
  readonly since: number
  readonly tries: number
}

export class Troubles {
  readonly #clock: Clock
  readonly #patience: number
  readonly #byClient = new Map<Uuid, Trouble>()

  /** @param patience - ms in which a deployment or a migration under way would have come to its end */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock
    this.#patience = patience
  }

  /** It failed again. Returns whether it has been tried often enough, and for long enough, not to be tried again. */
  isHopeless(client: Uuid, seq: number): boolean {
    const now = this.#clock.monotonic()
    const known = this.#byClient.get(client)
    const { since, tries } = known?.seq === seq ? known : { since: now, tries: 0 }
    this.#byClient.delete(client)
    this.#byClient.set(client, { seq, since, tries: tries + 1 })
    for (const oldest of this.#byClient.keys()) if (this.#byClient.size > mostClients) this.#byClient.delete(oldest)
    return tries + 1 >= leastTries && now - since >= this.#patience
  }

  /** The client's mutations go on. */
  over(client: Uuid): void {
    this.#byClient.delete(client)
  }
}

const leastTries = 5
const mostClients = 10_000
