import type { TicketSettings } from './ticket-types.js'

interface Versions<Value> {
  readonly seen: Value
  readonly stored: Value
  readonly wanted: Value
}

/** Both texts, the server's first. Tests ask for what an app's function could do wrong. */
export const mergeNotes = ({ stored, wanted }: Versions<string>): string => {
  switch (wanted) {
    case 'throw':
      throw new TypeError(`a bug of the app, with ${stored} in its message`)
    case 'misfit':
      return 7 as unknown as string
    case 'promise':
      return Promise.reject(new Error('too late')) as unknown as string
    default:
      return stored.includes(wanted) ? stored : `${stored} ${wanted}`
  }
}

/** Somebody rather than nobody, and of two the one whose id is smaller. One answers in capitals, for one another is found. */
export const mergeReviewer = ({ stored, wanted }: Versions<string | null>): string | null => {
  const [first = null] = [stored, wanted].filter((each) => each !== null).sort()
  return first?.toUpperCase() ?? null
}

/** The theme that was not there before. It spoils what it was given, which nobody but itself can see. */
export const mergeSettings = ({ seen, stored, wanted }: Versions<TicketSettings>): TicketSettings => {
  const theme = stored.theme === seen.theme ? wanted.theme : stored.theme
  Object.assign(stored, { theme: 'spoilt' })
  return { theme }
}
