/** What was decided before, by whichever node. */
import type { SchemaDescriptor, Uuid } from '../protocol/descriptor.js'
import { Route } from '../protocol/dialect.js'
import type { LostField, Mutation, Outcome } from '../protocol/messages.js'
import { pathFrom } from '../protocol/transition.js'
import type { Connection } from './transaction.js'

type Current = Pick<SchemaDescriptor, 'hash' | 'transitions'>

/** As it is recorded: with the run of the mutation, and, where it names anything, the version of the schema whose names those are. */
export const toRecord = (outcome: Outcome, { run }: Mutation, { hash }: Current): string =>
  JSON.stringify({ ...outcome, run, ...(outcome.kind === 'applied' ? {} : { schema: hash }) })

/** What its author wrote under another version of the schema and has no place in this one is part of the outcome, and recorded with it. */
export const withUnconverted = (outcome: Outcome, unconverted: readonly LostField[]): Outcome =>
  outcome.kind === 'rejected' || unconverted.length === 0 ? outcome : { lost: [], ...outcome, kind: 'merged', unconverted }

/**
 * The outcome of a mutation that this client pushes again. `another`: nothing was decided under its number, or not this mutation
 * but one of another run of the client. Purging forgets only `applied`, and never the last of a run, so that the next outcome
 * that is kept tells what is missing: `applied`, and of its own run. What a node of an earlier version decided is said in the names
 * of the current one. Of what has no place today, that alone is told as such which had none in the version that decided.
 */
export const recorded = async (
  connection: Connection,
  current: Current,
  client: Uuid,
  { seq, run }: Pick<Mutation, 'seq' | 'run'>,
  unconverted: readonly LostField[],
): Promise<Outcome | 'another'> => {
  const [row] = await connection.rows(nextOutcome, [client, String(seq)])
  if (row === undefined) return 'another'
  const [at, outcome, decided, schema] = row
  if (decided !== run) return 'another'
  return Number(at) === seq ? toldToday(outcome as Outcome, current, schema, unconverted) : { kind: 'applied' }
}

const toldToday = (outcome: Outcome, current: Current, schema: unknown, today: readonly LostField[]): Outcome => {
  const path = typeof schema === 'string' ? pathFrom(current, schema) : []
  const route = path === undefined || path.length === 0 ? undefined : new Route(path, 'up')
  const told = (each: Outcome): Outcome => route?.outcome(each) ?? each
  if (outcome.kind !== 'merged') return told(outcome)
  const { unconverted = [], ...others } = outcome
  // A node of a later version decided: what has a place here had none there.
  if (path === undefined) return withUnconverted({ ...others, lost: [...others.lost, ...unconverted] }, unconverted)
  // What kept the server's value, in a field that is gone since then, has no place either.
  const nameless = others.lost.filter((each) => isWhole(told({ kind: 'merged', lost: [each] })))
  if (unconverted.length + nameless.length === 0) return told(outcome)
  const merged = told(others)
  const still = [...unconverted, ...nameless].flatMap((lost) => placesOf(lost, today))
  return isWhole(merged) && still.length === 0 ? { kind: 'applied' } : withUnconverted(merged, [...new Set(still)])
}

const isWhole = (outcome: Outcome): boolean => outcome.kind === 'merged' && outcome.lost.length === 0 && outcome.links === undefined

/** The author may have another name for a field than the version that decided: then all of the row are meant. */
const placesOf = (lost: LostField, today: readonly LostField[]): readonly LostField[] => {
  const ofRow = today.filter(({ id }) => id === lost.id)
  const exact = ofRow.filter(({ model, field }) => model === lost.model && field === lost.field)
  return exact.length > 0 ? exact : ofRow
}

const nextOutcome = `select seq, outcome - 'run' - 'schema', outcome ->> 'run', outcome ->> 'schema' from syncgen.outcomes
where client = $1::uuid and seq >= $2::bigint order by seq limit 1`
