/**
 * What clients push: each mutation exactly once, in the order of its client. Outcome, sequence number and effect commit
 * together, so that whoever asks again, for whatever reason, gets the same answer.
 */
import type { Uuid } from '../protocol/descriptor.js'
import type { LostField, MergedLink, Mutation, Outcome, PushResult, VersionedRow } from '../protocol/messages.js'
import type { Clock } from '../protocol/ports.js'
import { type MutationTools, applyMutation } from './apply-mutation.js'
import { HookFailed } from './before-write.js'
import { possibleTime, stampCommand } from './edit-times.js'
import { recorded, toRecord, withUnconverted } from './outcomes.js'
import type { Verified } from './identity.js'
import { Judge } from './judge.js'
import { followLinks } from './links.js'
import { type Place, rejectionOf } from './rejection.js'
import { storedKey } from './stored-rows.js'
import { isDoubtful, isPassing, sqlFailure } from './sql-failure.js'
import type { Connection, Database } from './transaction.js'
import { Troubles } from './troubles.js'

export interface PushTools extends MutationTools {
  readonly database: Database
  readonly clock: Clock
  /** How long a mutation may hold up what follows it, ms: see Troubles. */
  readonly doubtFor: number
}

/** Who pushes. */
export interface Author {
  readonly client: Uuid
  /** Of its session; another one in the database means that the client has come back elsewhere. */
  readonly nonce: string
  readonly identity: Verified
  readonly unconverted: Unconverted
}

/** What of the mutation of a number has no place in today's version of the schema, in the words of the version under which it was written. */
export type Unconverted = (seq: number) => readonly LostField[]

/** What was decided of a push: a first part of it, and why it ends there if it is not all. */
export interface Decided {
  readonly results: readonly PushResult[]
  readonly gap?: { readonly expected: number }
}

export class Pusher {
  readonly #tools: PushTools
  readonly #troubles: Troubles

  constructor(tools: PushTools) {
    this.#tools = tools
    this.#troubles = new Troubles(tools.clock, tools.doubtFor)
  }

  /**
   * Decides the first mutations of a push (at most 50, or as many as take 200 ms) in one transaction. If the answer to the
   * commit was lost, the next try finds its own outcomes. No mutation holds up for ever what follows it: one that the database
   * fails on again and again, for a reason that may be its own, is rejected in the end.
   */
  async push(author: Author, mutations: readonly Mutation[]): Promise<Decided | 'replaced'> {
    for (let course = begun; ;) {
      const now = { ...course }
      try {
        const decided = await this.#push(author, mutations, now)
        if (decided !== 'replaced' && decided.results.length > 0) this.#troubles.over(author.client)
        return decided
      } catch (error) {
        course = this.#otherCourse(author, now, error)
      }
    }
  }

