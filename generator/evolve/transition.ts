/**
 * What leads a cache, a queued write and a frame from one version of a schema to the next: the data of runtime/protocol/transition.ts.
 * Null: both versions look the same to a client.
 */
import { isDeepStrictEqual } from 'node:util'
import { namedIn } from '../expression.js'
import type { Enum, Expression, Field, FieldType, JsonValue, Model, Schema, Scope } from '../model.js'
import { schemaHash } from '../views/schema-hash.js'
import { travelling } from '../views/shared-model.js'
import { evolutionOf } from './diff.js'
import type { Step } from './steps.js'

export interface Transition {
  readonly from: string
  readonly to: string
  readonly models: Readonly<Record<string, Shape & { readonly isExact: boolean }>>
  readonly newModels: readonly string[]
  readonly scopes: Readonly<Record<string, Shape>>
  readonly newScopes: readonly string[]
}

interface Shape {
  readonly name: string | null
  readonly before: Fields
  readonly after: Fields
  readonly fields: Readonly<Record<string, Change>>
}

type Fields = Readonly<Record<string, Readonly<Record<string, JsonValue>>>>

interface Change {
  readonly was: string | null
  readonly fill?: JsonValue
  readonly compute?: JsonValue
  readonly convert?: JsonValue
  readonly labels?: Readonly<Record<string, string>>
}

/** From the schema of before to that of now. */
export const transitionOf = (previous: Schema, next: Schema): Transition | null => {
  const [from, to] = [schemaHash(previous), schemaHash(next)]
  if (from === to) return null
  const { steps } = evolutionOf(previous, next)
  const names = new Map(steps.flatMap((step) => (step.kind === 'model-renamed' ? [[step.from, step.model] as const] : [])))
  const nowOf = (name: string): Model | undefined => next.models.find((model) => model.name === (names.get(name) ?? name))
  const versions = { previous, next, steps }
  return {
    from,
    to,
    models: Object.fromEntries(
      previous.models.flatMap((model) => {
        const shape = modelShape(versions, model, nowOf(model.name))
        return shape === null ? [] : [[model.name, shape]]
      }),
    ),
    newModels: next.models.filter((model) => !previous.models.some(({ name }) => nowOf(name) === model)).map(({ name }) => name),
    scopes: Object.fromEntries(
      previous.scopes.flatMap((scope) => {
        const shape = scopeShape(versions, scope, next.scopes.find(({ name }) => name === scope.name))
        return shape === null ? [] : [[scope.name, shape]]
      }),
    ),
    newScopes: next.scopes.map(({ name }) => name).filter((name) => !previous.scopes.some((scope) => scope.name === name)),
  }
}

/** What leads through all versions to the last: one for each step that a client can tell. */
export const transitionsTo = (schema: Schema, history: readonly Schema[]): readonly Transition[] =>
  [...history, schema].flatMap((version, at, all) => {
    const previous = all[at - 1]
    return previous === undefined ? [] : (transitionOf(previous, version) ?? [])
  })

interface Versions {
  readonly previous: Schema
  readonly next: Schema
  readonly steps: readonly Step[]
}

const modelShape = (versions: Versions, was: Model, now: Model | undefined): Transition['models'][string] | null => {
  const before = fieldsOf(travelling(was), versions.previous.enums)
  if (now === undefined) return { name: null, before, after: {}, fields: {}, isExact: true }
  const steps = versions.steps.filter((step) => 'model' in step && step.model === now.name)
  const after = fieldsOf(travelling(now), versions.next.enums)
  const fields = Object.fromEntries(
    travelling(now).flatMap((field): readonly (readonly [string, Change])[] => {
      const change = changeOf(versions, steps, was, now, field)
      return change === null ? [] : [[field.name, change]]
    }),
  )
  const isSame = was.name === now.name && Object.keys(fields).length === 0 && isDeepStrictEqual(Object.entries(before), Object.entries(after))
  return isSame ? null : { name: now.name, before, after, fields, isExact: !steps.some((step) => isGuess(step, now)) }
}

/** Null: the field is called as before, and so are its values. */
const changeOf = ({ steps }: Versions, own: readonly Step[], model: Model, now: Model, field: Field): Change | null => {
  const renamed = own.flatMap((step) => (step.kind === 'field-renamed' && step.field === field.name ? [step.from] : []))[0]
  const candidate = renamed ?? field.name
  // What never left the server is new to everybody else.
  const isNew = own.some((step) => step.kind === 'field-added' && step.field.name === field.name)
  const was = !isNew && travelling(model).some(({ name }) => name === candidate) ? candidate : null
  const fill = own.flatMap((step) => {
    if (step.kind === 'field-added' && step.field.name === field.name) return step.fill.kind === 'constant' ? [step.fill.value] : field.nullable ? [null] : []
    return step.kind === 'required' && step.field === field.name && step.fill.kind === 'constant' ? [step.fill.value] : []
  })[0]
  const compute = own.flatMap((step) => (fieldNameOf(step) === field.name ? (computedBy(step, now) ?? []) : []))[0]
  const convert = own.flatMap((step) => (step.kind === 'type-changed' && step.field === field.name && step.convert !== null ? [step.convert] : []))[0]
  const labels = labelsOf(steps, field.type)
  if (was === field.name && fill === undefined && labels === null && compute === undefined && convert === undefined) return null
  return {
    was,
    ...(compute === undefined ? (fill === undefined ? {} : { fill }) : { compute: compute as unknown as JsonValue }),
    ...(convert === undefined ? {} : { convert: { as: convert.as, ...(convert.back === null ? {} : { back: convert.back }) } as unknown as JsonValue }),
    ...(labels === null ? {} : { labels }),
  }
}

