/**
 * Small decoders from which those of the frames are built. They copy what they know into fresh objects, so that nothing of a
 * hostile frame (extra keys, `__proto__`) goes further; a misfit names its place, never its content.
 */
import { SyncError } from './errors.js'

/** Returns the value in its type, or throws. */
export type Decode<Value> = (value: unknown) => Value

/** Runs a decoder on a frame. @throws SyncError `malformed-frame` with the place of the first misfit in `details.place`. */
export const decodeFrame = <Value>(decode: Decode<Value>, frame: unknown): Value => {
  try {
    return decode(frame)
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    const place = error.place.replace(/^\./, '') || 'frame'
    throw new SyncError('malformed-frame', `${place} must be ${error.expected} (docs/protocol.md)`, { place })
  }
}

/** Refuses unless the value is what it should be. */
export const expect = (holds: boolean, expected: string): void => {
  if (!holds) throw new Misfit(expected, '')
}

/** A string that satisfies `is`. */
export const text =
  (is: (text: string) => boolean, expected: string): Decode<string> =>
  (value) => {
    if (typeof value !== 'string' || !is(value)) throw new Misfit(expected, '')
    return value
  }

/** A number that satisfies `is`. */
export const number =
  (is: (number: number) => boolean, expected: string): Decode<number> =>
  (value) => {
    if (typeof value !== 'number' || !is(value)) throw new Misfit(expected, '')
    return value
  }

export const flag: Decode<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new Misfit('true or false', '')
  return value
}

export const nullable =
  <Value>(decode: Decode<Value>): Decode<Value | null> =>
  (value) =>
    value === null ? null : decode(value)

export const listOf =
  <Item>(decode: Decode<Item>): Decode<readonly Item[]> =>
  (value) => {
    if (!Array.isArray(value)) throw new Misfit('a list', '')
    let at = 0
    try {
      const items: Item[] = []
      for (; at < value.length; at += 1) items.push(decode(value[at]))
      return items
    } catch (error) {
      throw within(`[${at}]`, error)
    }
  }

/** An object whose keys are not known beforehand. Has no prototype, so a lookup finds what was sent or nothing. */
export const recordOf =
  <Value>(decode: Decode<Value>): Decode<Readonly<Record<string, Value>>> =>
  (value) => {
    const record = Object.create(null) as Record<string, Value>
    try {
      for (const [key, inner] of Object.entries(objectFrom(value))) {
        if (key === '__proto__') throw new Misfit('an object without a key __proto__', '')
        record[key] = decode(inner)
      }
    } catch (error) {
      throw within('.*', error)
    }
    return record
  }

/** An object with these keys, of which `optional` ones may be missing. Others are refused if it is `closed`, else left behind. */
export const objectOf = <Value extends object>(
  decoders: { readonly [Key in keyof Value]-?: Decode<Exclude<Value[Key], undefined>> },
  { closed, optional = [] }: { readonly closed: boolean; readonly optional?: readonly (keyof Value & string)[] },
): Decode<Value> => {
  const known = Object.keys(decoders) as (keyof Value & string)[]
  return (value) => {
    const source = objectFrom(value)
    if (closed && Object.keys(source).some((key) => !Object.hasOwn(decoders, key))) {
      throw new Misfit(`an object with no other keys than ${known.join(', ')}`, '')
    }
    let at = ''
    try {
      const result: Partial<Value> = {}
      for (const key of known) {
        at = key
        if (Object.hasOwn(source, key)) result[key] = decoders[key](source[key])
        else expect(optional.includes(key), 'there')
      }
      return result as Value
    } catch (error) {
      throw within(`.${at}`, error)
    }
  }
}

/** Of several forms, the one that the value of `tag` names. */
export const taggedBy =
  <Value>(tag: string, forms: { readonly [name: string]: Decode<Value> }): Decode<Value> =>
  (value) => {
    const source = objectFrom(value)
    const name = Object.hasOwn(source, tag) ? source[tag] : undefined
    const form = typeof name === 'string' && Object.hasOwn(forms, name) ? forms[name] : undefined
    if (form === undefined) throw new Misfit(`one of ${Object.keys(forms).join(', ')}`, `.${tag}`)
    return form(value)
  }

/** Exactly this literal. */
export const exactly =
  <Literal extends string | true>(expected: Literal): Decode<Literal> =>
  (value) => {
    if (value !== expected) throw new Misfit(JSON.stringify(expected), '')
    return expected
  }

/** One of these literals. */
export const oneOf =
  <Literal extends string>(...literals: readonly Literal[]): Decode<Literal> =>
  (value) => {
    const found = literals.find((literal) => literal === value)
    if (found === undefined) throw new Misfit(`one of ${literals.join(', ')}`, '')
    return found
  }

const objectFrom = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit('an object', '')
  return value as Readonly<Record<string, unknown>>
}

class Misfit extends Error {
  readonly expected: string
  /** From the frame downwards: `.mutations[3].ops[0].id`. */
  readonly place: string

  constructor(expected: string, place: string) {
    super(expected)
    this.expected = expected
    this.place = place
  }
}

const within = (step: string, error: unknown): unknown =>
  error instanceof Misfit ? new Misfit(error.expected, `${step}${error.place}`) : error
