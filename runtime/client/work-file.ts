/** Work that the server has not taken, as text: to be kept elsewhere, or to go on with on another device. */
import { type Decode, decodeFrame, exactly, listOf, nullable, objectOf } from '../protocol/decode.js'
import { SyncError } from '../protocol/errors.js'
import { anyText, label, parseJson, uuid } from '../protocol/frame-text.js'
import type { Mutation } from '../protocol/messages.js'
import { mutation } from '../protocol/parse-mutation.js'
import type { LocalTransaction } from './outbox-entry.js'
import type { StoredRejection } from './storage.js'

/** What was pending, without numbers and runs: those are the other device's. */
export interface Work {
  readonly pending: readonly LocalTransaction[]
  readonly rejected: readonly StoredRejection[]
}

export const exportedWork = (pending: readonly LocalTransaction[], rejected: readonly StoredRejection[]): string => {
  const numbered = pending.map(({ schema, at, strict, ops }, index): Mutation => ({ seq: index + 1, run: 'exported', schema, at, strict, ops }))
  return JSON.stringify({ kind: 'syncgen-work-1', pending: numbered, rejected } satisfies WorkFile)
}

/** @throws SyncError `invalid-value` with the place that is wrong. */
export const importedWork = (text: string): Work => {
  try {
    const { pending, rejected } = decodeFrame(workFile, parseJson(text))
    return { pending: pending.map(({ schema, at, strict, ops }) => ({ schema, at, strict, ops })), rejected }
  } catch (error) {
    throw new SyncError('invalid-value', 'this is no text of exportPending()', {}, { cause: error })
  }
}

interface WorkFile {
  readonly kind: 'syncgen-work-1'
  readonly pending: readonly Mutation[]
  readonly rejected: readonly StoredRejection[]
}

const closed = { closed: true } as const

const rejection = objectOf<StoredRejection>(
  { key: label, mutation, code: anyText, model: nullable(label), id: nullable(uuid), fields: listOf(anyText) },
  closed,
)

const workFile: Decode<WorkFile> = objectOf<WorkFile>(
  { kind: exactly('syncgen-work-1'), pending: listOf(mutation), rejected: listOf(rejection) },
  closed,
)
