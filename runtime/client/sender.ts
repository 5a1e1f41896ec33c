/** Sends what the outbox has stored: in order, cut into frames, a few of them at a time. */
import type { Mutation } from '../protocol/messages.js'
import { type OutboxEntry, mutationOf } from './outbox-entry.js'
import { nextBatch } from './push-batch.js'

/** Sends mutations over one connection; returns how many: the rest has to wait for another server. */
export type Push = (mutations: readonly Mutation[]) => number

/** Frames on their way at any time: enough to keep the line busy, few enough not to be refused. */
const mostUnanswered = 4

export class Sender {
  #push: Push | null = null
  #limit = Number.POSITIVE_INFINITY
  /** In order. */
  #unsent: OutboxEntry[] = []
  /** Numbers on their way, frame by frame. */
  #unanswered: Set<number>[] = []

  get isUnanswered(): boolean {
    return this.#unanswered.length > 0
  }

  /** From now on sends through `push`: these first, then what becomes ready. `limit`: nothing with a higher number. */
  connected(push: Push, undecided: readonly OutboxEntry[], limit: number): void {
    this.#push = push
    this.#limit = limit
    this.#unsent = [...undecided]
    this.#unanswered = []
    this.#send()
  }

  disconnected(): void {
    this.#push = null
    this.#unsent = []
    this.#unanswered = []
  }

  /** It is stored now, as the last one. */
  ready(entry: OutboxEntry): void {
    if (this.#push === null) return
    this.#unsent.push(entry)
    this.#send()
  }

  /** The server has decided these numbers. */
  answered(seqs: readonly number[]): void {
    for (const frame of this.#unanswered) for (const seq of seqs) frame.delete(seq)
    this.#unanswered = this.#unanswered.filter((frame) => frame.size > 0)
    this.#send()
  }

  #send(): void {
    while (this.#push !== null && this.#unanswered.length < mostUnanswered) {
      const mutations = nextBatch(this.#unsent).flatMap((entry) =>
        entry.seq === null || entry.seq > this.#limit ? [] : [{ seq: entry.seq, ...mutationOf(entry) }],
      )
      if (mutations.length === 0) return
      const sent = mutations.slice(0, this.#push(mutations))
      this.#unsent = this.#unsent.slice(sent.length)
      if (sent.length > 0) this.#unanswered.push(new Set(sent.map(({ seq }) => seq)))
      if (sent.length < mutations.length) this.#limit = (mutations[sent.length]?.seq ?? 0) - 1
    }
  }
}
