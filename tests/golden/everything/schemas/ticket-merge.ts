import type { TicketSettings } from './ticket-types.js'

/** Both texts, the server's first. */
export const mergeNotes = ({ stored, wanted }: { readonly stored: string; readonly wanted: string }): string =>
  stored.includes(wanted) ? stored : `${stored}\n${wanted}`

/** A client's theme, where it chose one. */
export const mergeSettings = (versions: {
  readonly stored: TicketSettings | null
  readonly wanted: TicketSettings | null
}): TicketSettings | null => versions.wanted ?? versions.stored
