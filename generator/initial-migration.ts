/** When the first migration, once written, may be written again. */
import type { EmittedFile } from './emit.js'
import { checksum, lockedChecksum } from './lock.js'
import { initialPath, lockPath } from './plan.js'
import { outputText } from './write.js'

/** Something that only a person can decide. */
export interface Decision {
  /** What it is about, and what follows. */
  readonly message: string
  /** The flag that says yes; null: there is none, the message says what to do. */
  readonly flag: string | null
}

/**
 * This version writes one migration, the first. A database that has applied it must not meet another text under the same
 * name, so it is rewritten only when somebody says so, and never when it was edited by hand.
 */
export const initialDecision = async (
  folder: string,
  changed: readonly EmittedFile[],
  accepted: readonly string[],
): Promise<Decision | null> => {
  if (!changed.some(({ path }) => path === initialPath)) return null
  const present = await outputText(folder, initialPath)
  if (present === null) return null
  const known = lockedChecksum((await outputText(folder, lockPath)) ?? '')
  if (known !== checksum(present)) return { message: edited(folder), flag: null }
  return accepted.includes('rewrite:initial') ? null : { message: rewriting(folder), flag: '--accept rewrite:initial' }
}

const rewriting = (folder: string): string =>
  'The schema changed what the database needs. This version of syncgen writes no second migration yet: it rewrites ' +
  `${folder}/${initialPath}, and databases that have applied the old text must be made anew.`

const edited = (folder: string): string =>
  `${folder}/${initialPath} is not as syncgen wrote it, and the schema now asks for another text. ` +
  'Put back the generated file, or delete it to have it written again; keep your own SQL in a migration of its own.'
