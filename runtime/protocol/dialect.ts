/**
 * Frames between two versions of a schema: what a client says as its server means it, and what the server says as the client
 * means it. One place on either side uses it: the server for clients that are older, a client for a server that is.
 */
import type { Uuid } from './descriptor.js'
import type {
  ClaimChange,
  ClientMessage,
  Delta,
  LostField,
  Mutation,
  Outcome,
  Pushed,
  ScopeClaim,
  ServerMessage,
  Synced,
  VersionedRow,
} from './messages.js'
import { Passage } from './passage.js'
import type { Transition } from './transition.js'

/** What of an op does not get to the other side: these fields, by their own names; all of it if there are none. */
export interface Loss {
  readonly model: string
  readonly id: Uuid
  readonly fields: readonly string[]
}

/** A local transaction as the other side means it; what of it has no meaning there. */
export interface ConvertedMutation {
  readonly mutation: Mutation
  readonly losses: readonly Loss[]
}

/** A way from one version to another, and back. */
export class Route {
  /** Hash of the version that it leads to. */
  readonly end: string
  readonly #legs: readonly { readonly there: Passage; readonly back: Passage }[]

  /** @param path - adjacent, oldest first; `down` leads from the last to the first */
  constructor(path: readonly Transition[], direction: 'up' | 'down') {
    const opposite = direction === 'up' ? 'down' : 'up'
    const legs = path.map((each) => ({ there: new Passage(each, direction), back: new Passage(each, opposite) }))
    this.#legs = direction === 'up' ? legs : legs.reverse()
    this.end = (direction === 'up' ? path.at(-1)?.to : path[0]?.from) ?? ''
  }

  model(name: string): string | undefined {
    return this.#through(name, (passage, each) => passage.model(each))
  }

  /** What a field of a model (both by their names here) is called there. */
  field(model: string, field: string): string | undefined {
    const there = this.#through({ model, field }, (passage, each) => {
      const [name, own] = [passage.model(each.model), passage.field(each.model, each.field)]
      return name === undefined || own === undefined ? undefined : { model: name, field: own }
    })
    return there?.field
  }

  /** A row; undefined: its model is not known there. `isExact`: it is what the other side would have said. */
  row(model: string, row: VersionedRow): { readonly row: VersionedRow; readonly isExact: boolean } | undefined {
    const there = this.#through({ model, row, isExact: true }, (passage, each) => {
      const name = passage.model(each.model)
      if (name === undefined) return undefined
      const converted = passage.row(each.model, each.row)
      return { model: name, row: converted.row, isExact: each.isExact && converted.isExact }
    })
    return there
  }

  /** Whether a row there has fields of which the one here says nothing. */
  invents(model: string): boolean {
    return this.#along(model, (passage, name) => passage.invents(name))
  }

  /** Whether rows have to be fetched: they cannot be worked out. */
  isInexact(model: string): boolean {
    return this.#along(model, (passage, name) => !passage.isExact(name))
  }

  /** Whether a row there may say what one here has no words for. */
  saysMore(model: string): boolean {
    return this.#along(model, (passage, name) => passage.saysMore(name))
  }

  params(scope: string, params: ScopeClaim['params']): ScopeClaim['params'] | undefined {
    return this.#through(params, (passage, each) => passage.params(scope, each))
  }

  mutation(mutation: Mutation): ConvertedMutation {
    const losses: Loss[] = []
    const ops = mutation.ops.flatMap((op) => {
      const lost = new Set<string>()
      let isLost = false
      let there: typeof op | null = op
      for (const [at, { there: passage }] of this.#legs.entries()) {
        if (there === null) break
        const from: typeof op = there
        const converted = passage.op(from)
        isLost ||= converted.lost !== null
        for (const field of converted.lost ?? []) lost.add(this.#origin(at, from.model, field))
        there = converted.op
      }
      if (isLost) losses.push({ model: op.model, id: op.id, fields: [...lost] })
      return there === null ? [] : [there]
    })
    return { mutation: { ...mutation, schema: this.end, ops }, losses }
  }

  /** What became of a mutation; what has no name there is not said. */
  outcome(outcome: Outcome): Outcome {
    const named = (model: string): string => this.model(model) ?? model
    const fieldsOf = (model: string | null, fields: readonly string[]): readonly string[] =>
      model === null ? fields : fields.flatMap((field) => this.field(model, field) ?? [])
    switch (outcome.kind) {
      case 'applied':
        return outcome
      case 'merged': {
        const lost = outcome.lost.flatMap(({ model, id, field }): readonly LostField[] =>
          fieldsOf(model, [field]).map((own) => ({ model: named(model), id, field: own })),
        )
        const links = outcome.links?.map((link) => ({ ...link, model: named(link.model) }))
        return { ...outcome, lost, ...(links === undefined ? {} : { links }) }
      }
      case 'rejected':
        return { ...outcome, model: outcome.model === null ? null : named(outcome.model), fields: fieldsOf(outcome.model, outcome.fields) }
    }
  }

  /** The name here of a field that a leg met on the way. */
  #origin(at: number, model: string, field: string): string {
    let [name, own] = [model, field]
    for (const { back } of this.#legs.slice(0, at).reverse()) {
      own = back.field(name, own) ?? own
      name = back.model(name) ?? name
    }
    return own
  }

  #along(model: string, holds: (passage: Passage, name: string) => boolean): boolean {
    let name: string | undefined = model
    for (const { there } of this.#legs) {
      if (name === undefined) return false
      if (holds(there, name)) return true
      name = there.model(name)
    }
    return false
  }

  #through<Value>(value: Value, step: (passage: Passage, value: Value) => Value | undefined): Value | undefined {
    let there: Value | undefined = value
    for (const leg of this.#legs) {
      if (there === undefined) return undefined
      there = step(leg.there, there)
    }
    return there
  }
}

