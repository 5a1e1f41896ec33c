/** Asks a client what it holds, and gathers the answers. */
import { SyncError } from '../protocol/errors.js'
import type { Hold, WantedLine } from '../protocol/messages.js'
import type { Timers } from '../protocol/ports.js'
import type { Channel } from './channel.js'
import type { LineComparison } from './line-comparison.js'

/** A line of which it is to be found out what the client holds. */
export interface Unknown {
  readonly scope: number
  readonly model: string
  readonly comparison: LineComparison
}

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
   * Resolves when the client has said what it can of each line: what it holds is known, or digests of the database are needed.
   * @throws SyncError `closed` if it does not say so in time, or leaves.
   */
  async ask(attempt: number, lines: readonly Unknown[]): Promise<void> {
    let room = this.#mostRows
    for (;;) {
      const asked = lines.filter(({ comparison }) => comparison.wish !== undefined)
      if (asked.length === 0) return
      room = await this.#question(attempt, asked, room)
      for (const { comparison } of asked) comparison.heard()
    }
  }

  /**
   * A part of the answer. Of an attempt that is over it means nothing.
   * @throws SyncError `malformed-frame` for what was not asked for; `limit-exceeded`.
   */
  hear({ attempt, scope, model, form, bytes, last }: Hold): void {
    const asked = this.#asked
    if (asked?.attempt !== attempt) return
    // Before anything is made of it.
    if (form === 'keys' && bytes.length / charactersOfKey > asked.room) {
      throw new SyncError('limit-exceeded', `at most ${this.#mostRows} rows can be held`)
    }
    const comparison = asked.lines.get(keyOf(scope, model))
    if (comparison === undefined && bytes !== '')
      throw new SyncError('malformed-frame', 'hold names a scope or model that was not asked for')
    if (bytes !== '') asked.room -= comparison?.hear({ form, bytes }) ?? 0
    if (last) asked.settle()
  }

  /** The client will not answer any more. */
  cancel(): void {
    this.#asked?.settle(unanswered())
  }

  /** Returns how many keys may still come. */
  async #question(attempt: number, unknown: readonly Unknown[], room: number): Promise<number> {
    if (this.#channel.closed) throw unanswered()
    const lines = new Map(unknown.map(({ scope, model, comparison }) => [keyOf(scope, model), comparison]))
    return new Promise<number>((resolve, reject) => {
      const cancel = this.#timers.after(this.#patience, () => this.cancel())
      const settle = (error?: SyncError): void => {
        cancel()
        this.#asked = undefined
        if (error === undefined) resolve(question.room)
        else reject(error)
      }
      const question: Question = { attempt, lines, room, settle }
      this.#asked = question
      this.#channel.send({ kind: 'wanted', attempt, lines: unknown.flatMap(wantedLine) })
    })
  }
}

interface Question {
  readonly attempt: number
  readonly lines: ReadonlyMap<string, LineComparison>
  room: number
  readonly settle: (error?: SyncError) => void
}

const wantedLine = ({ scope, model, comparison: { wish } }: Unknown): readonly WantedLine[] =>
  wish === undefined ? [] : [{ scope, model, ...wish }]

const unanswered = (): SyncError => new SyncError('closed', 'the client did not say what it holds')

const keyOf = (scope: number, model: string): string => `${scope} ${model}`

/** 24 bytes in base64. */
const charactersOfKey = 32
