/** What a string must look like to be a value of some type: PostgreSQL's canonical output, where it has one. */

/** Canonical lower case with hyphens; any version (other writers choose their own). */
export const isUuid = (text: string): boolean => uuid.test(text)

/** `2026-01-31`: a day of the proleptic Gregorian calendar, years 0001 to 9999. */
export const isDate = (text: string): boolean => date.test(text) && isInstant(`${text}T00:00:00.000Z`)

/** `2026-01-31T23:59:59.123Z`: always UTC and three digits, years 0001 to 9999; no `24:00`, no leap second. */
export const isTimestamp = (text: string): boolean => timestampForm.test(text) && isInstant(text)

/** The shape of a timestamp; its day may not exist. */
export const timestampForm = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What PostgreSQL's text can hold and UTF-8 can carry: no NUL, no lone surrogate. */
export const isStorable = (text: string): boolean => !unstorable.test(text)

/** Characters as PostgreSQL's char_length counts them: code points. */
export const lengthOf = (text: string): number => {
  let count = 0
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count += 1
  return count
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const date = /^(?!0000)\d{4}-\d\d-\d\d$/
/** With the flag u, only an unpaired surrogate is one: a pair is the character it encodes. */
const unstorable = /[\0\p{Surrogate}]/u

/** Not every day exists: what parses must print the same. */
const isInstant = (text: string): boolean => {
  const time = Date.parse(text)
  return !Number.isNaN(time) && new Date(time).toISOString() === text
}
