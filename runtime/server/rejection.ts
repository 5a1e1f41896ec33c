/** Why a mutation ends without effect, and how errors of the database become reasons: codes and names, never values. */
import type { Uuid } from '../protocol/descriptor.js'
import type { Outcome } from '../protocol/messages.js'
import type { ConstraintFields } from './constraints.js'
import { sqlFailure } from './sql-failure.js'

type Rejection = Extract<Outcome, { kind: 'rejected' }>

/** Where in a mutation something was refused. */
export interface Place {
  readonly model: string
  readonly id: Uuid
}

/** Ends a mutation: its savepoint is rolled back, and this is its outcome. */
export class Rejected extends Error {
  readonly outcome: Rejection

  constructor(code: string, place: Place | null, fields: readonly string[] = []) {
    super(code)
    this.outcome = { kind: 'rejected', code, model: place?.model ?? null, id: place?.id ?? null, fields }
  }
}

/**
 * The rejection that an error of the database means, or undefined if it is not the mutation's fault (a lost connection, a
 * missing table): then nothing was decided, and the same mutation will come again.
 */
export const rejectionOf = (error: unknown, place: Place | null, constraints: ConstraintFields): Rejection | undefined => {
  if (error instanceof Rejected) return error.outcome
  const failure = sqlFailure(error)
  const code = failure === undefined ? undefined : codeOf(failure.code)
  if (failure === undefined || code === undefined) return undefined
  const at = constraints.place(failure)
  const own = at === undefined || at.model === place?.model
  return {
    kind: 'rejected',
    code,
    model: at?.model ?? place?.model ?? null,
    id: own ? (place?.id ?? null) : null,
    fields: at?.fields ?? [],
  }
}

/** PostgreSQL documentation, appendix A: 22 data exceptions, 23 integrity, 44 check option, 54 limits, P0 raised by triggers. */
const codeOf = (state: string): string | undefined => {
  switch (state) {
    case '23505':
    case '23P01':
      return 'unique'
    case '23503':
    case '23001':
      return 'reference'
    case '23514':
    case '44000':
      return 'check'
    default:
      if (/^(22|23|54)/.test(state)) return 'invalid'
      return /^(09|27|38|39|2F|P0)/.test(state) ? 'check' : undefined
  }
}
