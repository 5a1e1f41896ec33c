/** What a ticket's settings hold. */
export interface TicketSettings {
  readonly theme: 'plain' | 'dark'
}
