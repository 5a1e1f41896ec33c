import type { Model, Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'
import { sortedReaders, throughReaders, uniqueReaders } from '../../views/client-readers.js'

/** Reports readers of one cache that would have the same name. For schemas without errors: readers are made from whole models. */
export const checkReaders = ({ models }: Declarations, schema: Schema, report: Report): void => {
  for (const model of schema.models) {
    const at = models.get(model.name)?.name.at
    const twice = repeated(methodsOf(schema, model)) ?? repeated(indexesOf(model))
    if (at === undefined || twice === null) continue
    report('SG206', at, `two readers of ${model.plural} would be called "${twice}"`, 'rename a field, a reference or an inverse that this name is made of')
  }
}

const methodsOf = (schema: Schema, model: Model): readonly string[] => [
  ...model.relations.map((each) => each.name),
  ...[...sortedReaders(model), ...uniqueReaders(model), ...throughReaders(schema, model)].map((each) => each.method),
]

const indexesOf = (model: Model): readonly string[] => [...sortedReaders(model), ...uniqueReaders(model)].map((each) => each.member)

const repeated = (names: readonly string[]): string | null => names.find((each, at) => names.indexOf(each) < at) ?? null
