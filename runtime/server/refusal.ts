/** How an error is told to a client: a code and nothing else. */
import { SyncError } from '../protocol/errors.js'
import type { Refused } from '../protocol/messages.js'
import { isPassing } from './sql-failure.js'

/** A refusal with the close code of the WebSocket protocol (RFC 6455, 7.4.1) that goes with it. */
export interface Refusal {
  readonly code: Refused['code']
  readonly close: number
  readonly retryAfter?: number
}

/** Ends a connection with this code. */
export class Refuse extends Error {
  readonly code: Refused['code']

  constructor(code: Refused['code']) {
    super(code)
    this.code = code
  }
}

/** Another connection of the same client has taken the place of this one: it ends without a word that the client would act on. */
export class Replaced extends Error {}

/** What to tell a client about an error, or undefined if it has left anyway. */
export const refusalOf = (error: unknown): Refusal | undefined => {
  if (error instanceof Refuse) return refusalFor(error.code)
  if (error instanceof SyncError) {
    if (error.code === 'closed') return undefined
    if (error.code === 'limit-exceeded') return refusalFor('limit-exceeded')
    if (error.code === 'malformed-frame' || error.code === 'scope-unknown') return refusalFor('malformed-frame')
    if (error.code === 'database-unreachable') return refusalFor('database-unreachable')
  }
  return refusalFor(isPassing(error) ? 'database-unreachable' : 'internal')
}

const refusalFor = (code: Refused['code']): Refusal => {
  switch (code) {
    case 'limit-exceeded':
      return { code, close: policyViolation, retryAfter: 5000 }
    case 'database-unreachable':
      return { code, close: tryAgainLater, retryAfter: 1000 }
    case 'internal':
      return { code, close: internalError, retryAfter: 5000 }
    default:
      return { code, close: policyViolation }
  }
}

const policyViolation = 1008
const internalError = 1011
const tryAgainLater = 1013
