import { buildFields } from './build-fields.js'
import { completeIndexes, joinSides, readIndexes } from './build-indexes.js'
import { buildRelations } from './build-relations.js'
import type { FieldContext } from './build-scalar.js'
import { fieldsToIndex } from './derived-indexes.js'
import type { DeclaredModel, DeclaredEnum, DeclaredScope, DeclaredValue, Word } from './document.js'
import { readType, type TypeNames } from './field-types.js'
import { actions, type Ground, type Shape, shapeOf, type Variable } from './ground.js'
import type { Declared } from './merge-documents.js'
import { type Enum, type Model, type Schema, type Scope, usualVersions } from '../model.js'
import { camelCase, pluralOf, snakeCase } from '../names.js'
import { compilePredicate } from './predicate.js'
import type { Report } from '../problem.js'
import { Rules } from './rules.js'
import { didYouMean, listed } from './suggest.js'

/** The schema that was declared. Names that lead nowhere and values that do not fit are reported. */
export const buildModel = (declared: Declared, report: Report): Schema => {
  const enums = declared.enums.map(buildEnum)
  const names: TypeNames = {
    enums: new Set(enums.map((each) => each.name)),
    models: new Set(declared.models.map((each) => each.name.text)),
  }
  const brokenVariables = new Set<string>()
  const claims = buildVariables(declared.claims, '$auth', names, brokenVariables, report)
  const shapes = buildShapes(declared.models, { names, enums, report })
  const base = { shapes, enums, claims, params: null, brokenVariables, report }
  const rules = new Rules(declared.models, base)
  const ground: Ground = { ...base, ruleOf: rules.can }
  const scopes = declared.scopes.map((each) => buildScope(each, names, ground))
  return {
    name: declared.name?.text ?? '',
    sources: declared.files,
    versions: readVersions(declared, report),
    generation: 0,
    claims,
    enums,
    models: completeModels(declared.models, rules, scopes, ground),
    scopes,
  }
}

/** More than these would be a page of their own in every client. */
const mostVersions = 100

const readVersions = ({ versions }: Declared, report: Report): number => {
  if (versions === null) return usualVersions
  const count = versions.kind === 'scalar' && typeof versions.value === 'number' ? versions.value : NaN
  if (Number.isInteger(count) && count >= 0 && count <= mostVersions) return count
  report('SG102', versions.at, '"versions" is no number of versions', `write how many earlier versions of the schema clients may have, 0 to ${mostVersions}`)
  return usualVersions
}

const buildEnum = (declared: DeclaredEnum): Enum => ({
  name: declared.name.text,
  values: declared.values.map((each) => ({ name: each.name.text, was: each.was?.text ?? null })),
  dropped: declared.dropped.map(({ name, to }) => ({ name: name.text, to: to.text })),
  doc: declared.doc?.text ?? null,
})

const buildVariables = (
  declared: readonly DeclaredValue[],
  root: '$auth' | '$params',
  names: TypeNames,
  broken: Set<string>,
  report: Report,
): readonly Variable[] =>
  declared.flatMap((each) => {
    const typed = readType(each.type, names, report)
    if (typed !== null) return [{ name: each.name.text, ...typed }]
    broken.add(`${root}.${each.name.text}`)
    return []
  })

const buildShapes = (declared: readonly DeclaredModel[], context: FieldContext): ReadonlyMap<string, Shape> => {
  const fielded = declared.map((each) => ({
    name: each.name.text,
    pureJoin: each.join !== null && each.fields.length === 0,
    ...buildFields(each, context),
  }))
  const relations = buildRelations(fielded)
  return new Map(fielded.map((each) => [each.name, { ...each, relations: relations.get(each.name) ?? [] }]))
}

const buildScope = (declared: DeclaredScope, names: TypeNames, outside: Ground): Scope => {
  const brokenVariables = new Set(outside.brokenVariables)
  const params = buildVariables(declared.params, '$params', names, brokenVariables, outside.report)
  const ground: Ground = { ...outside, params, brokenVariables }
  const lines = declared.lines.flatMap(({ model, where }) => {
    const shape = outside.shapes.get(model.text)
    if (shape !== undefined) return [{ model: model.text, where: compilePredicate(where, shape, ground) }]
    outside.report('SG301', model.at, `unknown model "${model.text}"`, didYouMean(model.text, [...outside.shapes.keys()]))
    return []
  })
  return { name: declared.name.text, params, lines, doc: declared.doc?.text ?? null }
}

const completeModels = (
  declared: readonly DeclaredModel[],
  rules: Rules,
  scopes: readonly Scope[],
  ground: Ground,
): readonly Model[] => {
  const models = declared.map((each) => ({ declared: each, shape: shapeOf(ground, each.name.text), access: rules.accessOf(each.name.text) }))
  const indexes = new Map(models.map((each) => [each.shape.name, readIndexes(each.declared, each.shape, ground)]))
  const wanted = fieldsToIndex({
    predicates: [
      ...models.flatMap(({ shape, access }) => actions.map((each) => ({ model: shape.name, predicate: access[each] }))),
      ...scopes.flatMap((each) => each.lines).map((each) => ({ model: each.model, predicate: each.where })),
    ],
    shapes: ground.shapes,
    indexes,
  })
  return models.map(({ declared: model, shape, access }) => {
    const bare = buildBare(model, shape, ground.report)
    const sides = bare.join ? joinSides(shape).map((each) => each.name) : []
    const keys = new Set([...(wanted.get(shape.name) ?? []), ...sides])
    return { ...bare, indexes: completeIndexes(indexes.get(shape.name) ?? [], keys, bare), access }
  })
}

const buildBare = (declared: DeclaredModel, shape: Shape, report: Report): Omit<Model, 'indexes' | 'access'> => {
  const plural = declared.plural?.text ?? pluralOf(camelCase(declared.name.text))
  return {
    name: declared.name.text,
    plural,
    table: declared.table?.text ?? snakeCase(plural),
    join: declared.join !== null,
    fields: shape.fields,
    relations: shape.relations,
    deleteConflict: choose(declared.deleteConflict, ['delete-wins', 'edit-wins'], report),
    timestamps: declared.timestamps?.value ?? true,
    capture: choose(declared.capture, ['statement', 'row'], report),
    doc: declared.doc?.text ?? null,
    was: declared.was?.text ?? null,
  }
}

/** The choice that a word names; the first one without it. */
const choose = <const Choice extends string>(word: Word | null, choices: readonly [Choice, ...Choice[]], report: Report): Choice => {
  const choice = choices.find((each) => each === word?.text)
  if (word !== null && choice === undefined) {
    report('SG102', word.at, `"${word.text}" is not one of ${listed(choices)}`, didYouMean(word.text, choices))
  }
  return choice ?? choices[0]
}
