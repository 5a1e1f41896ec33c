import type { Model, Schema } from '../model.js'
import { indexedSql } from '../sql/table-parts.js'
import { fieldSteps } from './diff-fields.js'
import type { FieldStep, IndexStep, ModelStep } from './steps.js'

/** What happened to models that already have their new names. Added ones first: references may lead to them; dropped ones last. */
export const modelSteps = (before: Schema, after: Schema): readonly (ModelStep | FieldStep | IndexStep)[] => {
  const pairs = after.models.flatMap((now) => {
    const was = before.models.find(({ name }) => name === now.name)
    return was === undefined ? [] : [{ was, now }]
  })
  const added = after.models.filter(({ name }) => !before.models.some((each) => each.name === name))
  const dropped = before.models.filter(({ name }) => !after.models.some((each) => each.name === name))
  return [
    ...added.map((model): ModelStep => ({ kind: 'model-added', model })),
    ...pairs.flatMap(({ was, now }) => [...settingSteps(was, now), ...fieldSteps(was, now), ...indexSteps(before, was, after, now)]),
    ...dropped.map((model): ModelStep => ({ kind: 'model-dropped', model })),
  ]
}

const settingSteps = (was: Model, now: Model): readonly ModelStep[] => [
  ...(was.capture === now.capture ? [] : [{ kind: 'capture-changed', model: now.name, to: now.capture } as const]),
  ...(was.deleteConflict === now.deleteConflict ? [] : [{ kind: 'delete-conflict-changed', model: now.name, to: now.deleteConflict } as const]),
]

/** Two indexes are the same if they index the same, whatever they are called. */
const indexSteps = (before: Schema, was: Model, after: Schema, now: Model): readonly IndexStep[] => {
  const old = new Map(was.indexes.map((index) => [`${index.unique} ${index.deferrable} ${indexedSql(before, was, index)}`, index]))
  const fresh = new Map(now.indexes.map((index) => [`${index.unique} ${index.deferrable} ${indexedSql(after, now, index)}`, index]))
  return [
    ...[...fresh].flatMap(([what, index]): readonly IndexStep[] => (old.has(what) ? [] : [{ kind: 'index-added', model: now.name, index }])),
    ...[...old].flatMap(([what, index]): readonly IndexStep[] => (fresh.has(what) ? [] : [{ kind: 'index-dropped', model: now.name, index }])),
  ]
}