const fieldNameOf = (step: Step): string | null => {
  if (step.kind === 'field-added') return step.field.name
  return step.kind === 'required' ? step.field : null
}

/** What rows get by a step, if all that it is worked out from is known to clients; null: it is not, or it is no such step. */
const computedBy = (step: Step, now: Model): Expression | null => {
  if ((step.kind !== 'field-added' && step.kind !== 'required') || step.fill.kind !== 'expression') return null
  const known = new Set(travelling(now).map(({ name }) => name))
  return namedIn(step.fill.expression).every((name) => known.has(name)) ? step.fill.expression : null
}

/** Values that are called otherwise, or became others. */
const labelsOf = (steps: readonly Step[], type: FieldType): Readonly<Record<string, string>> | null => {
  const labelled = type.kind === 'list' ? type.of : type
  if (labelled.kind !== 'enum') return null
  const pairs = steps.flatMap((step): readonly (readonly [string, string])[] => {
    if (step.kind === 'value-renamed' && step.enum === labelled.enum) return [[step.from, step.value]]
    return step.kind === 'value-dropped' && step.enum === labelled.enum && step.to !== null ? [[step.value, step.to]] : []
  })
  return pairs.length === 0 ? null : Object.fromEntries(pairs)
}

/** Steps after which nobody but the server knows what rows have. */
const isGuess = (step: Step, now: Model): boolean => {
  switch (step.kind) {
    case 'field-added':
      return !step.field.serverOnly && (step.fill.kind === 'now' || (step.fill.kind === 'none' && !step.field.nullable) || isHidden(step, now))
    case 'server-only':
      return !step.on
    case 'type-changed':
      return step.effect !== 'widened' && step.convert === null
    case 'required':
      return step.fill.kind === 'now' || isHidden(step, now)
    default:
      return false
  }
}

const isHidden = (step: Extract<Step, { readonly kind: 'field-added' | 'required' }>, now: Model): boolean => step.fill.kind === 'expression' && computedBy(step, now) === null

const scopeShape = (versions: Versions, was: Scope, now: Scope | undefined): Shape | null => {
  const before = fieldsOf(was.params, versions.previous.enums)
  if (now === undefined) return { name: null, before, after: {}, fields: {} }
  const after = fieldsOf(now.params, versions.next.enums)
  const fields = Object.fromEntries(
    now.params.flatMap((param): readonly (readonly [string, Change])[] => {
      const isNew = !was.params.some(({ name }) => name === param.name)
      const labels = labelsOf(versions.steps, param.type)
      if (isNew) return [[param.name, { was: null }]]
      return labels === null ? [] : [[param.name, { was: param.name, labels }]]
    }),
  )
  return Object.keys(fields).length === 0 && isDeepStrictEqual(before, after) ? null : { name: now.name, before, after, fields }
}

type Typed = Pick<Field, 'name' | 'type' | 'nullable'> & Partial<Field>

/** As runtime/protocol/descriptor.ts wants them, in wire order. */
const fieldsOf = (fields: readonly Typed[], enums: readonly Enum[]): Fields =>
  Object.fromEntries(fields.map((field) => [field.name, { ...typeFacts(field.type, enums), ...writingFacts(field) }]))

const typeFacts = (type: FieldType, enums: readonly Enum[]): Readonly<Record<string, JsonValue>> => {
  switch (type.kind) {
    case 'string':
      return { type: 'string', ...(type.max === null ? {} : { max: type.max }), ...(type.pattern === null ? {} : { pattern: type.pattern }) }
    case 'decimal':
      return { type: 'decimal', precision: type.precision, scale: type.scale }
    case 'enum':
      return { type: 'enum', values: labels(type.enum, enums) }
    case 'list':
      return { type: 'list', of: type.of.kind, ...(type.of.kind === 'enum' ? { values: labels(type.of.enum, enums) } : {}) }
    default:
      return { type: type.kind }
  }
}

const writingFacts = (field: Typed): Readonly<Record<string, JsonValue>> => ({
  ...(field.nullable ? { nullable: true } : {}),
  ...(field.default == null ? {} : { default: field.default.value }),
  ...(field.readonly === true ? { readonly: true } : {}),
  ...(field.immutable === true ? { immutable: true } : {}),
  ...(field.conflict === undefined || field.conflict === 'latest' ? {} : { conflict: field.conflict }),
})

const labels = (name: string, enums: readonly Enum[]): readonly string[] =>
  enums.find((each) => each.name === name)?.values.map((value) => value.name) ?? []
