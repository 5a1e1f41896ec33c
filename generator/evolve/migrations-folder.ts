/** What the output folder has to hold of the past: migrations and earlier versions; and when somebody has to decide. */
import { begun, evolve, type Evolved, initialText, nextStamp } from './evolve.js'
import type { Decision } from './decisions.js'
import { type Lock, readLock } from './read-lock.js'
import type { EmittedFile } from '../emit.js'
import { checksum, type LockedMigration, type LockedVersion } from '../lock.js'
import { initialName } from '../migrated.js'
import type { Schema } from '../model.js'
import { outputText } from '../write.js'
import type { MigrationFile } from './migration-files.js'
import type { Transition } from './transition.js'
import { firstVersion } from './versions.js'
import { inVersions, versionPath, versionsFor } from './versions-folder.js'

/** The lock file's path in the output folder. */
export const lockPath = 'schema.lock.json'

/** What the output folder says of the past, and what came of it. */
export interface MigrationsOptions {
  readonly output: string
  readonly accepted: readonly string[]
  /** A stamp: when new files say that they were made. */
  readonly now: string
}

/**
 * Like `Evolved`, with what leads from the versions that clients may have. Files with their paths from the output folder; `gone`: those that
 * are needed no more, because the first migration was written again, or a version is too old.
 */
export type Migrations =
  | (Evolved & { readonly kind: 'undecided' })
  | (Omit<Evolved & { readonly kind: 'evolved' }, 'files'> & {
      readonly versions: readonly LockedVersion[]
      readonly transitions: readonly Transition[]
      readonly files: readonly EmittedFile[]
      readonly gone: readonly string[]
    })

/** Reads the past, decides nothing by itself. */
export const migrationsFor = async (schema: Schema, { output, accepted, now }: MigrationsOptions): Promise<Migrations> => {
  const text = await outputText(output, lockPath)
  const first = `migrations/${initialName}.sql`
  const rewrite = accepted.includes('rewrite:initial')
  if (text === null) {
    const stray = !rewrite && (await outputText(output, first)) !== null
    return stray ? undecided(missingLock(output)) : beginning(schema, [])
  }
  const lock = readLock(text)
  if ('fault' in lock) return undecided(faultyLock(output, lock.fault))
  const changed = await changedFiles(output, lock.migrations)
  if (changed !== null) return undecided(changed)
  if (rewrite) return beginning(schema, [...filesOf(lock.migrations), ...lock.versions.filter(({ sum }) => sum !== null).map(({ name }) => versionPath(`${name}.json`))])
  const evolved = evolve(lock, schema, accepted, now)
  if (evolved.kind === 'undecided') return evolved
  const stale = evolved.files.length === 0 && isStale(lock, evolved.schema, await outputText(output, first))
  if (stale) return undecided(rewriting(output))
  const remembered = await versionsFor(lock, evolved.schema, { output, accepted, stamp: nextStamp(lock, now) })
  return remembered.kind === 'undecided' ? remembered : { ...evolved, ...remembered, files: [...evolved.files.map(inMigrations), ...remembered.files] }
}

const beginning = (schema: Schema, before: readonly string[]): Migrations => {
  const { versions, files: made } = firstVersion(schema)
  const start = begun(schema)
  const files = [...start.files.map(inMigrations), ...made.map(inVersions)]
  return { ...start, versions, transitions: [], files, gone: before.filter((path) => !files.some((file) => file.path === path)) }
}

const inMigrations = ({ name, text }: MigrationFile): EmittedFile => ({ path: `migrations/${name}`, text })

const undecided = (decision: Decision): Extract<Migrations, { kind: 'undecided' }> => ({ kind: 'undecided', decisions: [decision] })

/** Whether this version of syncgen would write the first and only migration of an unchanged schema in another way. */
const isStale = ({ migrations }: Lock, schema: Schema, present: string | null): boolean =>
  migrations.length === 1 && present !== null && statements(present) !== statements(initialText(schema))

/** Without what is said about them. */
const statements = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .filter((line) => !/^(--|comment on )/.test(line))
    .join('\n')

/** The first file that is not as it was written. */
const changedFiles = async (output: string, migrations: readonly LockedMigration[]): Promise<Decision | null> => {
  for (const { files } of migrations)
    for (const [name, sum] of Object.entries(files)) {
      const present = await outputText(output, `migrations/${name}`)
      if (present === null) return { message: `${output}/migrations/${name} is missing: restore it, databases may have applied it.`, accept: null }
      if (checksum(present) !== sum) return { message: edited(`${output}/migrations/${name}`), accept: null }
    }
  return null
}

const filesOf = (migrations: readonly LockedMigration[]): readonly string[] =>
  migrations.flatMap(({ name, files }) => [...Object.keys(files), ...(name === initialName ? [] : [`${name}.md`])]).map((file) => `migrations/${file}`)

const edited = (path: string): string =>
  `${path} is not as syncgen wrote it. Databases remember what they applied: put back the generated file, and keep your own SQL in a migration of its own.`

const missingLock = (output: string): Decision => ({
  message: `${output}/${lockPath} is missing, and there are migrations: nothing says what databases have. Restore it from version control. If no database is to be kept, the first migration can be written again.`,
  accept: 'rewrite:initial',
})

const faultyLock = (output: string, { line, why }: { readonly line: number; readonly why: string }): Decision => ({
  message: `${output}/${lockPath}${line === 0 ? '' : `:${line}`} cannot be read: ${why}. Say in such a line what holds on both branches, keep the lines of both elsewhere (without one, its migration would be written again), and generate again.`,
  accept: null,
})

const rewriting = (output: string): Decision => ({
  message: `This version of syncgen writes ${output}/migrations/${initialName}.sql in another way, though the schema is the same. If no database is to be kept that has applied it, it can be written again.`,
  accept: 'rewrite:initial',
})
