/** What was decided before, by whichever node. */
import type { SchemaDescriptor, Uuid } from '../protocol/descriptor.js'
import { Route } from '../protocol/dialect.js'
import type { Mutation, Outcome } from '../protocol/messages.js'
import { pathFrom } from '../protocol/transition.js'
import type { Connection } from './transaction.js'

type Current = Pick<SchemaDescriptor, 'hash' | 'transitions'>

/** As it is recorded: with the run of the mutation, and, where it names anything, the version of the schema whose names those are. */
export const toRecord = (outcome: Outcome, { run }: Mutation, { hash }: Current): string =>
  JSON.stringify({ ...outcome, run, ...(outcome.kind === 'applied' ? {} : { schema: hash }) })

/**
 * The outcome of a mutation that this client pushes again. `another`: nothing was decided under its number, or not this mutation
 * but one of another run of the client. Purging forgets only `applied`, and never the last of a run, so that the next outcome
 * that is kept tells what is missing: `applied`, and of its own run. What a node of an earlier version decided is said in the names
 * of the current one.
 */
export const recorded = async (connection: Connection, current: Current, client: Uuid, { seq, run }: Pick<Mutation, 'seq' | 'run'>): Promise<Outcome | 'another'> => {
  const [row] = await connection.rows(nextOutcome, [client, String(seq)])
  if (row === undefined) return 'another'
  const [at, outcome, decided, schema] = row
  if (decided !== run) return 'another'
  return Number(at) === seq ? inWordsOf(current, schema, outcome as Outcome) : { kind: 'applied' }
}

const inWordsOf = (current: Current, schema: unknown, outcome: Outcome): Outcome => {
  const path = typeof schema === 'string' ? pathFrom(current, schema) : undefined
  return path === undefined || path.length === 0 ? outcome : new Route(path, 'up').outcome(outcome)
}

const nextOutcome = `select seq, outcome - 'run' - 'schema', outcome ->> 'run', outcome ->> 'schema' from syncgen.outcomes
where client = $1::uuid and seq >= $2::bigint order by seq limit 1`
