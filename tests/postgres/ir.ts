/** Short ways to write an IR by hand, for laws that need a schema of their own. */
import type { Access, Claim, Enum, Field, FieldType, Index, JsonValue, Model, Operand, Predicate, Reference, Relation, Schema, Scope } from '../../generator/model.js'

/** A field of any type; not null unless said. */
export const field = (name: string, type: FieldType | FieldType['kind'], more: Partial<Field> = {}): Field => {
  const column = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return {
    name,
    column,
    columnId: column,
    type: typeof type === 'string' ? typeOf(type) : type,
    nullable: false,
    default: null,
    unique: false,
    readonly: false,
    immutable: false,
    serverOnly: false,
    deprecated: false,
    backfill: null,
    convert: null,
    conflict: 'latest',
    merge: null,
    doc: null,
    was: null,
    implicit: false,
    reference: null,
    ...more,
  }
}

/** `ref('project', 'Project')` is the field `projectId`. */
export const ref = (relation: string, model: string, more: Partial<Field> & { readonly onDelete?: Reference['onDelete'] } = {}): Field => {
  const { onDelete = 'cascade', ...rest } = more
  return field(`${relation}Id`, 'uuid', { reference: { relation, model, inverse: null, onDelete }, ...rest })
}

export interface ModelOptions {
  readonly access?: Partial<Access>
  readonly indexes?: readonly Index[]
  readonly relations?: readonly Relation[]
  readonly timestamps?: boolean
  readonly capture?: Model['capture']
  readonly deleteConflict?: Model['deleteConflict']
  readonly table?: string
}

/** A model with its implicit fields, readable and writable by all unless said. */
export const model = (name: string, fields: readonly Field[], options: ModelOptions = {}): Model => {
  const { access, indexes = [], relations = [], timestamps = true, capture = 'statement', deleteConflict = 'delete-wins' } = options
  const plural = `${name.slice(0, 1).toLowerCase()}${name.slice(1)}s`
  const stamps = timestamps
    ? [field('createdAt', 'timestamp', { implicit: true, readonly: true }), field('updatedAt', 'timestamp', { implicit: true, readonly: true })]
    : []
  return {
    name,
    plural,
    table: options.table ?? plural.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    join: false,
    fields: [field('id', 'uuid', { implicit: true, immutable: true }), ...stamps, ...fields],
    relations,
    indexes,
    access: { read: always, create: always, update: always, delete: always, ...access },
    deleteConflict,
    timestamps,
    capture,
    doc: null,
    was: null,
  }
}

export const index = (name: string, fields: readonly string[], more: Partial<Index> = {}): Index => ({ name, fields, unique: false, deferrable: false, where: null, derived: false, ...more })

export const schema = (models: readonly Model[], scopes: readonly Scope[] = [], more: { readonly claims?: readonly Claim[]; readonly enums?: readonly Enum[] } = {}): Schema => ({
  name: 'test',
  sources: [],
  versions: 5,
  generation: 0,
  claims: [{ name: 'sub', type: { kind: 'uuid' }, nullable: false }],
  enums: [],
  models,
  scopes,
  ...more,
})

export const scope = (name: string, lines: Readonly<Record<string, Predicate>>, params: Scope['params'] = []): Scope => ({
  name,
  params,
  lines: Object.entries(lines).map(([of, where]) => ({ model: of, where })),
  doc: null,
})

export const always: Predicate = { kind: 'always' }
export const never: Predicate = { kind: 'never' }
export const all = (...of: readonly Predicate[]): Predicate => ({ kind: 'all', of })
export const any = (...of: readonly Predicate[]): Predicate => ({ kind: 'any', of })
export const not = (of: Predicate): Predicate => ({ kind: 'not', of })
export const eq = (name: string, value: Operand): Predicate => ({ kind: 'compare', field: name, op: 'eq', value })
export const compare = (name: string, op: Extract<Predicate, { kind: 'compare' }>['op'], value: Operand): Predicate => ({ kind: 'compare', field: name, op, value })
export const among = (name: string, values: readonly Operand[], negated = false): Predicate => ({ kind: 'in', field: name, values, negated })
export const one = (relation: string, of: string, where: Predicate): Predicate => ({ kind: 'one', relation, model: of, field: `${relation}Id`, where })
export const some = (of: string, name: string, where: Predicate): Predicate => ({ kind: 'some', relation: name, model: of, field: name, where })
export const none = (of: string, name: string, where: Predicate): Predicate => not(some(of, name, where))
export const every = (of: string, name: string, where: Predicate): Predicate => not(some(of, name, not(where)))

export const lit = (value: JsonValue): Operand => ({ kind: 'literal', value })
export const param = (name: string): Operand => ({ kind: 'param', name })
export const claim = (name: string): Operand => ({ kind: 'claim', name })
export const sub = claim('sub')

const typeOf = (kind: FieldType['kind']): FieldType => {
  switch (kind) {
    case 'string':
      return { kind, max: null, pattern: null }
    case 'decimal':
      return { kind, precision: 12, scale: 2 }
    case 'json':
      return { kind, ts: null }
    case 'enum':
    case 'list':
      throw new Error(`say more than ${kind}`)
    default:
      return { kind }
  }
}
