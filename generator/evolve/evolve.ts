/** From the lock file and a schema to what the migrations folder has to hold. */
import { checksum, type LockedMigration } from '../lock.js'
import { mark } from '../mark.js'
import { initialMigration } from '../migrate.js'
import { initialName, migrationNumber } from '../migrated.js'
import type { Schema } from '../model.js'
import { type OwnObjects, ownHashes, ownObjects } from '../sql/own-objects.js'
import { headsOf, overlaps, touchedBy } from './branches.js'
import { changesText } from './changes-text.js'
import { withColumnIds } from './column-ids.js'
import { type Decision, decisionsOf } from './decisions.js'
import { evolutionOf } from './diff.js'
import { statementsOf } from './emit.js'
import { freshCaptures } from './emit-captures.js'
import { ownCaptures, ownStatements } from './emit-own.js'
import { lateWords } from './late-words.js'
import { type MigrationFile, migrationFiles, noWayBack } from './migration-files.js'
import { type Planned, planOf } from './phases.js'
import type { Lock } from './read-lock.js'
import { slugOf } from './slug.js'
import { stampAfter } from './stamp.js'
import type { Step } from './steps.js'

/** What a schema asks of the database that has the migrations of before. */
export type Evolved =
  | { readonly kind: 'undecided'; readonly decisions: readonly Decision[] }
  | {
      readonly kind: 'evolved'
      /** The schema with the column ids that the database has. */
      readonly schema: Schema
      readonly steps: readonly Step[]
      /** All of them, the new one last. */
      readonly migrations: readonly LockedMigration[]
      /** Files that are new, and their words; those of before are not touched. */
      readonly files: readonly MigrationFile[]
    }

/** The text of the first migration. */
export const initialText = (schema: Schema): string =>
  `-- ${mark}. Apply it with \`npx syncgen migrate --database URL\`; once applied it is never edited.\n\n${initialMigration(schema)}${noWayBack}`

/** With nothing to begin with: everything. */
export const begun = (schema: Schema): Extract<Evolved, { kind: 'evolved' }> => {
  const text = initialText(schema)
  const file = `${initialName}.sql`
  const migration = { name: initialName, after: [], touches: [], files: { [file]: checksum(text) } }
  return { kind: 'evolved', schema, steps: [], migrations: [migration], files: [{ name: file, text }] }
}

/** What changed since the lock file was written, in the schema and in syncgen. `now`: a stamp, for the names of new files. */
export const evolve = (lock: Lock, declared: Schema, accepted: readonly string[], now: string, own: OwnObjects = ownObjects()): Evolved => {
  const schema = withColumnIds(lock.schema, declared)
  const evolution = evolutionOf(lock.schema, schema)
  const decisions = [...decisionsOf(evolution), ...lateWords(evolution), ...overlaps(lock.migrations)].filter(({ accept }) => accept === null || !accepted.includes(accept))
  if (decisions.length > 0) return { kind: 'undecided', decisions }
  const { steps } = evolution
  const heads = headsOf(lock.migrations)
  const met = heads.length > 1
  // Of a first migration alone its text tells: see `isStale`.
  const known = lock.own ?? (lock.migrations.length === 1 ? ownHashes(own) : null)
  const first = ownStatements(known, own)
  const planned = [...statementsOf(evolution), ...(met ? freshCaptures(schema) : [])]
  const captures = ownCaptures(known, own, schema, [...first, ...planned])
  if (first.length + planned.length + captures.length === 0) return { kind: 'evolved', schema, steps, migrations: lock.migrations, files: [] }
  const stamp = nextStamp(lock, now)
  const slug = steps.length === 0 && met ? 'merge' : slugOf(steps)
  const name = `${stamp}_${slug}`
  const plan = planOf([...first, marked(name), ...planned, ...captures])
  const files = migrationFiles(plan, stamp, slug)
  const migration: LockedMigration = {
    name,
    after: heads,
    touches: [...new Set(steps.flatMap(touchedBy))].toSorted(),
    files: Object.fromEntries(files.map((file) => [file.name, checksum(file.text)])),
  }
  const words = { name: `${name}.md`, text: changesText(name, steps, plan) }
  return { kind: 'evolved', schema, steps, migrations: [...lock.migrations, migration], files: [...files, words] }
}

/** In one transaction with the first change of shape: who sees that change sees the mark. */
const marked = (name: string): Planned => ({
  phase: 'expand',
  why: 'Devices are told which migrations the database had: see docs/protocol.md, positions.',
  sql: `update syncgen.meta set migrated = migrated # ${migrationNumber(name)};`,
})

/** Files are applied in the order of their names: a new one comes after all that are there, whatever the clock says. */
export const nextStamp = ({ migrations, versions }: Lock, now: string): string => {
  const names = [...migrations.flatMap(({ files }) => Object.keys(files)), ...versions.map(({ name }) => name)]
  const stamps = names.flatMap((name) => /^\d{14}/.exec(name)?.[0] ?? [])
  const last = stamps.toSorted().at(-1)
  return last === undefined || last < now ? now : stampAfter(last, 1)
}
