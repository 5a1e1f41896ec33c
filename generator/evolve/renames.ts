/** Renames: which thing of the new schema is which of the old, and the old schema under the new names. */
import type { Field, Model, Predicate, Schema } from '../model.js'
import { lockedForm } from './read-lock.js'
import type { RenameStep } from './steps.js'

/** What a thing was called in the old version: its own name if that was there, else its `was:`; null: it is new. */
export const formerName = (thing: { readonly name: string; readonly was: string | null }, old: readonly { readonly name: string }[]): string | null => {
  const there = (name: string | null): boolean => old.some((each) => each.name === name)
  return there(thing.name) ? thing.name : there(thing.was) ? thing.was : null
}

/** The steps that give the old schema the new names, and what it then is. Values of enums stay: renaming them moves rows. */
export const underNewNames = (previous: Schema, next: Schema): { readonly schema: Schema; readonly steps: readonly RenameStep[] } => {
  const pairs = next.models.flatMap((after) => {
    const before = previous.models.find(({ name }) => name === formerName(after, previous.models))
    return before === undefined ? [] : [{ before, after, fields: fieldPairs(before, after) }]
  })
  const names: Names = {
    models: new Map(pairs.map(({ before, after }) => [before.name, after.name])),
    fields: new Map(pairs.map(({ before, fields }) => [before.name, new Map(fields.map((pair) => [pair.before.name, pair.after.name]))])),
  }
  const renamed = new Map(pairs.map(({ before, after, fields }) => [before.name, renamedModel(before, after, fields, names)]))
  const models = previous.models.map((model) => renamed.get(model.name) ?? withNames(model, names))
  const scopes = previous.scopes.map((scope) => ({
    ...scope,
    lines: scope.lines.map(({ model, where }) => ({ model: modelName(names, model), where: translated(where, model, names) })),
  }))
  return { schema: lockedForm({ ...previous, models, scopes }), steps: pairs.flatMap(stepsOf) }
}

interface Pair {
  readonly before: Model
  readonly after: Model
  readonly fields: readonly FieldPair[]
}

interface FieldPair {
  readonly before: Field
  readonly after: Field
}

interface Names {
  readonly models: ReadonlyMap<string, string>
  /** By the old name of their model. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const fieldPairs = (before: Model, after: Model): readonly FieldPair[] =>
  after.fields.flatMap((field) => {
    const former = before.fields.find(({ name }) => name === formerName(field, before.fields))
    return former === undefined ? [] : [{ before: former, after: field }]
  })

const stepsOf = ({ before, after, fields }: Pair): readonly RenameStep[] => [
  ...(before.name === after.name ? [] : [{ kind: 'model-renamed', from: before.name, model: after.name } as const]),
  ...(before.table === after.table ? [] : [{ kind: 'table-renamed', model: after.name, from: before.table, to: after.table } as const]),
  ...fields.flatMap((pair): readonly RenameStep[] => [
    ...(pair.before.name === pair.after.name ? [] : [{ kind: 'field-renamed', model: after.name, from: pair.before.name, field: pair.after.name } as const]),
    ...(pair.before.column === pair.after.column
      ? []
      : [{ kind: 'column-renamed', model: after.name, field: pair.after.name, from: pair.before.column, to: pair.after.column } as const]),
  ]),
]

const renamedModel = (before: Model, after: Model, fields: readonly FieldPair[], names: Names): Model => {
  const renamed = new Map(fields.map((pair) => [pair.before, { ...pair.before, name: pair.after.name, column: pair.after.column }]))
  const model = withNames({ ...before, fields: before.fields.map((field) => renamed.get(field) ?? field) }, names)
  return { ...model, name: after.name, plural: after.plural, table: after.table }
}

/** With the new names wherever it refers to something. */
const withNames = (model: Model, names: Names): Model => ({
  ...model,
  fields: model.fields.map((field) =>
    field.reference === null ? field : { ...field, reference: { ...field.reference, model: modelName(names, field.reference.model) } },
  ),
  indexes: model.indexes.map((index) => ({
    ...index,
    fields: index.fields.map((field) => fieldName(names, model.name, field)),
    where: index.where === null ? null : translated(index.where, model.name, names),
  })),
  access: {
    read: translated(model.access.read, model.name, names),
    create: translated(model.access.create, model.name, names),
    update: translated(model.access.update, model.name, names),
    delete: translated(model.access.delete, model.name, names),
  },
})

/** A predicate on rows of `model`, an old name. What relations are called decides nothing, and is left as it was. */
const translated = (predicate: Predicate, model: string, names: Names): Predicate => {
  switch (predicate.kind) {
    case 'always':
    case 'never':
      return predicate
    case 'all':
    case 'any':
      return { ...predicate, of: predicate.of.map((each) => translated(each, model, names)) }
    case 'not':
      return { ...predicate, of: translated(predicate.of, model, names) }
    case 'compare':
    case 'in':
      return { ...predicate, field: fieldName(names, model, predicate.field) }
    case 'one':
    case 'some': {
      const holder = predicate.kind === 'one' ? model : predicate.model
      return {
        ...predicate,
        model: modelName(names, predicate.model),
        field: fieldName(names, holder, predicate.field),
        where: translated(predicate.where, predicate.model, names),
      }
    }
  }
}

const modelName = ({ models }: Names, name: string): string => models.get(name) ?? name

const fieldName = ({ fields }: Names, model: string, name: string): string => fields.get(model)?.get(name) ?? name
