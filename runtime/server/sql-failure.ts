/**
 * What an error of the database means (PostgreSQL documentation, appendix "PostgreSQL Error Codes"). A permanent failure
 * belongs to the statement that caused it and will happen again; a passing one is worth another try.
 */
import { SyncError } from '../protocol/errors.js'

/** What is read of an error; the driver's errors have all of these, those of sockets only `code`. */
export interface SqlFailure {
  readonly code: string
  readonly constraint: string | undefined
  readonly column: string | undefined
  readonly table: string | undefined
}

/** The SQLSTATE and names of an error, or undefined if it did not come from the database. */
export const sqlFailure = (error: unknown): SqlFailure | undefined => {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !/^[0-9A-Z]{5}$/.test(error.code))
    return undefined
  const name = (key: string): string | undefined => {
    const value = (error as unknown as Readonly<Record<string, unknown>>)[key]
    return typeof value === 'string' ? value : undefined
  }
  return { code: error.code, constraint: name('constraint'), column: name('column'), table: name('table') }
}

/**
 * Whether the same work may succeed in a new transaction: serialization failures and deadlocks (40), lost connections (08,
 * 57P), exhausted resources (53), a lock that was not to be had (55P03), a plan that a migration outdated (0A000).
 */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof SyncError) return error.code === 'database-unreachable'
  const failure = sqlFailure(error)
  if (failure !== undefined) return /^(40|08|53|57|58|55P03|25P03|0A000|XX000$)/.test(failure.code)
  return (
    error instanceof Error &&
    (isNetworkError(error) ||
      /^(Connection terminated|Client has encountered|Client was closed|Query read timeout|timeout e)/.test(error.message))
  )
}

/**
 * Whether it is open who is to blame: the mutation, or a database that is not as it should be (a table that a migration is about
 * to add, a right that was not granted, a damaged index, a statement that was cancelled). Not what concerns all work alike.
 */
export const isDoubtful = (error: unknown): boolean => {
  const failure = sqlFailure(error)
  return failure !== undefined && (!isPassing(error) || /^(57014|0A000|XX000)/.test(failure.code))
}

/** Whether the transaction certainly did not happen, and may succeed if run again: serialization failure, deadlock. */
export const wasRolledBack = (error: unknown): boolean => /^(40001|40P01)$/.test(sqlFailure(error)?.code ?? '')

/** Whether the connection can be used again after this error. */
export const breaksConnection = (error: unknown): boolean => {
  const failure = sqlFailure(error)
  return failure === undefined ? isPassing(error) : /^(08|57P|0A000)/.test(failure.code)
}

const isNetworkError = (error: Error): boolean =>
  'code' in error && /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/.test(String(error.code))
