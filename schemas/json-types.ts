/** What a project's `settings` hold. */
export interface ProjectSettings {
  /** Accent of the project's board, as `#rrggbb`. */
  readonly color?: string
  /** Days after which a finished task leaves the board by itself. */
  readonly archiveAfterDays?: number
}
