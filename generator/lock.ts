/**
 * schema.lock.json: the schema that the output was made from, completed and normalised, from which later versions of the
 * schema migrate, the migrations that lead to it, and the versions that clients may have. One line for each field, index and rule, sorted by name, so that git
 * merges it; what has an order (fields, which travel by position) says behind which other it stands. Documentation is not in
 * it. evolve/read-lock.ts reads it back, whole.
 */
import { createHash } from 'node:crypto'
import { jsonMark } from './mark.js'
import type { Enum, Field, Index, Model, Schema, Scope } from './model.js'

/** A migration as the lock file remembers it. */
export interface LockedMigration {
  /** `0001_initial`, `20260131120000_task_notes`: what its files begin with. */
  readonly name: string
  /** The migrations it was written on top of: none for the first, two where branches met. */
  readonly after: readonly string[]
  /** What it changes, as in `Task.notes`. Two that have nothing in common may be applied in either order. */
  readonly touches: readonly string[]
  /** Checksums of its files in `migrations/`, by name, in the order in which they are applied. */
  readonly files: Readonly<Record<string, string>>
}

/** A version of the schema, as clients can tell it from others. */
export interface LockedVersion {
  /** `0001_4f3a90c1`, `20260131120000_8aa774ad`: when it was made, and the begin of its hash. */
  readonly name: string
  readonly hash: string
  /** The versions it was made of: none for the first, two where branches met. */
  readonly after: readonly string[]
  /** Checksum of its file in `versions/`; null: it is too old to be kept. */
  readonly sum: string | null
}

/** The lock file's text. `own`: hashes of syncgen's own objects; null: not remembered. */
export const lockText = (
  schema: Schema,
  migrations: readonly LockedMigration[],
  versions: readonly LockedVersion[] = [],
  own: Readonly<Record<string, string>> | null = null,
): string =>
  `${block([
    ...head,
    ['name', line(schema.name)],
    ['migrations', sortedBlock(migrations, ({ after, touches, files }) => line({ after, touches, files }))],
    ['versions', sortedBlock(versions, ({ hash, after, sum }) => line({ hash, after, sum }))],
    ...(own === null ? [] : [['own', block(Object.entries(own).toSorted().map(([name, hash]) => [name, line(hash)]))] as const]),
    ...parts(schema),
  ])}\n`

/** The text of a version's file: its schema in the form of the lock file, so that git merges and shows it alike. */
export const versionText = (schema: Schema): string => `${block([...head, ['name', line(schema.name)], ...parts(schema)])}\n`

/** Of a text, whatever line ends a checkout gave it. */
export const checksum = (text: string): string => createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')

/** What a line of a field leaves out: a field is so unless it says otherwise. */
export const usualField = {
  nullable: false,
  default: null,
  unique: false,
  readonly: false,
  immutable: false,
  serverOnly: false,
  conflict: 'latest',
  merge: null,
  was: null,
  deprecated: false,
  backfill: null,
  convert: null,
  implicit: false,
  reference: null,
} as const satisfies Partial<Field>

/** What a line of an index leaves out. */
export const usualIndex = { unique: false, deferrable: false, where: null, derived: false } as const satisfies Partial<Index>

/** JSON, printed. */
type Printed = string

type Entry = readonly [key: string, value: Printed]

const head: readonly Entry[] = [
  [jsonMark.key, JSON.stringify(jsonMark.value)],
  ['syncgen', '1'],
]

const parts = (schema: Schema): readonly Entry[] => [
  ...(schema.generation === 0 ? [] : [['generation', line(schema.generation)] as const]),
  ['claims', sortedBlock(schema.claims, ({ type, nullable }) => line({ type, nullable }))],
  ['enums', sortedBlock(schema.enums, enumLine)],
  ['models', sortedBlock(schema.models, modelBlock)],
  ['scopes', sortedBlock(schema.scopes, scopeBlock)],
]

const enumLine = ({ values, dropped }: Enum): Printed => line([...values.map(({ name, was }) => (was === null ? name : { name, was })), ...dropped])

const modelBlock = (model: Model): Printed =>
  block([
    ['table', line(model.table)],
    ['plural', line(model.plural)],
    ...(model.was === null ? [] : [['was', line(model.was)] as const]),
    ...(model.join ? [['join', line(true)] as const] : []),
    ['timestamps', line(model.timestamps)],
    ['deleteConflict', line(model.deleteConflict)],
    ['capture', line(model.capture)],
    ['fields', orderedBlock(model.fields, fieldFacts)],
    ['indexes', sortedBlock(model.indexes, ({ fields, ...rest }) => line({ fields, ...unusual(without(rest, 'name'), usualIndex) }))],
    ['access', block(rules.map((rule) => [rule, line(model.access[rule])]))],
  ])

const fieldFacts = ({ column, columnId, type, ...field }: Field): object => ({
  column,
  ...(columnId === column ? {} : { columnId }),
  type,
  ...unusual(without(without(field, 'name'), 'doc'), usualField),
})

const scopeBlock = (scope: Scope): Printed =>
  block([
    ['params', orderedBlock(scope.params, ({ type, nullable }) => ({ type, nullable }))],
    ['lines', block(scope.lines.map(({ model, where }) => [model, line(where)]))],
  ])

const rules = ['read', 'create', 'update', 'delete'] as const

/** Facts that are not as usual, in the order in which the usual ones are written. */
const unusual = (facts: object, usual: object): object => {
  const given = new Map<string, unknown>(Object.entries(facts))
  const strange = [...given.keys()].filter((key) => !(key in usual))
  if (strange.length > 0) throw new Error(`the lock file does not know ${strange.join(', ')}`)
  return Object.fromEntries(Object.entries(usual).flatMap(([key, value]) => (given.get(key) === value ? [] : [[key, given.get(key)]])))
}

const without = (facts: object, key: string): object => Object.fromEntries(Object.entries(facts).filter(([each]) => each !== key))

/** Entries that do not name their predecessor would lose their order by being sorted. */
const orderedBlock = <Named extends { readonly name: string }>(all: readonly Named[], facts: (each: Named) => object): Printed => {
  const before = new Map(all.map((each, at) => [each.name, all[at - 1]?.name]))
  return sortedBlock(all, (each) => line({ ...facts(each), after: before.get(each.name) }))
}

const sortedBlock = <Named extends { readonly name: string }>(all: readonly Named[], print: (each: Named) => Printed): Printed =>
  block(all.toSorted((left, right) => (left.name < right.name ? -1 : 1)).map((each) => [each.name, print(each)]))

/** An object with each entry on a line of its own. */
const block = (entries: readonly Entry[]): Printed => {
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, value]) => `  ${JSON.stringify(key)}: ${value.replaceAll('\n', '\n  ')}`)
  return `{\n${lines.join(',\n')}\n}`
}

const line = (value: unknown): Printed => JSON.stringify(value)

/** Of the initial migration's text, as the lock file keeps it; null if there is none, or no lock file of ours. */
export const lockedChecksum = (lock: string): string | null => {
  try {
    const { migrations } = JSON.parse(lock) as { readonly migrations?: Record<string, { readonly files?: Record<string, string> }> }
    return migrations?.['0001_initial']?.files?.['0001_initial.sql'] ?? null
  } catch {
    return null
  }
}
