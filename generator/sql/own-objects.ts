/**
 * What of a database is syncgen's own, in pieces that can be told apart: a later version that makes one of them otherwise gives projects
 * a migration with just that. The lock file remembers a hash of each.
 */
import { createHash } from 'node:crypto'
import { usualField } from '../lock.js'
import type { Field, FieldType, Model, Schema } from '../model.js'
import { captureParts } from './capture.js'
import { syncgenSchema } from './syncgen-schema.js'

/** A function, table, index or sequence of the schema `syncgen`. */
export interface OwnObject {
  /** `function syncgen.purge(horizon interval)`: its head without defaults, as `drop` takes it. */
  readonly name: string
  /** How it is made, comments included. */
  readonly sql: string
}

/** What leads a database to tables of now, from those that an earlier syncgen made. */
export interface OwnUpgrade {
  /** Never used again: `0001_changes_origin`. */
  readonly name: string
  /** A sentence for whoever reads the migration. */
  readonly why: string
  /** Complete, with semicolons, in a transaction. It may run twice (branches that met): `add column if not exists`. */
  readonly sql: string
}

/** Everything that a version of syncgen makes of its own. */
export interface OwnObjects {
  readonly objects: readonly OwnObject[]
  /** Oldest first. A change of a table, index or sequence adds one. */
  readonly upgrades: readonly OwnUpgrade[]
  /** How changes are captured: functions and triggers of a schema that has every kind of field. */
  readonly capture: { readonly functions: string; readonly triggers: string }
}

/** Texts between which a blank line stands; each begins with what is said of it. */
export const objectsIn = (sql: string): readonly OwnObject[] =>
  sql.split(/\n\n(?=--|create|insert)/).flatMap((text) => {
    const head = /^create (function [^()]+\([\s\S]*?\))(?= returns|\s+language|$)/m.exec(text)?.[1] ?? /^create ((?:table|sequence) \S+)/m.exec(text)?.[1]
    return head === undefined ? [] : [{ name: head.replaceAll(/ default [^,)]+/g, ''), sql: text }]
  })

/** Of this version. */
export const ownObjects = (): OwnObjects => ({ objects: objectsIn(syncgenSchema), upgrades, capture: sampleCapture() })

const upgrades: readonly OwnUpgrade[] = [
  {
    name: '0001_horizons_version',
    why: 'Horizons say the last version drawn until then, so that what is written after a restore gets new versions.',
    sql: 'alter table syncgen.horizons add column if not exists version bigint;',
  },
  {
    name: '0002_meta_migrated',
    why: 'Positions say which migrations a database has.',
    sql: 'alter table syncgen.meta add column if not exists migrated bigint not null default 0;',
  },
]

/** What the lock file remembers, by name: 16 hex digits of what is made, without what is said of it; of an upgrade, that it is there. */
export const ownHashes = ({ objects, upgrades, capture }: OwnObjects): Readonly<Record<string, string>> =>
  Object.fromEntries([
    ...objects.map(({ name, sql }) => [name, hash(sql)] as const),
    ...upgrades.map(({ name, sql }) => [`upgrade ${name}`, hash(sql)] as const),
    ['capture functions', hash(capture.functions)],
    ['capture triggers', hash(capture.triggers)],
  ])

const hash = (sql: string): string =>
  createHash('sha256').update(sql.split('\n').filter((line) => !/^\s*--/.test(line)).join('\n')).digest('hex').slice(0, 16)

/** A project's own capture functions change with its schema; those of this one only with syncgen. */
const sampleCapture = (): OwnObjects['capture'] => {
  const models = sampleSchema.models.map((model) => captureParts(sampleSchema, model))
  return { functions: models.map(({ functionSql }) => functionSql).join('\n'), triggers: models.map(({ triggersSql }) => triggersSql).join('\n') }
}

const types: readonly FieldType[] = [
  { kind: 'uuid' },
  { kind: 'string', max: null, pattern: null },
  { kind: 'text' },
  { kind: 'int' },
  { kind: 'bigint' },
  { kind: 'float' },
  { kind: 'decimal', precision: 10, scale: 2 },
  { kind: 'boolean' },
  { kind: 'timestamp' },
  { kind: 'date' },
  { kind: 'json', ts: null },
  { kind: 'bytes' },
  { kind: 'enum', enum: 'Sample' },
  { kind: 'list', of: { kind: 'string' } },
]

const sampleField = (name: string, type: FieldType): Field => ({ ...usualField, name, column: name, columnId: name, type, doc: null })

const sampleModel = (name: string, facts: Pick<Model, 'capture' | 'deleteConflict' | 'timestamps'>): Model => ({
  name,
  plural: name,
  table: name,
  join: false,
  fields: [{ ...sampleField('id', { kind: 'uuid' }), implicit: true }, ...types.map((type, at) => sampleField(`${type.kind}_${at}`, type))],
  relations: [],
  indexes: [],
  access: { read: { kind: 'always' }, create: { kind: 'never' }, update: { kind: 'never' }, delete: { kind: 'never' } },
  doc: null,
  was: null,
  ...facts,
})

const sampleSchema: Schema = {
  name: 'sample',
  sources: [],
  versions: 1,
  generation: 0,
  claims: [],
  enums: [],
  models: [
    sampleModel('by_statement', { capture: 'statement', deleteConflict: 'delete-wins', timestamps: true }),
    sampleModel('by_row', { capture: 'row', deleteConflict: 'edit-wins', timestamps: false }),
  ],
  scopes: [],
}
