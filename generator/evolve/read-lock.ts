/** The lock file, read back: the schema as it was when the output was last written, and the migrations up to there. */
import { checksum, type LockedMigration, type LockedVersion, usualField, usualIndex } from '../lock.js'
import { isGenerated } from '../mark.js'
import { type Access, type Claim, type Enum, type Field, type Index, type Model, type Schema, type Scope, usualVersions } from '../model.js'
import { buildRelations } from '../read/build-relations.js'
import { firstMark, unitedText } from './united-text.js'

/** What a lock file holds. */
export interface Lock {
  /** Without documentation and sources; claims, enums, models, scopes and indexes sorted by name. */
  readonly schema: Schema
  readonly migrations: readonly LockedMigration[]
  /** By name, which is the order in which they were made. Empty: it was written before there were any. */
  readonly versions: readonly LockedVersion[]
  /** Hashes of syncgen's own objects (see sql/own-objects.ts); null: it was written before these were remembered. */
  readonly own: Readonly<Record<string, string>> | null
}

/** A lock file that says nothing: where, counted from 1 (0: as a whole), and why. */
export interface LockFault {
  readonly line: number
  readonly why: string
}

/** Reads a lock file's text. */
export const readLock = (text: string): Lock | { readonly fault: LockFault } =>
  readWritten(text, (root) => ({ schema: schemaOf(root), migrations: migrationsOf(root.migrations ?? missing('migrations')), versions: versionsOf(root.versions ?? {}), own: root.own ?? null }))

/** Reads the text of a version's file. */
export const readVersion = (text: string): { readonly schema: Schema } | { readonly fault: LockFault } =>
  readWritten(text, (root) => ({ schema: schemaOf(root) }))

const readWritten = <Read>(given: string, read: (root: Written) => Read): Read | { readonly fault: LockFault } => {
  const mark = firstMark(given)
  const text = mark === 0 ? given : unitedText(given)
  if (text === null) return { fault: { line: mark, why: 'it holds the marks of a merge in which both sides changed the same line' } }
  if (!isGenerated(text)) return { fault: { line: 1, why: 'it does not say that syncgen wrote it' } }
  try {
    const root = JSON.parse(text) as Written
    if (root.syncgen !== 1) return { fault: { line: 0, why: 'another version of syncgen wrote it' } }
    return read(root)
  } catch (error) {
    return { fault: { line: lineOf(error, text), why: error instanceof SyntaxError ? 'it is no JSON' : 'parts of it are missing' } }
  }
}

/** A schema as a lock file gives it back: what it leaves out is left out, what it sorts is sorted. */
export const lockedForm = (schema: Schema): Schema => ({
  ...schema,
  sources: [],
  versions: usualVersions,
  claims: byName(schema.claims),
  enums: byName(schema.enums).map((each) => ({ ...each, doc: null })),
  models: related(
    byName(schema.models).map((model) => ({
      ...model,
      fields: model.fields.map((field) => ({ ...field, doc: null })),
      indexes: byName(model.indexes),
      doc: null,
    })),
  ),
  scopes: byName(schema.scopes).map((each) => ({ ...each, doc: null })),
})

/** Names a schema by what is in it: equal for equal ones, however they were written down. */
export const stateOf = (schema: Schema): string => checksum(JSON.stringify(lockedForm(schema)))

/** The file's form; a merge may have left anything in it, so what is missing throws. */
interface Written {
  readonly syncgen: number
  readonly name: string
  readonly generation?: number
  readonly migrations?: Block<Omit<LockedMigration, 'name'>>
  readonly versions?: Block<Omit<LockedVersion, 'name'>>
  readonly own?: Block<string>
  readonly claims: Block<Omit<Claim, 'name'>>
  readonly enums: Block<readonly (string | Enum['values'][number] | Enum['dropped'][number])[]>
  readonly models: Block<WrittenModel>
  readonly scopes: Block<{ readonly params: Block<Ordered & Omit<Claim, 'name'>>; readonly lines: Block<Scope['lines'][number]['where']> }>
}

type Block<Value> = Readonly<Record<string, Value>>

