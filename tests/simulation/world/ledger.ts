/** What the apps did and what became of it: the other side of every promise that the client makes. */
import type { Mutation, Outcome } from '../../../runtime/protocol/messages.js'

export type Fate = 'pending' | 'applied' | 'merged' | 'rejected' | 'unknown' | 'lost'

/** One local transaction. */
export interface LocalWrite {
  readonly device: string
  readonly at: number
  /** In which run of its device, and when there: `madeIn`. Null: it changed nothing, and is no mutation. */
  readonly made: string | null
  readonly what: string
  /** Texts that nobody else wrote; those of the last value of each field. */
  readonly marks: readonly string[]
  readonly rows: readonly { readonly model: string; readonly id: string; readonly op: 'create' | 'update' | 'delete' }[]
  isDurable: boolean
  /** `unknown`: the device died before it heard. `lost`: with the storage that held it, as declared. */
  fate: Fate
  outcome: Outcome | null
}

/** What tells a mutation from all others, of copies of its device, too. */
export const madeIn = ({ run, at }: Pick<Mutation, 'run' | 'at'>): string => `${run} ${at}`

export class Ledger {
  readonly writes: LocalWrite[] = []
  /** How many writes there were when a device's storage was last replaced. */
  readonly #replaced = new Map<string, number>()
  /** Rejected in a history that the database has left, and not stored as such before. */
  readonly #doubtful = new Set<LocalWrite>()
  /** Texts that an app had kept for itself, in storage that was lost. */
  readonly wentWithDisks = new Set<string>()

  add(write: LocalWrite): LocalWrite {
    this.writes.push(write)
    return write
  }

  /** A device that died did not hear what becomes of its writes. */
  died(device: string): void {
    for (const write of this.#of(device, 'pending')) write.fate = write.isDurable ? 'unknown' : 'lost'
  }

  /** What is stored is not what was: writes that do not wait there were lost with it, as declared, and so are texts that the app had kept there. */
  replaced(device: string, waiting: ReadonlySet<string>, kept: readonly string[]): void {
    for (const mark of kept) this.wentWithDisks.add(mark)
    this.#replaced.set(device, this.writes.length)
    for (const write of this.#of(device, 'unknown')) if (write.made === null || !waiting.has(write.made)) write.fate = 'lost'
  }

  /** The database was restored: what a device heard to be rejected, and still has in its outbox if it dies now, may be decided otherwise. */
  restored(device: string, waiting: ReadonlySet<string>): void {
    for (const write of this.#of(device, 'rejected')) if (write.made !== null && waiting.has(write.made)) this.#doubtful.add(write)
  }

  /** An event told what became of a write of an earlier life. */
  told(device: string, mutation: Pick<Mutation, 'run' | 'at'>, fate: Fate, outcome: Outcome | null): void {
    const write = this.writes.findLast((each) => each.device === device && each.made === madeIn(mutation))
    if (write === undefined) return
    const isAnew = this.#doubtful.delete(write)
    if (write.fate !== 'unknown' && write.fate !== 'lost' && !isAnew) return
    write.fate = fate
    write.outcome = outcome
  }

  /** The writes of a device since its storage was last replaced by another, or an earlier one. */
  sinceReplaced(device: string): readonly LocalWrite[] {
    return this.writes.slice(this.#replaced.get(device) ?? 0).filter((write) => write.device === device)
  }

  #of(device: string, fate: Fate): readonly LocalWrite[] {
    return this.writes.filter((write) => write.device === device && write.fate === fate)
  }
}

/** Whether a text has all that was written. */
export const isIn = (text: string, { marks, rows }: LocalWrite): boolean =>
  marks.length > 0 ? marks.every((mark) => new RegExp(`${mark}(?!\\d)`).test(text)) : rows.every(({ id }) => text.includes(id))
