import { namedIn } from '../../expression.js'
import { fieldOf, type Model, type Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import { didYouMean } from '../suggest.js'
import type { Declarations } from '../validate.js'

/** Reports values that cannot be worked out: fields that wait for each other, rows that would move to a value that is not there. */
export const checkWorkedOut = ({ declared, models }: Declarations, schema: Schema, report: Report): void => {
  for (const { name, values, dropped } of declared.enums) {
    const labels = values.map((each) => each.name.text)
    for (const { to } of dropped) {
      if (!labels.includes(to.text)) report('SG116', to.at, `"${to.text}" is no value of ${name.text}`, didYouMean(to.text, labels))
    }
  }
  for (const model of schema.models) {
    for (const field of model.fields) {
      const circle = circleFrom(model, field.name)
      const word = models.get(model.name)?.fields.find(({ name }) => name.text === (field.reference?.relation ?? field.name))?.name
      if (circle === null || word === undefined) continue
      report('SG115', word.at, `"${field.name}" is worked out from itself: ${circle.join(' → ')}`, 'let one of them begin with something else')
    }
  }
}

/** The way from a field back to itself; null: there is none. */
const circleFrom = (model: Model, start: string): readonly string[] | null => {
  const visited = new Set<string>()
  const search = (name: string, way: readonly string[]): readonly string[] | null => {
    for (const next of namedIn(fieldOf(model, name).backfill)) {
      if (next === start) return [...way, next]
      if (visited.has(next)) continue
      visited.add(next)
      const found = search(next, [...way, next])
      if (found !== null) return found
    }
    return null
  }
  return search(start, [start])
}
