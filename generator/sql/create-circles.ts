import { partsOf } from '../read/logic.js'
import { type Model, modelOf, type Predicate, type Schema } from '../model.js'

/**
 * Models from whose rows a model's create rule may take a right while rows of theirs, by their own create rules, may take it from
 * its. New rows of such a circle could vouch for each other (whoever is seated may invite, whoever is invited may take a seat) or
 * each for itself (whoever is seated may seat others): only rows that are proven otherwise count.
 */
export const circleOf = (schema: Schema, model: Model): ReadonlySet<string> =>
  new Set([...reachedFrom(schema, model)].filter((name) => reachedFrom(schema, modelOf(schema, name)).has(model.name)))

/** Models whose rows the create rule reads, and those that theirs read, and so on. Nobody can create rows of a model without a rule. */
const reachedFrom = (schema: Schema, model: Model, reached = new Set<string>()): ReadonlySet<string> => {
  for (const name of modelsIn(model.access.create)) {
    if (reached.has(name)) continue
    reached.add(name)
    reachedFrom(schema, modelOf(schema, name), reached)
  }
  return reached
}

const modelsIn = (predicate: Predicate): readonly string[] => [
  ...(predicate.kind === 'one' || predicate.kind === 'some' ? [predicate.model] : []),
  ...partsOf(predicate).flatMap(modelsIn),
]
