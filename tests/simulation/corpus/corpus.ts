/** Runs that once broke a promise, as small as they could be made; every one is lived through again with every test run. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface CorpusEntry {
  readonly seed: number
  readonly ops: number
  /** Places of the list that matter; all, if it could not be made smaller. */
  readonly keep: readonly number[] | null
  readonly devices: number
  readonly schema: string
  /** What they are, and what was broken. */
  readonly operations: readonly string[]
  readonly why: string
}

const folder = fileURLToPath(new URL('./', import.meta.url))

/** All entries by file name. */
export const readCorpus = (): readonly (CorpusEntry & { readonly name: string })[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => ({ name, ...(JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as CorpusEntry) }))

/** Writes an entry, and returns its path. */
export const writeEntry = (invariant: string, entry: CorpusEntry): string => {
  const path = `${folder}${invariant}-${entry.seed}.json`
  writeFileSync(path, `${JSON.stringify(entry, null, 2)}\n`)
  return path
}
