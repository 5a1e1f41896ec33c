/** A mistake that somebody might make, as a change of today's source: what the tests are tested with. */
export interface PlantedBug {
  readonly id: string
  /** What is wrong, in words. */
  readonly title: string
  /** Hazards that it brings about (tests/hazards). */
  readonly hazards: readonly string[]
  readonly edits: readonly Edit[]
  /** A test file that notices it, too: the one that must, where no seed does. */
  readonly test?: string
}

export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** Occurs in the file exactly once, or exactly `times`. */
  readonly find: string
  readonly replace: string
  readonly times?: number
}
