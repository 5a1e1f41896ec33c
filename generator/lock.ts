/**
 * schema.lock.json: the schema that the output was made from, completed and normalised, from which later versions of the
 * schema migrate. One line for each field, index and rule, sorted by name, so that git merges it. Documentation and the
 * order of declarations are not in it.
 */
import { createHash } from 'node:crypto'
import { jsonMark } from './mark.js'
import type { Enum, Field, Index, Model, Schema, Scope } from './model.js'

/** The lock file's text. `initial` is the text of the first migration, whose checksum it keeps. */
export const lockText = (schema: Schema, initial: string): string =>
  `${block([
    [jsonMark.key, line(jsonMark.value)],
    ['syncgen', line(1)],
    ['name', line(schema.name)],
    ['migrations', block([['0001_initial.sql', line(checksum(initial))]])],
    ['claims', sortedBlock(schema.claims, ({ type, nullable }) => line({ type, nullable }))],
    ['enums', sortedBlock(schema.enums, enumLine)],
    ['models', sortedBlock(schema.models, modelBlock)],
    ['scopes', sortedBlock(schema.scopes, scopeBlock)],
  ])}\n`

/** Of the initial migration's text, as the lock file keeps it; null if there is none, or no lock file of ours. */
export const lockedChecksum = (lock: string): string | null => {
  try {
    const { migrations } = JSON.parse(lock) as { readonly migrations?: { readonly [name: string]: unknown } }
    const found = migrations?.['0001_initial.sql']
    return typeof found === 'string' ? found : null
  } catch {
    return null
  }
}

export const checksum = (text: string): string => createHash('sha256').update(text).digest('hex')

/** JSON, printed. */
type Printed = string

const enumLine = ({ values }: Enum): Printed => line(values.map(({ name, was }) => (was === null ? name : { name, was })))

const modelBlock = (model: Model): Printed =>
  block([
    ['table', line(model.table)],
    ['plural', line(model.plural)],
    ...Object.entries(truthy({ was: model.was, join: model.join })).map(([key, value]) => [key, line(value)] as const),
    ['timestamps', line(model.timestamps)],
    ['deleteConflict', line(model.deleteConflict)],
    ['capture', line(model.capture)],
    ['fields', sortedBlock(model.fields, fieldLine)],
    ['indexes', sortedBlock(model.indexes, indexLine)],
    ['access', block(rules.map((rule) => [rule, line(model.access[rule])]))],
  ])

/** What is as usual is left out. */
const fieldLine = (field: Field): Printed =>
  line({
    column: field.column,
    ...(field.columnId === field.column ? {} : { columnId: field.columnId }),
    type: field.type,
    ...truthy({ nullable: field.nullable, default: field.default, unique: field.unique }),
    ...truthy({ readonly: field.readonly, immutable: field.immutable, serverOnly: field.serverOnly }),
    ...(field.conflict === 'latest' ? {} : { conflict: field.conflict }),
    ...truthy({ reference: field.reference, was: field.was, implicit: field.implicit }),
  })

const indexLine = ({ fields, unique, where, derived }: Index): Printed => line({ fields, ...truthy({ unique, where, derived }) })

const scopeBlock = (scope: Scope): Printed =>
  block([
    ['params', sortedBlock(scope.params, ({ type, nullable }) => line({ type, nullable }))],
    ['lines', block(scope.lines.map(({ model, where }) => [model, line(where)]))],
  ])

const rules = ['read', 'create', 'update', 'delete'] as const

const truthy = (facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== false && value !== null))

const sortedBlock = <Named extends { readonly name: string }>(all: readonly Named[], print: (each: Named) => Printed): Printed =>
  block(all.toSorted((left, right) => (left.name < right.name ? -1 : 1)).map((each) => [each.name, print(each)]))

/** An object with each entry on a line of its own. */
const block = (entries: readonly (readonly [key: string, value: Printed])[]): Printed => {
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, value]) => `  ${JSON.stringify(key)}: ${value.replaceAll('\n', '\n  ')}`)
  return `{\n${lines.join(',\n')}\n}`
}

const line = (value: unknown): Printed => JSON.stringify(value)
