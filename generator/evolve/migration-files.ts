/** Statements → the files of a migration. */
import { mark } from '../mark.js'
import { type Phase, phases, type Plan, type Statement } from './phases.js'
import { stampAfter } from './stamp.js'

/** A file in `migrations/`. */
export interface MigrationFile {
  /** `20260131120000_add_task_notes.sql` */
  readonly name: string
  readonly text: string
}

/** What each file ends with. Runners like dbmate insist on such a part; a comment, so that those which know none may run the whole file. */
export const noWayBack = '-- migrate:down\n-- Nothing leads back: change the schema, and generate what leads on.\n'

/**
 * One file for what fits into one transaction, and one more for each thing that must not: each begins with a stamp of its own, a
 * second after the one before, because runners like dbmate tell files apart by their stamps.
 */
export const migrationFiles = (plan: Plan, stamp: string, slug: string): readonly MigrationFile[] => {
  const parts = phases.flatMap((phase) => partsOf(phase, plan[phase]))
  return parts.map(({ phase, statements }, at) => ({
    name: `${stampAfter(stamp, at)}_${slug}${at === 0 ? '' : `_${phase}`}.sql`,
    text: `${headOf(phase, at, parts.length)}\n\n${statements.map(statementText).join('\n\n')}\n\n${noWayBack}`,
  }))
}

interface Part {
  readonly phase: Phase
  readonly statements: readonly Statement[]
}

/** Outside a transaction each statement has a file, so that what was done is never done again. */
const partsOf = (phase: Phase, statements: readonly Statement[]): readonly Part[] => {
  if (statements.length === 0) return []
  return isAlone(phase) ? statements.map((each) => ({ phase, statements: [each] })) : [{ phase, statements }]
}

const isAlone = (phase: Phase): boolean => phase === 'fill' || phase === 'index'

const headOf = (phase: Phase, at: number, of: number): string => {
  const part = of === 1 ? '' : ` Part ${at + 1} of ${of}: ${aims[phase]}.`
  const first = `-- ${mark}. Databases remember its checksum: it is never edited once it is applied.${part}`
  if (isAlone(phase)) return `${first}\n-- migrate:up transaction:false`
  return `${first}\n-- migrate:up\n\n-- Who waits for a lock makes all others wait behind it: rather give up soon, and try again.\nset local lock_timeout = '400ms';`
}

const aims: Readonly<Record<Phase, string>> = {
  expand: 'what only changes catalogs, in one transaction',
  fill: 'rows, in batches that commit by themselves',
  index: 'an index, built while others write',
  tighten: 'constraints for rows to come',
  validate: 'rows that are there are checked, while others write',
  finish: 'what needed the parts before',
}

const statementText = ({ why, sql }: Statement): string => `-- ${why}\n${sql}`
