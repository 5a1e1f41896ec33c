/** Runs that once broke a promise, as small as they could be made; every one is lived through again with every test run. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RunOptions } from '../run.js'
import type { WorldKind } from '../worlds.js'

export interface CorpusEntry {
  readonly seed: number
  readonly ops: number
  readonly devices: number
  readonly world: WorldKind
  /**
   * What happens, by place and name: `#14 write`. An operation is found by its name, so that one that is new changes no entry. Null: all
   * that the seed draws, if it could not be made smaller.
   */
  readonly operations: readonly string[] | null
  /** What was broken. */
  readonly why: string
}

const folder = fileURLToPath(new URL('./', import.meta.url))

/** All entries by file name. */
export const readCorpus = (): readonly (CorpusEntry & { readonly name: string })[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => ({ name, ...(JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as CorpusEntry) }))

/** How an entry is lived through. */
export const replayOf = ({ seed, ops, devices, operations }: CorpusEntry): Pick<RunOptions, 'seed' | 'ops' | 'devices' | 'keep' | 'names'> => {
  if (operations === null) return { seed, ops, devices }
  const names = new Map(operations.map((each) => [Number(/^#(\d+) /.exec(each)?.[1]), each.replace(/^#\d+ /, '')]))
  return { seed, ops, devices, names, keep: new Set(names.keys()) }
}

/** Writes an entry, and returns its path. */
export const writeEntry = (invariant: string, entry: CorpusEntry): string => {
  const path = `${folder}${invariant}-${entry.seed}.json`
  writeFileSync(path, `${JSON.stringify(entry, null, 2)}\n`)
  return path
}
