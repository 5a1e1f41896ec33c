import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Who noticed a planted bug. */
export type Finding =
  /** The simulation: the first seed that did, and which invariant was violated. */
  | { readonly by: 'seed'; readonly seed: number; readonly invariant: string; readonly seconds: number }
  | { readonly by: 'test'; readonly test: string; readonly title: string; readonly seconds: number }
  /** Nobody. */
  | { readonly by: null; readonly seconds: number }

export type Findings = Readonly<Record<string, Finding>>

const file = fileURLToPath(new URL('results.json', import.meta.url))

/** What was found by the last run of each bug. */
export const kept = (): Findings => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Findings) : {})

/** Writes down what was found, in place of what was found before. */
export const keep = (id: string, finding: Finding): void => {
  const sorted = Object.entries({ ...kept(), [id]: finding }).sort(([left], [right]) => (left < right ? -1 : 1))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}