interface Ordered {
  readonly after?: string
}

interface WrittenModel extends Pick<Model, 'table' | 'plural' | 'timestamps' | 'deleteConflict' | 'capture'> {
  readonly was?: string
  readonly join?: true
  readonly fields: Block<Ordered & Pick<Field, 'column' | 'type'> & Partial<Field>>
  readonly indexes: Block<Pick<Index, 'fields'> & Partial<Index>>
  readonly access: Access
}

const schemaOf = (root: Written): Schema => ({
  name: root.name,
  sources: [],
  versions: usualVersions,
  generation: root.generation ?? 0,
  claims: named(root.claims),
  enums: Object.entries(root.enums).map(([name, values]) => ({
    name,
    values: values.flatMap((each) => (typeof each === 'string' ? { name: each, was: null } : 'to' in each ? [] : each)),
    dropped: values.flatMap((each) => (typeof each === 'object' && 'to' in each ? each : [])),
    doc: null,
  })),
  models: related(Object.entries(root.models).map(([name, model]) => modelOf(name, model))),
  scopes: Object.entries(root.scopes).map(([name, { params, lines }]) => ({
    name,
    params: ordered(params).map(([param, { type, nullable }]) => ({ name: param, type, nullable })),
    lines: Object.entries(lines).map(([model, where]) => ({ model, where })),
    doc: null,
  })),
})

const migrationsOf = (written: Block<Omit<LockedMigration, 'name'>>): readonly LockedMigration[] =>
  named(written).map(({ name, after, touches, files }) => ({ name, after: [...after], touches: [...touches], files: { ...files } }))

const versionsOf = (written: Block<Omit<LockedVersion, 'name'>>): readonly LockedVersion[] =>
  byName(named(written).map(({ name, hash, after, sum }) => ({ name, hash: String(hash), after: [...after], sum })))

const missing = (part: string): never => {
  throw new TypeError(`no ${part}`)
}

const modelOf = (name: string, { was, join, fields, indexes, access, ...rest }: WrittenModel): Omit<Model, 'relations'> => ({
  name,
  ...rest,
  join: join ?? false,
  fields: ordered(fields).map(([field, { after: _, ...facts }]) => ({ ...usualField, columnId: facts.column, doc: null, ...facts, name: field })),
  indexes: named(indexes).map((index) => ({ ...usualIndex, ...index })),
  access: { read: access.read, create: access.create, update: access.update, delete: access.delete },
  doc: null,
  was: was ?? null,
})

/** Relations follow from references. */
const related = (models: readonly Omit<Model, 'relations'>[]): readonly Model[] => {
  const fielded = models.map((model) => ({ ...model, pureJoin: model.join && ownFields(model) === 0 }))
  const relations = buildRelations(fielded)
  return models.map((model) => ({ ...model, relations: relations.get(model.name) ?? [] }))
}

/** Of a join: beside its two references. */
const ownFields = ({ fields }: Pick<Model, 'fields'>): number => fields.filter((field) => !field.implicit).length - 2

const named = <Value extends object>(block: Block<Value>): readonly (Value & { readonly name: string })[] =>
  Object.entries(block).map(([name, value]) => ({ name, ...value }))

/** Entries behind the one that each names. Two behind the same one (branches that met) stand in the order of their names. */
const ordered = <Value extends Ordered>(block: Block<Value>): readonly (readonly [string, Value])[] => {
  const left = new Map(Object.entries(block))
  const found: (readonly [string, Value])[] = []
  const take = (after: string | undefined): void => {
    for (const [name, value] of [...left]) {
      if (value.after !== after || !left.delete(name)) continue
      found.push([name, value])
      take(name)
    }
  }
  take(undefined)
  return [...found, ...left]
}

const byName = <Named extends { readonly name: string }>(all: readonly Named[]): readonly Named[] =>
  all.toSorted((left, right) => (left.name < right.name ? -1 : 1))

const lineOf = (error: unknown, text: string): number => {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
  return position === undefined ? 0 : text.slice(0, Number(position)).split('\n').length
}
