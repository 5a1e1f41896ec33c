/** A way in which engines of this kind are known to lose, double, leak or resurrect data, and why this one does not. */
export interface Hazard {
  readonly id: string
  readonly what: string
  readonly covered: Coverage
}

export type Coverage =
  /** The simulation brings it about, and counts how often: a name of tests/hazards/probes.ts. */
  | { readonly kind: 'reached'; readonly probe: string }
  /** A test of this file shows this law. */
  | { readonly kind: 'shown'; readonly test: string; readonly law: string }
  /** It cannot come about, and why. */
  | { readonly kind: 'excluded'; readonly reason: string }

export const shown = (test: string, law: string): Coverage => ({ kind: 'shown', test, law })

export const reached = (probe: string): Coverage => ({ kind: 'reached', probe })

export const excluded = (reason: string): Coverage => ({ kind: 'excluded', reason })

/** Rows of a table as hazards. */
export const hazardsOf = (rows: readonly (readonly [id: string, what: string, covered: Coverage])[]): readonly Hazard[] =>
  rows.map(([id, what, covered]) => ({ id, what, covered }))