  /**
   * The outcomes of what was decided under an id that its asker is not to go on with: a fork. Decides nothing. The first that was not
   * decided, or is not what was decided under its number, is the gap.
   */
  recall(client: Uuid, mutations: readonly Mutation[], unconverted: Unconverted): Promise<Decided> {
    return this.#tools.database.read(async (connection) => {
      const results: PushResult[] = []
      for (const mutation of mutations) {
        const outcome = await recorded(connection, this.#tools.catalog.schema, client, mutation, unconverted(mutation.seq))
        if (outcome === 'another') return { results, gap: { expected: mutation.seq } }
        results.push({ seq: mutation.seq, outcome, rows: {} })
      }
      return { results }
    })
  }

  /** How the push is tried again, if it is worth it. @throws the error if it is not. */
  #otherCourse(author: Author, { failing, answering, ...course }: Course, error: unknown): Course {
    if (answering && !course.withoutRows && (isDoubtful(error) || !isPassing(error))) {
      this.#tools.log('error', 'answer-failed', { law: 'V104', client: author.client, error: textOf(error) })
      return { ...begun, ...course, tries: 0, withoutRows: true }
    }
    const mayBeItsOwn = error instanceof HookFailed || isDoubtful(error)
    if (failing === null || !mayBeItsOwn || !this.#troubles.isHopeless(author.client, failing.seq)) throw error
    this.#logFailed('V92', author, failing, error)
    return { ...begun, ...course, tries: 0, hopeless: failing }
  }

  #push(author: Author, mutations: readonly Mutation[], course: Course): Promise<Decided | 'replaced'> {
    return this.#tools.database.write(async (connection) => {
      course.failing = null
      course.answering = false
      course.tries += 1
      const [row] = await connection.rows(lockClient, [author.client])
      const [session, lastSeq, now] = row ?? []
      if (session !== author.nonce) return 'replaced'
      return this.#decide(connection, author, mutations, Number(lastSeq), Number(now), course)
    })
  }

  async #decide(
    connection: Connection,
    author: Author,
    mutations: readonly Mutation[],
    lastSeq: number,
    now: number,
    course: Course,
  ): Promise<Decided | 'replaced'> {
    const deadline = this.#tools.clock.monotonic() + mostMilliseconds
    const decided: Decision[] = []
    let last = lastSeq
    let gap = 0
    // One mutation locks its rows in one order; several may have met another push that locks in another. Again, that is one by one.
    for (const mutation of mutations.slice(0, course.tries > 1 ? 1 : mostMutations)) {
      if (mutation.seq > last + 1) gap = last + 1
      if (gap > 0 || (decided.length > 0 && this.#tools.clock.monotonic() > deadline)) break
      const repeated = mutation.seq <= last
      const outcome = repeated
        ? await recorded(connection, this.#tools.catalog.schema, author.client, mutation, author.unconverted(mutation.seq))
        : await this.#once(connection, author, mutation, now, decided, course)
      if (outcome === 'undecided') break
      if (outcome === 'another') {
        gap = mutation.seq
        break
      }
      decided.push({ mutation, outcome, repeated })
      last = Math.max(last, mutation.seq)
    }
    await this.#record(connection, author, decided, last)
    course.answering = true
    const results = await this.#withRows(connection, author, decided, course)
    course.answering = false
    return gap > 0 ? { results, gap: { expected: gap } } : { results }
  }

  /** `undecided`: the database failed on it; what was decided before it stands, and it is the first of the next push. */
  async #once(
    connection: Connection,
    author: Author,
    mutation: Mutation,
    now: number,
    before: readonly Decision[],
    course: Course,
  ): Promise<Outcome | 'undecided'> {
    const { hopeless } = course
    if (hopeless?.seq === mutation.seq) return { kind: 'rejected', code: hopeless.code, ...(hopeless.place ?? nowhere), fields: [] }
    const at = possibleTime(mutation.at, now)
    let place: Place | null = null
    await connection.command(`savepoint mutation; set constraints all deferred; ${stampCommand(at)}`)
    try {
      const meant = await followLinks(connection, this.#tools.catalog, author.client, before.flatMap(linksOf), mutation)
      const outcome = await applyMutation(this.#tools, connection, author.identity, meant, at, (doing) => (place = doing))
      await connection.command('set constraints all immediate; release savepoint mutation')
      return withUnconverted(outcome, author.unconverted(mutation.seq))
    } catch (error) {
      const { constraints } = this.#tools
      const outcome = rejectionOf(error, place, constraints) ?? this.#failed(author, mutation, place, error)
      if (outcome === undefined) {
        const isHook = error instanceof HookFailed
        course.failing = { seq: mutation.seq, place, code: isHook ? 'failed' : 'internal' }
        if (before.length === 0 || !(isHook || isDoubtful(error))) throw error
      }
      await connection.command('rollback to savepoint mutation; release savepoint mutation')
      if (outcome === undefined) return 'undecided'
      return (await constraints.learn(connection, error)) ? (rejectionOf(error, place, constraints) ?? outcome) : outcome
    }
  }

  /** An error that is neither a rejection nor the database's is a bug of ours. It would happen again: the mutation ends here. */
  #failed(author: Author, { seq }: Mutation, place: Place | null, error: unknown): Outcome | undefined {
    if (error instanceof HookFailed || sqlFailure(error) !== undefined || isPassing(error)) return undefined
    this.#logFailed('V90', author, { seq, place, code: 'internal' }, error)
    return { kind: 'rejected', code: 'internal', ...(place ?? nowhere), fields: [] }
  }

  #logFailed(law: string, { client }: Author, { seq, place }: Failing, error: unknown): void {
    this.#tools.log('error', 'mutation-failed', { law, client, seq, model: place?.model ?? null, error: textOf(error) })
  }

  async #record(connection: Connection, { client }: Author, decided: readonly Decision[], last: number): Promise<void> {
    const fresh = decided.filter(({ repeated }) => !repeated)
    if (fresh.length === 0) return
    const outcomes = fresh.map(({ mutation, outcome }) => [mutation.seq, toRecord(outcome, mutation, this.#tools.catalog.schema)] as const)
    await connection.rows(record, [
      client,
      String(last),
      outcomes.map(([seq]) => String(seq)),
      outcomes.map(([, outcome]) => outcome),
    ])
  }

  /** Adds the rows that the mutations' ops name, as they are now, as far as this identity may read them; none if they could not be read. */
  async #withRows(
    connection: Connection,
    { identity }: Author,
    decided: readonly Decision[],
    { withoutRows }: Course,
  ): Promise<readonly PushResult[]> {
    const { catalog } = this.#tools
    const judge = new Judge(connection, catalog, identity)
    const ops = withoutRows ? [] : decided.flatMap(keysOf)
    const rows = new Map<string, VersionedRow>()
    for (const name of new Set(ops.map(({ model }) => model))) {
      const model = catalog.models.get(name)
      if (model === undefined) continue
      const found = await judge.readableRows(model, new Set(ops.filter((op) => op.model === name).map(({ id }) => id)))
      for (const row of found) rows.set(storedKey(name, String(row[0])), model.server.toWire(row))
    }
    return decided.map(({ mutation, outcome }) => ({ seq: mutation.seq, outcome, rows: rowsOf(keysOf({ mutation, outcome }), rows) }))
  }
}

/** A mutation that something went wrong with, and where in it. */
interface Failing {
  readonly seq: number
  readonly place: Place | null
  /** What it is rejected with in the end. */
  readonly code: 'failed' | 'internal'
}

/** How a push goes. */
interface Course {
  /** Transactions that were begun for it. */
  tries: number
  /** What it failed on. */
  failing: Failing | null
  /** Whether all is decided, and the rows for the answer are being read. */
  answering: boolean
  /** What is not tried again. */
  readonly hopeless: Failing | null
  /** Whether it is answered without rows: to read them failed. */
  readonly withoutRows: boolean
}

const begun: Course = { tries: 0, failing: null, answering: false, hopeless: null, withoutRows: false }

interface Decision {
  readonly mutation: Mutation
  readonly outcome: Outcome
  readonly repeated: boolean
}

/** Rows that a mutation names, and those that stand for its links. */
const keysOf = ({ mutation, outcome }: Pick<Decision, 'mutation' | 'outcome'>): readonly Place[] => [
  ...mutation.ops,
  ...linksOf({ outcome }).map(({ model, into }) => ({ model, id: into })),
]

const linksOf = ({ outcome }: Pick<Decision, 'outcome'>): readonly MergedLink[] => (outcome.kind === 'merged' ? (outcome.links ?? []) : [])

const rowsOf = (keys: readonly Place[], rows: ReadonlyMap<string, VersionedRow>): PushResult['rows'] => {
  const own = new Map<string, Map<Uuid, VersionedRow>>()
  for (const { model, id } of keys) {
    const row = rows.get(storedKey(model, id))
    if (row !== undefined) own.set(model, (own.get(model) ?? new Map<Uuid, VersionedRow>()).set(id, row))
  }
  return Object.fromEntries([...own].map(([model, byId]) => [model, [...byId.values()]]))
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : 'no error')

const nowhere = { model: null, id: null } as const

const mostMutations = 50
const mostMilliseconds = 200

const lockClient = `select session, last_seq, floor(extract(epoch from clock_timestamp()) * 1000)::bigint
from syncgen.clients where id = $1::uuid for update`

const record = `with moved as (update syncgen.clients set last_seq = $2::bigint, seen_at = clock_timestamp() where id = $1::uuid)
insert into syncgen.outcomes (client, seq, outcome)
select $1::uuid, d.seq, d.outcome from unnest($3::bigint[], $4::jsonb[]) d(seq, outcome)`
