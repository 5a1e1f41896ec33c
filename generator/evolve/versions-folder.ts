/** The folder with the earlier versions of a schema, read and checked: what devices have must not be guessed. */
import type { EmittedFile } from '../emit.js'
import { checksum, type LockedVersion } from '../lock.js'
import type { Schema } from '../model.js'
import { outputText } from '../write.js'
import type { Decision } from './decisions.js'
import type { MigrationFile } from './migration-files.js'
import { type Lock, readVersion } from './read-lock.js'
import type { Transition } from './transition.js'
import { type KeptVersion, succeed, transitionsBetween } from './versions.js'

/** Earlier versions and what leads from them, or what somebody has to decide first. */
export type Remembered =
  | { readonly kind: 'undecided'; readonly decisions: readonly Decision[] }
  | {
      readonly kind: 'evolved'
      readonly schema: Schema
      readonly versions: readonly LockedVersion[]
      readonly transitions: readonly Transition[]
      readonly files: readonly EmittedFile[]
      readonly gone: readonly string[]
    }

/** Where, what was accepted, and when a version that is new says that it was made. */
export interface VersionsOptions {
  readonly output: string
  readonly accepted: readonly string[]
  readonly stamp: string
}

/** Reads the versions that the lock file names, and adds the schema as one if clients can tell it from the last. */
export const versionsFor = async (lock: Lock, declared: Schema, { output, accepted, stamp }: VersionsOptions): Promise<Remembered> => {
  const forgotten = (name: string): boolean => accepted.includes(`forget:${name}`)
  const known = { ...lock, versions: lock.versions.map((each) => (forgotten(each.name) ? { ...each, sum: null } : each)) }
  const succession = succeed(known, declared, stamp)
  const fresh = new Map(succession.files.map(({ name, text }) => [name, text]))
  const { current } = succession
  const read = await Promise.all(
    [...succession.kept, ...(current === null ? [] : [current])].map(async (version) => {
      const path = `${version.name}.json`
      return schemaIn(version, fresh.get(path) ?? (await outputText(output, versionPath(path))), `${output}/${versionPath(path)}`)
    }),
  )
  const decisions = read.flatMap((each) => ('message' in each ? [each] : []))
  if (decisions.length > 0) return { kind: 'undecided', decisions }
  const kept = read.flatMap((each) => ('schema' in each ? [each] : []))
  const last = kept.find(({ name }) => name === current?.name)
  return {
    kind: 'evolved',
    schema: succession.schema,
    versions: succession.versions,
    transitions: transitionsBetween(succession, kept.filter((each) => each !== last), last?.schema ?? succession.schema),
    files: succession.files.map(inVersions),
    gone: succession.gone.map(versionPath),
  }
}

/** A file of the folder, by its path from the output folder. */
export const inVersions = ({ name, text }: MigrationFile): EmittedFile => ({ path: versionPath(name), text })

/** `versions/0001_4f3a90c1.json` */
export const versionPath = (file: string): string => `versions/${file}`

const schemaIn = ({ name, sum }: LockedVersion, text: string | null, path: string): KeptVersion | Decision => {
  const accept = `forget:${name}`
  if (text === null) return { message: `${path} is missing: it says what devices of that version have. Restore it from version control. If there are none any more, it can be forgotten.`, accept }
  if (checksum(text) !== sum) {
    return { message: `${path} is not as syncgen wrote it, and says what devices of that version have: put back the generated file. If there are none any more, it can be forgotten.`, accept }
  }
  const version = readVersion(text)
  if ('schema' in version) return { name, schema: version.schema }
  return { message: `${path} cannot be read: ${version.fault.why}. Restore it from version control. If there are no devices of that version any more, it can be forgotten.`, accept }
}
