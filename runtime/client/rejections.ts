/**
 * Local transactions that the server refused, kept for the app until it tries them again or dismisses them: over restarts, and put
 * there by the storage transaction that takes them out of the outbox, so that no crash loses one. Owns their list.
 */
import { SyncError } from '../protocol/errors.js'
import type { Mutation, Outcome } from '../protocol/messages.js'
import type { Log } from '../protocol/ports.js'
import type { Draft, GivenValues } from './draft.js'
import type { DiscardedChange, Rejection } from './events.js'
import { type Journal, storageError } from './journal.js'
import { discardedChanges } from './op-values.js'
import type { Writing } from './query-types.js'
import type { StoredRejection } from './storage.js'
import type { Store } from './store.js'

/** Beyond this the oldest is given up, and the log says so. */
const mostKept = 1_000

export interface RejectionParts {
  readonly journal: Journal
  readonly store: Store
  readonly log: Log
  /** Writes a local transaction. */
  readonly write: (write: (draft: Draft) => void, strict: boolean) => Writing
}

export class Rejections {
  readonly #parts: RejectionParts
  /** Oldest first. */
  #kept: readonly StoredRejection[] = []

  constructor(parts: RejectionParts) {
    this.#parts = parts
  }

  /** Takes over what was stored. */
  restore(stored: readonly StoredRejection[]): void {
    this.#kept = stored
  }

  all(): readonly Rejection[] {
    return this.#kept.map((each) => this.#shown(each))
  }

  /** For a file: as stored. */
  get stored(): readonly StoredRejection[] {
    return this.#kept
  }

  /** The server refused: from now on the app has it. The outbox stores it. */
  add(mutation: Mutation, { code, model, id, fields }: Extract<Outcome, { kind: 'rejected' }>): Rejection {
    const key = `${this.#parts.journal.device.client}/${mutation.seq}`
    const rejection = { key, mutation, code, model, id, fields }
    this.#kept = [...this.#kept.filter((each) => each.key !== key), rejection]
    return this.#shown(rejection)
  }

  /** What is to be stored of the rejections of these numbers; keys of those that are given up for them. */
  storing(seqs: readonly number[]): RejectionChange {
    const keys = seqs.map((seq) => `${this.#parts.journal.device.client}/${seq}`)
    const given = this.#kept.slice(0, Math.max(0, this.#kept.length - mostKept))
    if (given.length > 0) this.#parts.log('warn', 'rejections-given-up', { count: given.length })
    this.#kept = this.#kept.slice(given.length)
    return { kept: this.#kept.filter(({ key }) => keys.includes(key)), dismissed: given.map(({ key }) => key) }
  }

  /** Puts in what came from elsewhere. Resolves when it is stored. */
  async take(others: readonly StoredRejection[]): Promise<void> {
    const fresh = others.filter(({ key }) => !this.#kept.some((each) => each.key === key))
    this.#kept = [...this.#kept, ...fresh]
    await this.#store({ kept: fresh, dismissed: [] })
  }

  #shown(rejection: StoredRejection): Rejection {
    const { key, mutation, ...reason } = rejection
    return {
      ...reason,
      mutation,
      discarded: discardedChanges(this.#parts.store, mutation.ops),
      retry: (patch = {}) => this.#retry(rejection, patch),
      dismiss: () => this.#dismiss(key),
    }
  }

  #dismiss(key: string): Promise<void> {
    this.#kept = this.#kept.filter((each) => each.key !== key)
    return this.#store({ kept: [], dismissed: [key] })
  }

  #retry(rejection: StoredRejection, patch: GivenValues): Writing {
    const { key, mutation } = rejection
    if (!this.#kept.includes(rejection)) throw new SyncError('row-unknown', 'this rejection was tried again, or dismissed, before')
    const changes = discardedChanges(this.#parts.store, mutation.ops)
    const refused = mutation.ops.findIndex(({ model, id }) => model === rejection.model && id === rejection.id)
    const writing = this.#parts.write((draft) => {
      for (const [at, change] of changes.entries()) {
        const op = mutation.ops[at]
        const meant = at === Math.max(0, refused) ? { ...change, values: { ...change.values, ...patch } } : change
        writeAgain(draft, meant, op?.op === 'create' && op.restore === true)
      }
    }, mutation.strict)
    // Not before it is in the outbox: a crash in between leaves both, never none.
    writing.durable.then(
      () => this.#dismiss(key),
      () => writing.confirmed.then(() => this.#dismiss(key)), // There was no room at first; it is stored by now.
    ).catch((error: unknown) => this.#parts.log('warn', 'rejection-not-dismissed', { code: storageError(error).code }))
    return writing
  }

  #store(change: RejectionChange): Promise<void> {
    const { journal } = this.#parts
    return journal.run((storage) => storage.update([], [], journal.device, change))
  }
}

export interface RejectionChange {
  readonly kept: readonly StoredRejection[]
  /** Keys. */
  readonly dismissed: readonly string[]
}

/** The same op on the rows of today. */
const writeAgain = (draft: Draft, { op, model, id, values }: DiscardedChange, restores: boolean): void => {
  switch (op) {
    case 'create':
      if (restores) draft.restore(model, { id, ...values })
      else draft.create(model, { id, ...values })
      return
    case 'update':
      draft.update(model, id, values)
      return
    case 'delete':
      draft.delete(model, id)
  }
}
