/**
 * Compares what this client holds with what the server says the database has, at one position: now and then when the server says
 * it, when the app asks, and after an end that was not orderly. A scope that differs is compared row by row, once; if it differs
 * still, that is reported, and not tried again for a while.
 */
import { SyncError } from '../protocol/errors.js'
import type { LineDigest } from '../protocol/messages.js'
import type { Clock, Log } from '../protocol/ports.js'
import type { Wire } from '../protocol/values.js'
import type { Base } from './base.js'
import { type Deferred, deferred } from './deferred.js'
import type { Emitter } from './events.js'

/**
 * A scope of which this client held something else than the database has. `found`: it is being mended. `mended`: it is equal now.
 * `remains`: it still differs after it was compared row by row, which is a bug of ours.
 */
export interface CacheDifference {
  readonly kind: 'found' | 'mended' | 'remains'
  readonly scope: string
  readonly params: Readonly<Record<string, Wire>>
  /** Whose rows differed. */
  readonly models: readonly string[]
}

/** What a check found. */
export interface Checked {
  /** Lines (a scope's rows of one model) that were compared; 0 if the server cannot say digests. */
  readonly lines: number
  /** How each scope that differed ended: mended, or not. */
  readonly differences: readonly CacheDifference[]
}

export interface CheckupParts {
  readonly base: Base
  readonly emitter: Emitter
  readonly clock: Clock
  readonly log: Log
  /** An open scope by its id. */
  readonly scope: (id: number) => Pick<CacheDifference, 'scope' | 'params'> | undefined
}

export class Checkup {
  readonly #parts: CheckupParts
  /** Whether the next attempt is to check all scopes though nobody asked. */
  #isDue: boolean
  #asked: Deferred<Checked>[] = []
  /** Those that the running check, and the mending after it, answers. */
  #answering: Deferred<Checked>[] = []
  #lines = 0
  #differences: CacheDifference[] = []
  readonly #mending = new Map<number, CacheDifference>()
  /** Scopes that remained different: when the next try may be, on the monotonic clock, and after how many. */
  readonly #failed = new Map<number, { readonly until: number; readonly times: number }>()

  constructor(parts: CheckupParts, isDue: boolean) {
    this.#parts = parts
    this.#isDue = isDue
  }

  /** All open scopes are to be checked. */
  get isDue(): boolean {
    return this.#isDue || this.#asked.length > 0
  }

  /** Resolves when the next attempt has compared, and mended what differed. */
  request(): Promise<Checked> {
    const asked = deferred<Checked>()
    this.#asked.push(asked)
    return asked.promise
  }

  /** An attempt begins that asks for the digests of all open scopes. */
  began(): void {
    this.#isDue = false
    this.#answering.push(...this.#asked.splice(0))
  }

  /** The device is where the server says the digests of; returns the scopes that are to be compared row by row. */
  compared(digests: readonly LineDigest[]): readonly number[] {
    const doubted: number[] = []
    this.#lines += digests.length
    for (const scope of new Set(digests.map((each) => each.scope))) {
      const known = this.#parts.scope(scope)
      const models = known === undefined ? [] : this.#differing(digests.filter((each) => each.scope === scope))
      if (known !== undefined && this.#judge(scope, { ...known, models })) doubted.push(scope)
    }
    return doubted
  }

  /** No attempt is running, and none is needed. */
  rests(): void {
    this.#mending.clear()
    const checked = { lines: this.#lines, differences: this.#differences }
    this.#lines = 0
    this.#differences = []
    for (const each of this.#answering.splice(0)) each.resolve(checked)
  }

  /** The connection is lost. */
  ended(): void {
    this.#mending.clear()
    this.#lines = 0
    this.#differences = []
    const error = new SyncError('unreachable', 'the connection was lost before the check was over: ask again')
    for (const each of [...this.#asked.splice(0), ...this.#answering.splice(0)]) each.reject(error)
  }

  /** Models whose rows differ, and do so also when their digests are worked out anew. */
  #differing(digests: readonly LineDigest[]): readonly string[] {
    const { base } = this.#parts
    const differ = ({ scope, model, digest }: LineDigest): boolean =>
      base.shapes.has(model) && base.digestsOf(scope, model).total !== digest
    const differing = digests.filter(differ)
    for (const { scope } of differing) base.doubt(scope)
    return differing.filter(differ).map(({ model }) => model)
  }

  /** True: the scope is to be compared row by row. */
  #judge(id: number, found: Omit<CacheDifference, 'kind'>): boolean {
    const mending = this.#mending.get(id)
    this.#mending.delete(id)
    if (found.models.length === 0) {
      this.#failed.delete(id)
      if (mending !== undefined) this.#tell({ ...mending, kind: 'mended' })
      return false
    }
    const now = this.#parts.clock.monotonic()
    const failed = this.#failed.get(id)
    if (mending !== undefined || (failed !== undefined && now < failed.until && this.#answering.length === 0)) {
      const times = (failed?.times ?? 0) + 1
      if (mending !== undefined) this.#failed.set(id, { until: now + Math.min(longestPause, firstPause * 2 ** times), times })
      this.#tell({ ...found, kind: 'remains' })
      return false
    }
    this.#mending.set(id, { ...found, kind: 'found' })
    this.#tell({ ...found, kind: 'found' })
    return true
  }

  #tell(difference: CacheDifference): void {
    const { emitter, log } = this.#parts
    const { kind, scope, models } = difference
    log(kind === 'remains' ? 'error' : kind === 'found' ? 'warn' : 'info', `cache-difference-${kind}`, { scope, models: models.join() })
    if (kind !== 'found') this.#differences.push(difference)
    emitter.emit('differed', difference)
  }
}

const firstPause = 60_000
const longestPause = 24 * 3_600_000
