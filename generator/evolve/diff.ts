/** The steps from one version of a schema to the next. Pure: the same two schemas give the same steps in the same order. */
import type { Schema } from '../model.js'
import { modelSteps } from './diff-model.js'
import { enumSteps } from './diff-enums.js'
import { ruleSteps } from './diff-rules.js'
import { lockedForm } from './read-lock.js'
import { underNewNames } from './renames.js'
import type { Step } from './steps.js'

/** What happened between two versions, and the old one under the new names. */
export interface Evolution {
  readonly previous: Schema
  /** The old schema after its renames: what the remaining steps begin with. */
  readonly renamed: Schema
  readonly next: Schema
  readonly steps: readonly Step[]
}

/** Renames, values of enums, tables with their columns and indexes, then who may do what with them. */
export const evolutionOf = (previous: Schema, next: Schema): Evolution => {
  const { schema: renamed, steps: renames } = underNewNames(previous, next)
  const after = lockedForm(next)
  const steps = [...renames, ...enumSteps(renamed, after), ...modelSteps(renamed, next), ...ruleSteps(renamed, after)]
  return { previous, renamed, next, steps }
}
