/** What a migration does, in the order in which it may be done without stopping anybody for long. */

/** One or more statements, and why they are there. */
export interface Statement {
  /** A sentence for whoever reads the file. */
  readonly why: string
  /** Complete, with semicolons. */
  readonly sql: string
}

/**
 * - `expand`: one transaction of statements that only change catalogs: names, columns, constraints for rows to come, triggers.
 * - `fill`: rows get their values, in batches, each a transaction of its own; one file for each statement.
 * - `index`: indexes are built while others write; one file for each.
 * - `tighten`: constraints that no row breaks any more begin to hold for rows to come.
 * - `validate`: rows that are there are checked, while others write.
 * - `finish`: what needed the checks, and what nobody needs any more.
 */
export const phases = ['expand', 'fill', 'index', 'tighten', 'validate', 'finish'] as const

export type Phase = (typeof phases)[number]

/** Statements by phase, each in order. */
export type Plan = Readonly<Record<Phase, readonly Statement[]>>

/** A statement and when to run it. */
export type Planned = Statement & { readonly phase: Phase }

/** Sorts statements into their phases. What is finished needs no file of its own if nothing stands between it and the beginning. */
export const planOf = (statements: readonly Planned[]): Plan => {
  const direct = statements.every(({ phase }) => phase === 'expand' || phase === 'finish')
  const at = (phase: Phase): readonly Statement[] =>
    statements.filter((each) => each.phase === phase).map(({ why, sql }) => ({ why, sql }))
  const empty: Plan = { expand: [], fill: [], index: [], tighten: [], validate: [], finish: [] }
  return direct ? { ...empty, expand: [...at('expand'), ...at('finish')] } : { ...empty, expand: at('expand'), fill: at('fill'), index: at('index'), tighten: at('tighten'), validate: at('validate'), finish: at('finish') }
}
