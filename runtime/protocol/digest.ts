/**
 * What a side holds of a line in few bytes, so that both find where they differ without listing it. Each row has a place by a
 * hash of its id: one of 4096 parts, sixteen of which make one of 256 buckets. The digest of a place is the sum, modulo 2^64, of
 * what its rows hash to by id and version: it changes with each row at once, in any order, and the sum of the parts is the whole.
 */
import type { Uuid } from './descriptor.js'
import { hashOf } from './digest-hash.js'
import { SyncError } from './errors.js'
import { readBytes, writeBytes } from './values.js'

export const bucketCount = 256
export const partCount = 4096

/** The part of an id: the low twelve bits of its hash, as in `uuid_hash_extended(id, 0) & 4095`. */
export const partOf = (id: Uuid): number => hashOf(id, 0).low % partCount

/** The bucket of a part: its low byte. */
export const bucketOf = (part: number): number => part % bucketCount

/** The parts of a bucket. */
export const partsOf = (bucket: number): readonly number[] =>
  Array.from({ length: partCount / bucketCount }, (_, at) => bucket + at * bucketCount)

/** Digests of numbered places, all empty at first. Counts what it is given: a row that is added twice counts twice. */
export class Digests {
  /** High half, low half, of each place in turn. */
  readonly #halves: Uint32Array

  constructor(places: number) {
    this.#halves = new Uint32Array(places * 2)
  }

  get places(): number {
    return this.#halves.length / 2
  }

  add(place: number, id: Uuid, version: number): void {
    const { high, low } = hashOf(id, version)
    this.addHalves(place, high, low)
  }

  remove(place: number, id: Uuid, version: number): void {
    const { high, low } = hashOf(id, version)
    this.addHalves(place, low === 0 ? -high : ~high, -low)
  }

  /** Adds 64 bits, given as halves of any sign: what matters is what they are modulo 2^32. */
  addHalves(place: number, high: number, low: number): void {
    const sum = this.#at(place * 2 + 1) + (low >>> 0)
    this.#halves[place * 2 + 1] = sum
    this.#halves[place * 2] = this.#at(place * 2) + (high >>> 0) + (sum > 0xffff_ffff ? 1 : 0)
  }

  /** The digests of larger places, of which `placeOf` says which one each of these is in. */
  gathered(places: number, placeOf: (place: number) => number): Digests {
    const gathered = new Digests(places)
    for (let place = 0; place < this.places; place += 1) {
      gathered.addHalves(placeOf(place), this.#at(place * 2), this.#at(place * 2 + 1))
    }
    return gathered
  }

  /** The digests of some of the places, in that order. */
  picked(places: readonly number[]): Digests {
    const picked = new Digests(places.length)
    for (const [at, place] of places.entries()) picked.addHalves(at, this.#at(place * 2), this.#at(place * 2 + 1))
    return picked
  }

  /** Places where two of the same size differ. */
  differences(other: Digests): readonly number[] {
    const differing: number[] = []
    for (let place = 0; place < this.places; place += 1) {
      const isEqual = this.#at(place * 2) === other.#at(place * 2) && this.#at(place * 2 + 1) === other.#at(place * 2 + 1)
      if (!isEqual) differing.push(place)
    }
    return differing
  }

  /** Sixteen hexadecimal digits: the digest of all places together. */
  get total(): string {
    const { high, low } = this.gathered(1, () => 0).#first
    return `${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}`
  }

  /** Eight bytes a place, the high one first, in base64. */
  toText(): string {
    const bytes = new Uint8Array(this.#halves.length * 4)
    const view = new DataView(bytes.buffer)
    for (const [at, half] of this.#halves.entries()) view.setUint32(at * 4, half)
    return writeBytes(bytes) as string
  }

  /** @throws SyncError `malformed-frame` unless it is the text of as many digests. */
  static read(text: string, places: number): Digests {
    const bytes = readBytes(text)
    if (bytes.length !== places * 8) throw new SyncError('malformed-frame', `${places} digests are ${places * 8} bytes`)
    const view = new DataView(bytes.buffer)
    const digests = new Digests(places)
    for (let place = 0; place < places; place += 1) {
      digests.addHalves(place, view.getUint32(place * 8), view.getUint32(place * 8 + 4))
    }
    return digests
  }

  get #first(): { readonly high: number; readonly low: number } {
    return { high: this.#at(0), low: this.#at(1) }
  }

  #at(half: number): number {
    return this.#halves[half] ?? 0
  }
}
