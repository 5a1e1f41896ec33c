/** What was decided before, by whichever node. */
import type { Uuid } from '../protocol/descriptor.js'
import type { Mutation, Outcome } from '../protocol/messages.js'
import type { Connection } from './transaction.js'

/**
 * The outcome of a mutation that this client pushes again. `another`: nothing was decided under its number, or not this mutation
 * but one of another run of the client. Purging forgets only `applied`, and never the last of a run, so that the next outcome
 * that is kept tells what is missing: `applied`, and of its own run.
 */
export const recorded = async (connection: Connection, client: Uuid, { seq, run }: Mutation): Promise<Outcome | 'another'> => {
  const [row] = await connection.rows(nextOutcome, [client, String(seq)])
  if (row === undefined) return 'another'
  const [at, outcome, decided] = row
  if (decided !== run) return 'another'
  return Number(at) === seq ? (outcome as Outcome) : { kind: 'applied' }
}

const nextOutcome = `select seq, outcome - 'run', outcome ->> 'run' from syncgen.outcomes
where client = $1::uuid and seq >= $2::bigint order by seq limit 1`
