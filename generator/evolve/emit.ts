/** Steps → statements. Every kind of step is here; those that need many words have a file of their own. */
import type { Evolution } from './diff.js'
import { captureStatements } from './emit-captures.js'
import { addedField, changedDefault, changedReference, changedType, droppedField, madeNullable, madeRequired } from './emit-fields.js'
import { changedEnum } from './emit-enums.js'
import { addedIndex, droppedIndex } from './emit-indexes.js'
import { addedModels, droppedModels } from './emit-models.js'
import { meanwhile } from './emit-meanwhile.js'
import { renamedTables } from './emit-renames.js'
import type { Planned } from './phases.js'
import { namedIn } from '../expression.js'
import type { Expression } from '../model.js'
import { type Step, subjectOf } from './steps.js'

/** What a migration does. Empty: nothing changed that the database needs to know. */
export const statementsOf = (evolution: Evolution): readonly Planned[] => {
  const steps = inOrder(evolution.steps)
  return [
    ...renamedTables(evolution),
    ...addedModels(evolution),
    ...steps.flatMap((step) => ofStep(step, evolution)),
    ...meanwhile({ ...evolution, steps }),
    ...captureStatements(evolution),
    ...droppedModels(evolution),
  ]
}

/** What is worked out from other fields comes after them. */
const inOrder = (steps: readonly Step[]): readonly Step[] => {
  const filled = new Map(steps.flatMap((step) => (expressionOf(step) === null ? [] : [[subjectOf(step), step] as const])))
  const done = new Set<Step>(steps.filter((step) => expressionOf(step) === null))
  const take = (step: Step): void => {
    if (done.has(step)) return
    for (const name of namedIn(expressionOf(step))) {
      const before = 'model' in step && typeof step.model === 'string' ? filled.get(`${step.model}.${name}`) : undefined
      if (before !== undefined && before !== step) take(before)
    }
    done.add(step)
  }
  for (const step of filled.values()) take(step)
  return [...done]
}

const expressionOf = (step: Step): Expression | null => ('fill' in step && step.fill.kind === 'expression' ? step.fill.expression : null)

const ofStep = (step: Step, evolution: Evolution): readonly Planned[] => {
  switch (step.kind) {
    case 'value-added':
    case 'value-renamed':
    case 'value-dropped':
      return changedEnum(step, evolution)
    case 'field-added':
      return addedField(step, evolution)
    case 'field-dropped':
      return droppedField(step, evolution)
    case 'type-changed':
      return changedType(step, evolution)
    case 'nullable':
      return madeNullable(step, evolution)
    case 'required':
      return madeRequired(step, evolution)
    case 'default-changed':
      return changedDefault(step, evolution)
    case 'reference-changed':
    case 'on-delete-changed':
      return changedReference(step, evolution)
    case 'index-added':
      return addedIndex(step, evolution)
    case 'index-dropped':
      return droppedIndex(step, evolution)
    // Tables as wholes, see above: names, and triggers with what they read.
    case 'model-renamed':
    case 'table-renamed':
    case 'field-renamed':
    case 'column-renamed':
    case 'model-added':
    case 'model-dropped':
    case 'capture-changed':
    case 'delete-conflict-changed':
    // The database does not know of these; what its triggers need of them is in their text.
    case 'enum-added':
    case 'enum-dropped':
    case 'server-only':
    case 'writing-changed':
    case 'conflict-changed':
    case 'access-changed':
    case 'scope-added':
    case 'scope-dropped':
    case 'scope-changed':
    case 'claim-added':
    case 'claim-dropped':
    case 'claim-changed':
    case 'app-renamed':
      return []
  }
}
