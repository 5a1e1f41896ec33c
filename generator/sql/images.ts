/** Which columns the changelog's images hold: those that decide membership, and no others. */
import { type Field, fieldOf, type Model, modelOf, type Predicate, type Schema } from '../model.js'
import { imageEntry } from './field-types.js'
import { indented, literal, quoted } from './text.js'

/**
 * Fields of a model that any scope line or read rule reads, hops' references included, in declaration order. Write rules are judged
 * on current rows, so theirs are not here: more columns would make more changes look like moves. Nor is the key: a row of
 * another key is another row.
 */
export const membershipFields = (schema: Schema, model: Model): readonly Field[] => {
  const read = new Set<string>()
  for (const carrier of schema.models) visit(schema, carrier, carrier.access.read, (of, field) => of === model && read.add(field))
  for (const { model: name, where } of schema.scopes.flatMap((scope) => scope.lines))
    visit(schema, modelOf(schema, name), where, (of, field) => of === model && read.add(field))
  return model.fields.filter((field) => field.name !== 'id' && read.has(field.name))
}

/** A jsonb object of a row's columns by stable column id; at most 50 to a call, which takes 100 arguments. */
export const imageOf = (fields: readonly Field[], row: string): string => {
  if (fields.length === 0) return `'{}'::jsonb`
  const chunks: string[] = []
  for (let at = 0; at < fields.length; at += 50) {
    const entries = fields.slice(at, at + 50).map((field) => `${literal(field.columnId)}, ${imageEntry(field, row, quoted(field.column))}`)
    const line = `jsonb_build_object(${entries.join(', ')})`
    chunks.push(line.length <= 110 ? line : `jsonb_build_object(\n  ${entries.join(',\n  ')})`)
  }
  return indented(chunks.join('\n|| '), 0)
}

const visit = (schema: Schema, model: Model, predicate: Predicate, found: (model: Model, field: string) => void): void => {
  switch (predicate.kind) {
    case 'always':
    case 'never':
      return
    case 'all':
    case 'any':
      for (const each of predicate.of) visit(schema, model, each, found)
      return
    case 'not':
      return visit(schema, model, predicate.of, found)
    case 'compare':
    case 'in':
      found(model, fieldOf(model, predicate.field).name)
      return
    case 'one':
      found(model, fieldOf(model, predicate.field).name)
      return visit(schema, modelOf(schema, predicate.model), predicate.where, found)
    case 'some': {
      const other = modelOf(schema, predicate.model)
      found(other, fieldOf(other, predicate.field).name)
      return visit(schema, other, predicate.where, found)
    }
  }
}
