/**
 * What clients push: each mutation exactly once, in the order of its client. Outcome, sequence number and effect commit
 * together, so that whoever asks again, for whatever reason, gets the same answer.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { Mutation, Outcome, PushResult, VersionedRow } from '../protocol/messages.js'
import type { Clock } from '../protocol/ports.js'
import { type MutationTools, applyMutation } from './apply-mutation.js'
import type { KnownModel } from './catalog.js'
import type { ConstraintFields } from './constraints.js'
import type { Verified } from './identity.js'
import { Judge } from './judge.js'
import { type Place, rejectionOf } from './rejection.js'
import type { Connection, Database } from './transaction.js'
import type { Parameter } from './values.js'

export interface PushTools extends MutationTools {
  readonly database: Database
  readonly constraints: ConstraintFields
  readonly clock: Clock
}

/** Who pushes. */
export interface Author {
  readonly client: Uuid
  /** Of its session; another one in the database means that the client has come back elsewhere. */
  readonly nonce: string
  readonly identity: Verified
}

/** What was decided of a push: a first part of it, and why it ends there if it is not all. */
export interface Decided {
  readonly results: readonly PushResult[]
  readonly gap?: { readonly expected: number }
}

export class Pusher {
  readonly #tools: PushTools

  constructor(tools: PushTools) {
    this.#tools = tools
  }

  /**
   * Decides the first mutations of a push (at most 50, or as many as take 200 ms) in one transaction. If the answer to the
   * commit was lost, the next try finds its own outcomes.
   */
  push(author: Author, mutations: readonly Mutation[]): Promise<Decided | 'replaced'> {
    return this.#tools.database.write(async (connection) => {
      const [row] = await connection.rows(lockClient, [author.client])
      if (row?.[0] !== author.nonce) return 'replaced'
      return this.#decide(connection, author, mutations, Number(row[1]))
    })
  }

  async #decide(connection: Connection, author: Author, mutations: readonly Mutation[], lastSeq: number): Promise<Decided> {
    const deadline = this.#tools.clock.monotonic() + mostMilliseconds
    const results: PushResult[] = []
    let last = lastSeq
    let gap = false
    for (const mutation of mutations.slice(0, mostMutations)) {
      gap = mutation.seq > last + 1
      if (gap || (results.length > 0 && this.#tools.clock.monotonic() > deadline)) break
      if (mutation.seq <= last) {
        results.push(await this.#repeat(connection, author, mutation))
        continue
      }
      results.push(await this.#once(connection, author, mutation))
      last = mutation.seq
    }
    if (last > lastSeq) await connection.rows(moveClient, [author.client, String(last)])
    return gap ? { results, gap: { expected: last + 1 } } : { results }
  }

  /**
   * It was decided before: the same outcome, and the rows as they are now. Purging forgets only `applied`, so that no record
   * means just that.
   */
  async #repeat(connection: Connection, author: Author, mutation: Mutation): Promise<PushResult> {
    const [row] = await connection.rows(readOutcome, [author.client, String(mutation.seq)])
    const outcome = row === undefined ? ({ kind: 'applied' } as const) : (row[0] as Outcome)
    return { seq: mutation.seq, outcome, rows: await this.#rowsOf(connection, author.identity, mutation) }
  }

  async #once(connection: Connection, author: Author, mutation: Mutation): Promise<PushResult> {
    const { identity, client } = author
    let place: Place | null = null
    let outcome: Outcome
    await connection.command('savepoint mutation; set constraints all deferred')
    try {
      outcome = await applyMutation(this.#tools, connection, identity, mutation, (now) => (place = now))
      await connection.command('release savepoint mutation')
    } catch (error) {
      const rejection = rejectionOf(error, place, this.#tools.constraints)
      if (rejection === undefined) throw error
      await connection.command('rollback to savepoint mutation; release savepoint mutation')
      outcome = rejection
    }
    await connection.rows(storeOutcome, [client, String(mutation.seq), JSON.stringify(outcome)])
    return { seq: mutation.seq, outcome, rows: await this.#rowsOf(connection, identity, mutation) }
  }

  /** Rows that the mutation's ops name, as stored, as far as this identity may read them. */
  async #rowsOf(connection: Connection, identity: Verified, mutation: Mutation): Promise<Readonly<Record<string, readonly VersionedRow[]>>> {
    const { catalog } = this.#tools
    const judge = new Judge(connection, catalog, identity)
    const keys = new Map<KnownModel, Set<Uuid>>()
    for (const op of mutation.ops) {
      const model = catalog.models.get(op.model)
      if (model !== undefined) keys.set(model, (keys.get(model) ?? new Set()).add(op.id))
    }
    const rows: (readonly [string, readonly VersionedRow[]])[] = []
    for (const [model, ids] of keys) {
      const readable: Parameter = [...(await judge.allowed(model, 'read', ids))]
      if (readable.length === 0) continue
      const found = await connection.rows(model.server.sql.rows, [readable])
      rows.push([model.name, found.map((row) => model.server.toWire(row))])
    }
    return Object.fromEntries(rows)
  }
}

const mostMutations = 50
const mostMilliseconds = 200

const lockClient = `select session, last_seq from syncgen.clients where id = $1::uuid for update`

const moveClient = `update syncgen.clients set last_seq = $2::bigint, seen_at = clock_timestamp() where id = $1::uuid`

const readOutcome = `select outcome from syncgen.outcomes where client = $1::uuid and seq = $2::bigint`

const storeOutcome = `insert into syncgen.outcomes (client, seq, outcome) values ($1::uuid, $2::bigint, $3::jsonb)`