/** Both ways between a client and a server of different versions. */
export class Dialect {
  /** Of what the client says. */
  readonly #asked: Route
  /** Of what the server says. */
  readonly #answered: Route
  readonly #isOlderServer: boolean
  /** Of the hashes of scopes. */
  readonly #mark: string
  /** Scopes that the server does not have, by the attempt that asked for them. */
  readonly #missing = new Map<number, readonly ScopeClaim[]>()

  /**
   * @param path - from the older version to the newer one
   * @param server - which of them the server has
   */
  constructor(path: readonly Transition[], server: 'newer' | 'older') {
    this.#isOlderServer = server === 'older'
    this.#mark = `${path[0]?.from.slice(0, 16) ?? ''}/`
    this.#asked = new Route(path, this.#isOlderServer ? 'down' : 'up')
    this.#answered = new Route(path, this.#isOlderServer ? 'up' : 'down')
  }

  /** What a client says, for its server. Pushes are converted one mutation at a time, by whoever sends or takes them. */
  toServer(message: ClientMessage): ClientMessage {
    switch (message.kind) {
      case 'sync': {
        const claims = message.scopes.map((claim) => ({ claim, params: this.#asked.params(claim.name, claim.params) }))
        const missing = claims.flatMap(({ claim, params }) => (params === undefined ? [claim] : []))
        if (missing.length > 0) this.#missing.set(message.attempt, missing)
        const scopes = claims.flatMap(({ claim, params }) => (params === undefined ? [] : [{ ...claim, params, hash: this.#ownHash(claim.hash) }]))
        return { ...message, scopes }
      }
      case 'hold':
        return { ...message, model: this.#asked.model(message.model) ?? message.model }
      default:
        return message
    }
  }

  /** What a server says, for its client. */
  toClient(message: ServerMessage): ServerMessage {
    switch (message.kind) {
      case 'wanted':
        return { ...message, lines: message.lines.map((line) => ({ ...line, model: this.#answered.model(line.model) ?? line.model })) }
      case 'page':
      case 'changed':
        return { ...message, delta: this.#delta(message.delta) }
      case 'synced':
        return this.#synced(message)
      case 'pushed':
        return this.#pushed(message)
      default:
        return message
    }
  }

  /** A local transaction of the client, for its server. */
  mutation(mutation: Mutation): ConvertedMutation {
    return this.#asked.mutation(mutation)
  }

  /** A scope that the server does not have holds nothing. */
  #synced(message: Synced): Synced {
    const missing = this.#missing.get(message.attempt) ?? []
    this.#missing.delete(message.attempt)
    const scopes = message.scopes.map(({ id, hash }) => ({ id, hash: `${this.#mark}${hash}` }))
    const { digests, ...rest } = message
    const own = digests?.flatMap((each) => {
      const model = this.#answered.model(each.model)
      return model === undefined ? [] : [{ ...each, model }]
    })
    return {
      ...rest,
      scopes: [...scopes, ...missing.map(({ id }) => ({ id, hash: '-' }))],
      // Rows that were worked out are not those that were sent.
      ...(own === undefined ? {} : { digests: this.#isOlderServer ? [] : own }),
    }
  }

  /** A hash that was said in this dialect means nothing in another, nor without one: then what is held is compared. */
  #ownHash(hash: string | null): string | null {
    if (hash?.includes('/') !== true) return hash
    return hash.startsWith(this.#mark) ? hash.slice(this.#mark.length) : null
  }

  #delta({ rows, claims }: Delta): Delta {
    return {
      rows: this.#rows(rows),
      claims: claims.flatMap((change): readonly ClaimChange[] => {
        const model = this.#answered.model(change.model)
        return model === undefined ? [] : [{ ...change, model }]
      }),
    }
  }

  #rows(rows: Delta['rows']): Delta['rows'] {
    return Object.fromEntries(
      Object.entries(rows).flatMap(([model, each]) => {
        const name = this.#answered.model(model)
        return name === undefined ? [] : [[name, each.map((row) => this.#row(model, row))]]
      }),
    )
  }

  /** What an older server cannot say is not known, whatever stands for it: such a row is to be sent again by a newer one. */
  #row(model: string, row: VersionedRow): VersionedRow {
    const there = this.#answered.row(model, row)
    if (there === undefined) return row
    if (!this.#isOlderServer || (there.isExact && !this.#answered.invents(model))) return there.row
    const [, ...fields] = there.row
    return [0, ...fields]
  }

  #pushed(message: Pushed): Pushed {
    return { ...message, results: message.results.map((result) => ({ ...result, outcome: this.#answered.outcome(result.outcome), rows: this.#rows(result.rows) })) }
  }
}
