/** The pipeline: read → evolve → plan → emit → compare → check → write. */
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { checkSyntax } from './check-syntax.js'
import { emit, header } from './emit.js'
import type { Decision } from './evolve/decisions.js'
import { lockPath, migrationsFor } from './evolve/migrations-folder.js'
import { lockText } from './lock.js'
import { plan } from './plan.js'
import type { Problem } from './problem.js'
import { readSchema } from './read/read-schema.js'
import { ownHashes, ownObjects } from './sql/own-objects.js'
import { type Difference, compareOutput, writeOutput } from './write.js'

export interface GenerateOptions {
  /** Schema files and folders. */
  readonly schemas: readonly string[]
  readonly output: string
  /** `write`; `check` and `dry-run` only look. */
  readonly mode: 'write' | 'check' | 'dry-run'
  /** Decisions taken on the command line: `drop:Task.notes`, `rewrite:initial`. */
  readonly accepted: readonly string[]
  /** When new migrations say that they were made: `20260131120000`, in UTC. */
  readonly stamp: string
}

/** What came of it. `problems` are warnings, except where it is `invalid`. */
export type Generated = { readonly problems: readonly Problem[] } & (
  | { readonly kind: 'invalid' }
  /** Files that are not ours stand in the way; nothing was written. */
  | { readonly kind: 'blocked'; readonly foreign: readonly string[] }
  /** Nothing was written: somebody must decide. */
  | { readonly kind: 'undecided'; readonly decisions: readonly Decision[] }
  /** `met`: the last migrations of branches that came together, which touch nothing in common; none if there is one. */
  | { readonly kind: 'done'; readonly difference: Difference; readonly met: readonly string[] }
)

/** Generates everything, or nothing. */
export const generate = async (options: GenerateOptions): Promise<Generated> => {
  const read = await readSchema(options.schemas)
  if (!read.ok) return { kind: 'invalid', problems: read.problems }
  const { folder, warnings: problems } = read
  const { output, accepted, stamp } = options
  const declared = { ...read.schema, sources: read.schema.sources.map(fromHome(output)) }
  const evolved = await migrationsFor(declared, { output, accepted, now: stamp })
  if (evolved.kind === 'undecided') return { ...evolved, problems }
  const { schema, migrations, versions, transitions, gone } = evolved
  const files = [
    ...emit(plan(schema, fromHere(output), folder, transitions, migrations.map(({ name }) => name)), header(schema.sources, commandOf(options))),
    ...evolved.files,
    { path: lockPath, text: lockText(schema, migrations, versions, ownHashes(ownObjects())) },
  ]
  const difference = await compareOutput(output, files, gone)
  if (difference.foreign.length > 0) return { kind: 'blocked', foreign: difference.foreign, problems }
  const met = migrations.find(({ name, after }) => after.length > 1 && evolved.files.some(({ path }) => path === `migrations/${name}.md`))?.after ?? []
  if (options.mode === 'check') return { kind: 'done', difference, met, problems }
  await checkSyntax(difference.changed)
  if (options.mode === 'write') await writeOutput(output, difference)
  return { kind: 'done', difference, met, problems }
}

/** How to generate again from the folder of the package, as the header of each file says. */
const commandOf = ({ schemas, output }: GenerateOptions): string => {
  const named = fromHome(output)
  const paths = schemas.map(named).map((path) => (/\.ya?ml$/.test(path) ? path : `${path}/`))
  return `npx syncgen ${paths.join(' ')}${named(output) === 'generated' ? '' : ` -o ${named(output)}`}`
}

/** A path relative to the working directory, with `/`. */
const fromHere = (path: string): string => pathFrom(process.cwd(), path)

/** Paths relative to the package that the output belongs to, wherever the command runs; to the working directory if it is in none. */
const fromHome = (output: string): ((path: string) => string) => {
  const home = packageAbove(resolve(output)) ?? process.cwd()
  return (path) => pathFrom(home, path)
}

const packageAbove = (folder: string): string | null => {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  return parent === folder ? null : packageAbove(parent)
}

const pathFrom = (folder: string, path: string): string => relative(folder, resolve(path)).split(sep).join('/') || '.'

