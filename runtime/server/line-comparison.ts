/**
 * Finds out what a client holds of a line that no position tells about, in few bytes: first the digests of 256 buckets, then
 * those of the sixteen parts of each bucket that differs, then the keys of the parts that differ. A small line is listed at once.
 */
import type { Uuid } from '../protocol/descriptor.js'
import { Digests, bucketCount, bucketOf, partCount, partOf, partsOf } from '../protocol/digest.js'
import { SyncError } from '../protocol/errors.js'
import { readKeys } from '../protocol/held-keys.js'
import type { Hold, Wish } from '../protocol/messages.js'
import type { LineDigests, Mark } from './reading.js'

/** What a client holds of a line: in some parts these versions, in all others what the line had at a position. */
export interface Held {
  readonly versions: ReadonlyMap<Uuid, number>
  /** Null: all parts are listed. */
  readonly listed: { readonly parts: ReadonlySet<number>; readonly othersAt: Mark } | null
}

type State =
  | { readonly kind: 'asking'; readonly wish: Wish }
  /** The client's buckets are there; those of the database are missing. */
  | { readonly kind: 'told'; readonly buckets: Digests }
  | { readonly kind: 'known'; readonly held: Held }

export class LineComparison {
  #state: State
  #own: { readonly digests: LineDigests; readonly at: Mark } | undefined
  #versions = new Map<Uuid, number>()
  #digests: Digests | undefined

  /** @param canDigest - whether both sides come to the same digests; else all keys are asked for */
  constructor(canDigest: boolean) {
    this.#state = { kind: 'asking', wish: canDigest ? { want: 'summary' } : { want: 'keys', parts: null } }
  }

  /** What the client is to be asked next. */
  get wish(): Wish | undefined {
    return this.#state.kind === 'asking' ? this.#state.wish : undefined
  }

  /** Whether it goes on with `compare`. */
  get needsDigests(): boolean {
    return this.#state.kind === 'told'
  }

  get held(): Held | undefined {
    return this.#state.kind === 'known' ? this.#state.held : undefined
  }

  /** A frame of the answer; returns the number of keys in it. @throws SyncError `malformed-frame` if it is not one. */
  hear({ form, bytes }: Pick<Hold, 'form' | 'bytes'>): number {
    const { wish } = this
    if (wish === undefined) throw new SyncError('malformed-frame', 'hold tells of a line that was not asked for')
    if (form === 'digests') this.#hearDigests(wish, bytes)
    return form === 'digests' ? 0 : this.#hearKeys(wish, bytes)
  }

  /** The answer is complete. */
  heard(): void {
    const { wish } = this
    if (wish === undefined) return
    const digests = this.#digests
    this.#digests = undefined
    const own = this.#own
    if (wish.want === 'keys') this.#knows(wish.parts)
    else if (wish.want === 'summary' && digests === undefined) this.#knows(null)
    else if (wish.want === 'summary') this.#state = { kind: 'told', buckets: digests ?? new Digests(bucketCount) }
    else if (own !== undefined) this.#narrow(wish.buckets, digests ?? new Digests(wish.buckets.length * partsPerBucket), own.digests)
  }

  /** What the database has, at the position of the reading. */
  compare(digests: LineDigests, at: Mark): void {
    if (this.#state.kind !== 'told') return
    this.#own = { digests, at }
    const buckets = digests.parts.gathered(bucketCount, bucketOf).differences(this.#state.buckets)
    const rows = buckets.flatMap(partsOf).reduce((sum, part) => sum + (digests.rows[part] ?? 0), 0)
    // Digests of a bucket's parts cost as much as five keys, and one more question.
    if (rows > mostKeysAtOnce && rows > buckets.length * 2 * partsPerBucket) this.#ask({ want: 'parts', buckets })
    else this.#askKeys(buckets.flatMap(partsOf))
  }

  #narrow(buckets: readonly number[], theirs: Digests, own: LineDigests): void {
    const parts = buckets.flatMap(partsOf)
    const differing = own.parts.picked(parts).differences(theirs)
    this.#askKeys(differing.flatMap((at) => parts[at] ?? []))
  }

  #askKeys(parts: readonly number[]): void {
    if (parts.length === 0) this.#knows([])
    else this.#ask({ want: 'keys', parts: parts.length === partCount ? null : parts })
  }

  #ask(wish: Wish): void {
    this.#state = { kind: 'asking', wish }
  }

  #knows(parts: readonly number[] | null): void {
    const at = this.#own?.at
    const listed = parts === null || at === undefined ? null : { parts: new Set(parts), othersAt: at }
    this.#state = { kind: 'known', held: { versions: this.#versions, listed } }
  }

  #hearDigests(wish: Wish, bytes: string): void {
    if (wish.want === 'keys' || this.#digests !== undefined || this.#versions.size > 0) throw mixed()
    this.#digests = Digests.read(bytes, wish.want === 'summary' ? bucketCount : wish.buckets.length * partsPerBucket)
  }

  #hearKeys(wish: Wish, bytes: string): number {
    if (wish.want === 'parts' || this.#digests !== undefined) throw mixed()
    const keys = readKeys(bytes)
    const asked = wish.want === 'keys' && wish.parts !== null ? new Set(wish.parts) : null
    for (const [id, version] of keys) {
      if (asked !== null && !asked.has(partOf(id))) throw new SyncError('malformed-frame', 'hold has a key that was not asked for')
      this.#versions.set(id, version)
    }
    return keys.length
  }
}

const mixed = (): SyncError => new SyncError('malformed-frame', 'hold tells of a line in another form than was asked for')

const partsPerBucket = partCount / bucketCount

/** A shorter list is not worth another question. */
const mostKeysAtOnce = 500
