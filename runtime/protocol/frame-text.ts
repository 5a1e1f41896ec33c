/** From the text of a frame to JSON, and the small forms that frames of both directions are made of. */
import { type Decode, expect, listOf, number, text } from './decode.js'
import type { Uuid } from './descriptor.js'
import { SyncError } from './errors.js'
import { isStorable, isUuid } from './text-form.js'
import type { Wire } from './values.js'

/** Levels of arrays and objects in a frame: far more than a frame has, far fewer than any recursion minds. */
export const deepestFrame = 1000

/** @throws SyncError `malformed-frame`; never with a cause, whose message would quote the frame. */
export const parseJson = (frame: string): unknown => {
  if (isDeeperThan(deepestFrame, frame)) {
    throw malformed(`frame must have at most ${deepestFrame} levels`)
  }
  try {
    return JSON.parse(frame) as unknown
  } catch {
    throw malformed('frame must be JSON')
  }
}

export const uuid: Decode<Uuid> = text(isUuid, 'a uuid in lower case')
export const uuids: Decode<readonly Uuid[]> = listOf(uuid)

/** Names, nonces, hashes: kept and compared, so they must be what PostgreSQL's text can hold. */
export const label: Decode<string> = text(
  (each) => each !== '' && each.length <= 1000 && isStorable(each),
  'text of 1 to 1000 characters',
)

/** Tokens and positions: whoever reads them judges them. */
export const anyText: Decode<string> = text(() => true, 'text')

/** Numbers of scopes and attempts, versions of rows. */
export const count: Decode<number> = number((each) => Number.isSafeInteger(each) && each >= 0, 'a whole number from 0')

/** Numbers of mutations. */
export const sequence: Decode<number> = number((each) => Number.isSafeInteger(each) && each > 0, 'a whole number from 1')

/** Milliseconds since 1970 that a Date can hold. */
export const instant: Decode<number> = number((each) => Math.abs(each) <= 8.64e15, 'a time in milliseconds since 1970')

/** A list of at least `least` values that are read one by one. */
export const tupleOf =
  (least: number, most: number, expected: string): Decode<readonly Wire[]> =>
  (value) => {
    expect(Array.isArray(value) && value.length >= least && value.length <= most, expected)
    return value as readonly Wire[]
  }

/** Whatever JSON holds. Objects are passed on as they were parsed: own keys only, but any of them. */
export const wire: Decode<Wire> = (value) => value as Wire

const malformed = (what: string): SyncError => new SyncError('malformed-frame', `${what} (docs/protocol.md)`, { place: 'frame' })

const isDeeperThan = (limit: number, frame: string): boolean => {
  let depth = 0
  for (let at = 0; at < frame.length; at += 1) {
    const unit = frame.charCodeAt(at)
    if (unit === quote) at = endOfString(frame, at)
    else if (unit === openList || unit === openObject) depth += 1
    else if (unit === closeList || unit === closeObject) depth -= 1
    if (depth > limit) return true
  }
  return false
}

/** Where the string that opens at `start` closes: at a quote behind an even number of backslashes. */
const endOfString = (frame: string, start: number): number => {
  for (let end = frame.indexOf('"', start + 1); end !== -1; end = frame.indexOf('"', end + 1)) {
    let first = end
    while (frame.charCodeAt(first - 1) === backslash) first -= 1
    if ((end - first) % 2 === 0) return end
  }
  return frame.length
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]
