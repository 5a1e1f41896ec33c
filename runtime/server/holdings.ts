/** Asks a client what it holds, and gathers the answer. */
import type { Uuid } from '../protocol/descriptor.js'
import { SyncError } from '../protocol/errors.js'
import type { Hold } from '../protocol/messages.js'
import type { Timers } from '../protocol/ports.js'
import type { Channel } from './channel.js'
import type { LineCursor } from './line-cursor.js'

export class Holdings {
  readonly #channel: Channel
  readonly #timers: Timers
  readonly #mostRows: number
  readonly #patience: number
  #asked: Question | undefined

  constructor(channel: Channel, timers: Timers, mostRows: number, patience: number) {
    this.#channel = channel
    this.#timers = timers
    this.#mostRows = mostRows
    this.#patience = patience
  }

  /**
   * Resolves when these lines know what the client holds of them.
   * @throws SyncError `closed` if it does not say so in time, or leaves.
   */
  async ask(attempt: number, lines: readonly LineCursor[]): Promise<void> {
    if (this.#channel.closed) throw unanswered()
    const scopes = [...new Set(lines.map(({ bound }) => bound.instance.id))]
    const held = new Map(lines.map(({ bound }) => [keyOf(bound.instance.id, bound.line.model), new Map<Uuid, number>()]))
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#timers.after(this.#patience, () => this.cancel())
      const settle = (error?: SyncError): void => {
        cancel()
        this.#asked = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
      this.#asked = { attempt, held, room: this.#mostRows, settle }
      this.#channel.send({ kind: 'wanted', attempt, scopes })
    })
    for (const line of lines) line.hold(held.get(keyOf(line.bound.instance.id, line.bound.line.model)) ?? new Map<Uuid, number>())
  }

  /**
   * A part of the answer. Of an attempt that is over it means nothing.
   * @throws SyncError `malformed-frame` for scopes or models that were not asked for; `limit-exceeded`.
   */
  hear({ attempt, scope, model, rows, last }: Hold): void {
    const asked = this.#asked
    if (asked?.attempt !== attempt) return
    asked.room -= rows.length
    if (asked.room < 0) throw new SyncError('limit-exceeded', `at most ${this.#mostRows} rows can be held`)
    const held = asked.held.get(keyOf(scope, model))
    if (held === undefined && rows.length > 0)
      throw new SyncError('malformed-frame', 'hold names a scope or model that was not asked for')
    for (const [id, version] of rows) held?.set(id, version)
    if (last) asked.settle()
  }

  /** The client will not answer any more. */
  cancel(): void {
    this.#asked?.settle(unanswered())
  }
}

interface Question {
  readonly attempt: number
  readonly held: ReadonlyMap<string, Map<Uuid, number>>
  room: number
  readonly settle: (error?: SyncError) => void
}

const unanswered = (): SyncError => new SyncError('closed', 'the client did not say what it holds')

const keyOf = (scope: number, model: string): string => `${scope} ${model}`
