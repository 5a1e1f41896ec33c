import { snakeCase } from '../names.js'
import { type Step, subjectOf } from './steps.js'

/** A few words for the name of a migration's files: what the first step of the weightiest kind did, as in `add_task_notes`. */
export const slugOf = (steps: readonly Step[]): string => {
  const first = steps.find((step) => step.kind.startsWith('model-')) ?? steps.find((step) => step.kind.startsWith('field-')) ?? steps[0]
  if (first === undefined) return 'refresh'
  const words = subjectOf(first).split(/[^A-Za-z0-9]+/).filter((word) => word !== '').map(snakeCase)
  return [verbOf(first), ...words].join('_').slice(0, 40)
}

const verbOf = ({ kind }: Step): string => {
  if (kind.endsWith('-added')) return 'add'
  if (kind.endsWith('-dropped')) return 'drop'
  return kind.endsWith('-renamed') ? 'rename' : 'change'
}
