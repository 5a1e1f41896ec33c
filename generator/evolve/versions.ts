/**
 * The versions of a schema that clients may have: each is kept whole, in a file of its own, because what leads from one to
 * the next is worked out anew by every run. A version is another one if a client can tell; it names those it was made of, so
 * that branches which met are two ways that lead to one version.
 */
import { checksum, type LockedVersion, versionText } from '../lock.js'
import type { Schema } from '../model.js'
import { schemaHash } from '../views/schema-hash.js'
import type { MigrationFile } from './migration-files.js'
import type { Lock } from './read-lock.js'
import { type Transition, transitionOf } from './transition.js'

/** An earlier version with its schema. */
export interface KeptVersion {
  readonly name: string
  readonly schema: Schema
}

/** What is remembered once a schema is generated. */
export interface Succession {
  /** The schema, told apart from earlier versions that looked the same. */
  readonly schema: Schema
  /** All that there ever were, this one included. */
  readonly versions: readonly LockedVersion[]
  /** Of them, the earlier ones that are to be understood, oldest first. */
  readonly kept: readonly LockedVersion[]
  /** The one that this schema is, if it was made before; null: it is made now, or its file was forgotten. */
  readonly current: LockedVersion | null
  /** Those that are not in `versions/` yet. */
  readonly files: readonly MigrationFile[]
  /** Those that are too old now. */
  readonly gone: readonly string[]
}

/** The first version, with nothing before. */
export const firstVersion = (schema: Schema): Succession => {
  const made = versionOf(schema, '0001', [])
  return { schema, versions: [made], kept: [], current: null, files: [fileOf(made, schema)], gone: [] }
}

/** @param stamp - later than all that there are */
export const succeed = (lock: Lock, declared: Schema, stamp: string): Succession => {
  // Written before versions were kept: it holds one.
  const adopted = lock.versions.length > 0 ? [] : [versionOf(lock.schema, '0001', [])]
  const before = [...lock.versions, ...adopted]
  const heads = versionHeads(before)
  const as = (generation: number): Schema => ({ ...declared, generation })
  const [head] = heads
  const isSame = heads.length === 1 && head?.hash === schemaHash(as(lock.schema.generation))
  const schema = as(isSame ? lock.schema.generation : freeGeneration(declared, before))
  const made = isSame ? [] : [versionOf(schema, stamp, heads.map(({ name }) => name))]
  const earlier = isSame ? before.filter((each) => each !== head) : before
  const kept = earlier.slice(Math.max(0, earlier.length - schema.versions)).filter(({ sum }) => sum !== null)
  const old = earlier.filter((each) => each.sum !== null && !kept.includes(each))
  return {
    schema,
    versions: [...before.map((each) => (old.includes(each) ? { ...each, sum: null } : each)), ...made],
    kept,
    current: isSame && head?.sum !== null ? (head ?? null) : null,
    files: [...adopted.filter((each) => !old.includes(each)).map((each) => fileOf(each, lock.schema)), ...made.map((each) => fileOf(each, schema))],
    gone: old.filter((each) => !adopted.includes(each)).map(({ name }) => `${name}.json`),
  }
}

/**
 * What leads from each kept version to the one that was made of it and is there; oldest first. Several may lead to one. `schema`: the last
 * version as it was when it was made: what it says of how it was made (`was:`, `backfill:`) may be gone from the schema since.
 */
export const transitionsBetween = ({ versions }: Succession, kept: readonly KeptVersion[], schema: Schema): readonly Transition[] => {
  const last = versions.at(-1)?.name ?? ''
  const schemas = new Map([...kept.map((each) => [each.name, each.schema] as const), [last, schema]])
  const next = (name: string): Schema | undefined => {
    const child = versions.findLast(({ after }) => after.includes(name))
    return child === undefined ? undefined : (schemas.get(child.name) ?? next(child.name))
  }
  const all = kept.flatMap((each) => {
    const following = next(each.name)
    return following === undefined ? [] : (transitionOf(each.schema, following) ?? [])
  })
  return all.filter(({ from }, at) => all.findLastIndex((each) => each.from === from) === at)
}

const versionOf = (schema: Schema, stamp: string, after: readonly string[]): LockedVersion => {
  const hash = schemaHash(schema)
  return { name: `${stamp}_${hash.slice(0, 8)}`, hash, after, sum: checksum(versionText(schema)) }
}

const fileOf = ({ name }: LockedVersion, schema: Schema): MigrationFile => ({ name: `${name}.json`, text: versionText(schema) })

/** Versions of which no other was made: more than one where branches met. */
const versionHeads = (versions: readonly LockedVersion[]): readonly LockedVersion[] => {
  const below = new Set(versions.flatMap(({ after }) => after))
  return versions.filter(({ name }) => !below.has(name))
}

/** The first number under which no earlier version has the hash. */
const freeGeneration = (schema: Schema, before: readonly LockedVersion[]): number => {
  const taken = new Set(before.map(({ hash }) => hash))
  let generation = 0
  while (taken.has(schemaHash({ ...schema, generation }))) generation += 1
  return generation
}
