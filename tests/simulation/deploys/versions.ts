/** The versions that a world's schema goes through, and what each of them is judged by. */
import { Route } from '../../../runtime/protocol/dialect.js'
import { pathFrom } from '../../../runtime/protocol/transition.js'
import type { SimSchema } from '../schema/sim-schema.js'
import type { Entry } from '../world/history.js'
import { Membership } from '../world/membership.js'
import { Past } from '../world/past.js'

/** One version, and the past as it reads it. */
export interface Version {
  /** Its place in the chain. */
  readonly at: number
  readonly schema: SimSchema
  /** Rows with the columns of this version; what a column was before it was there is null. */
  readonly past: Past
  readonly membership: Membership
}

export class Versions {
  /** Oldest first. */
  readonly all: readonly Version[]
  #reached = 0
  readonly #routes = new Map<string, Route | null>()

  /** @param entries - the history; it grows */
  constructor(schemas: readonly SimSchema[], entries: readonly Entry[]) {
    this.all = schemas.map((schema, at) => ({ at, schema, past: new Past(schema.ir, entries), membership: new Membership(schema.ir) }))
  }

  /** That of the database. */
  get current(): Version {
    return this.#at(this.#reached)
  }

  /** The one that comes after it, if any. */
  get next(): Version | undefined {
    return this.all[this.#reached + 1]
  }

  /** The database has become the next one's. */
  advance(): void {
    if (this.next !== undefined) this.#reached += 1
  }

  of(schema: SimSchema): Version {
    return this.#at(this.all.findIndex((version) => version.schema === schema))
  }

  /** By the hash that clients and servers say; undefined: nobody has that version. */
  named(hash: string): Version | undefined {
    return this.all.find(({ schema }) => schema.descriptor.hash === hash)
  }

  /** What is said in one version as the other says it. Null: to whoever speaks they are the same. Undefined: there is no way. */
  route(from: SimSchema, to: SimSchema): Route | null | undefined {
    const [old, now] = [from.descriptor, to.descriptor]
    if (old.hash === now.hash) return null
    const key = `${old.hash} ${now.hash}`
    const known = this.#routes.get(key)
    if (known !== undefined) return known
    const [up, down] = [pathFrom(now, old.hash), pathFrom(old, now.hash)]
    const route = up !== undefined ? new Route(up, 'up') : down !== undefined ? new Route(down, 'down') : undefined
    if (route !== undefined) this.#routes.set(key, route)
    return route
  }

  #at(place: number): Version {
    const version = this.all[place]
    if (version === undefined) throw new RangeError(`no version ${place}`)
    return version
  }
}
