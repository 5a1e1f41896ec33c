/**
 * PostgreSQL's `uuid_hash_extended(id, seed)`: `hash_bytes_extended` (src/common/hashfn.c, after Bob Jenkins' lookup3) of the
 * sixteen bytes, on a machine that stores the low byte first. Arithmetic is on 32-bit halves: JavaScript's bigint is slow.
 */
import type { Uuid } from './descriptor.js'

/** 64 bits as two halves, each a whole number from 0 to 2^32 - 1. */
export interface Hash {
  readonly high: number
  readonly low: number
}

/** @param seed - a whole number from 0 to 2^53 - 1, such as the version of a row */
export const hashOf = (id: Uuid, seed: number): Hash => {
  let a = start
  let b = start
  let c = start
  if (seed !== 0) {
    a = (a + Math.floor(seed / 0x1_0000_0000)) | 0
    b = (b + (seed | 0)) | 0
    a = (a - c) ^ ((c << 4) | (c >>> 28))
    c = (c + b) | 0
    b = (b - a) ^ ((a << 6) | (a >>> 26))
    a = (a + c) | 0
    c = (c - b) ^ ((b << 8) | (b >>> 24))
    b = (b + a) | 0
    a = (a - c) ^ ((c << 16) | (c >>> 16))
    c = (c + b) | 0
    b = (b - a) ^ ((a << 19) | (a >>> 13))
    a = (a + c) | 0
    c = (c - b) ^ ((b << 4) | (b >>> 28))
    b = (b + a) | 0
  }
  a = (a + wordAt(id, 0, 2, 4, 6)) | 0
  b = (b + wordAt(id, 9, 11, 14, 16)) | 0
  c = (c + wordAt(id, 19, 21, 24, 26)) | 0
  a = (a - c) ^ ((c << 4) | (c >>> 28))
  c = (c + b) | 0
  b = (b - a) ^ ((a << 6) | (a >>> 26))
  a = (a + c) | 0
  c = (c - b) ^ ((b << 8) | (b >>> 24))
  b = (b + a) | 0
  a = (a - c) ^ ((c << 16) | (c >>> 16))
  c = (c + b) | 0
  b = (b - a) ^ ((a << 19) | (a >>> 13))
  a = (a + c) | 0
  c = (c - b) ^ ((b << 4) | (b >>> 28))
  b = (b + a) | 0
  a = (a + wordAt(id, 28, 30, 32, 34)) | 0
  c = (c ^ b) - ((b << 14) | (b >>> 18))
  a = (a ^ c) - ((c << 11) | (c >>> 21))
  b = (b ^ a) - ((a << 25) | (a >>> 7))
  c = (c ^ b) - ((b << 16) | (b >>> 16))
  a = (a ^ c) - ((c << 4) | (c >>> 28))
  b = (b ^ a) - ((a << 14) | (a >>> 18))
  c = (c ^ b) - ((b << 24) | (b >>> 8))
  return { high: b >>> 0, low: c >>> 0 }
}

/** What the three registers begin with, for sixteen bytes. */
const start = (0x9e3779b9 + 16 + 3923095) | 0

/** Four bytes, of which these are the places of the hexadecimal digits, the low byte first. */
const wordAt = (id: Uuid, first: number, second: number, third: number, fourth: number): number =>
  byteAt(id, first) | (byteAt(id, second) << 8) | (byteAt(id, third) << 16) | (byteAt(id, fourth) << 24)

const byteAt = (id: Uuid, at: number): number => (digitOf(id.charCodeAt(at)) << 4) | digitOf(id.charCodeAt(at + 1))

/** `0` to `9`, `a` to `f`. */
const digitOf = (code: number): number => (code & 15) + (code >> 6) * 9
