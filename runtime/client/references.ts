/** How rows of a schema hang on each other: references by what a deletion does to them, and the pairs that join rows link. */
import type { ModelDescriptor, SchemaDescriptor } from '../protocol/descriptor.js'

/** `field` of `model` is the id of a row of `target`. */
export interface Reference {
  readonly model: string
  readonly field: string
  readonly target: string
  readonly onDelete: 'cascade' | 'setNull' | 'restrict' | 'noAction'
}

/** Pure facts of a schema, worked out once. */
export class References {
  readonly #from = new Map<string, readonly Reference[]>()
  readonly #to = new Map<string, readonly Reference[]>()
  readonly #pairs: ReadonlyMap<string, readonly [string, string]>

  constructor(schema: SchemaDescriptor) {
    const models = Object.values(schema.models)
    const all = models.flatMap(referencesOf)
    for (const { name } of models) {
      this.#from.set(name, all.filter(({ model }) => model === name))
      this.#to.set(name, all.filter(({ target }) => target === name))
    }
    this.#pairs = new Map(models.flatMap(({ name, pair }) => (pair === undefined ? [] : [[name, pair]])))
  }

  /** References that rows of a model hold. */
  from(model: string): readonly Reference[] {
    return this.#from.get(model) ?? []
  }

  /** References that lead to rows of a model. */
  to(model: string): readonly Reference[] {
    return this.#to.get(model) ?? []
  }

  /** The two fields of a join model, whose values one row at most links. */
  pair(model: string): readonly [string, string] | undefined {
    return this.#pairs.get(model)
  }

  /** Tuples of fields by which rows of a model are looked up. */
  lookups(model: string): readonly (readonly string[])[] {
    const pair = this.pair(model)
    return [...this.from(model).map(({ field }) => [field]), ...(pair === undefined ? [] : [pair])]
  }

  /** These models, and those whose rows go or change with theirs. */
  reachedBy(models: Iterable<string>): ReadonlySet<string> {
    const reached = new Set(models)
    for (const model of reached) {
      for (const { model: child, onDelete } of this.to(model)) if (onDelete === 'cascade') reached.add(child)
    }
    return reached
  }
}

/** What a row goes by in a lookup; undefined if one of the values is null. */
export const lookupKey = (fields: readonly string[], valueOf: (field: string) => unknown): string | undefined => {
  const values = fields.map(valueOf)
  return values.every((value) => typeof value === 'string') ? values.join(' ') : undefined
}

/** Fields that stay on the server are not here to be followed. */
const referencesOf = ({ name, fields, relations }: ModelDescriptor): readonly Reference[] =>
  Object.values(relations).flatMap((relation) =>
    relation.kind === 'one' && relation.onDelete !== undefined && Object.hasOwn(fields, relation.field)
      ? [{ model: name, field: relation.field, target: relation.model, onDelete: relation.onDelete }]
      : [],
  )
