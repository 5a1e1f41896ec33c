/** Steps that only a person may decide: what is lost, and what the generator cannot know. */
import type { Field, Model } from '../model.js'
import { suggest } from '../read/suggest.js'
import type { Evolution } from './diff.js'
import { type Step, subjectOf } from './steps.js'
import { typeWords } from './type-words.js'

/** Something that only a person can decide. */
export interface Decision {
  /** What it is about, and what follows. */
  readonly message: string
  /** What `--accept` says yes with, as in `drop:Task.notes`; null: there is no such word, the message says what to do. */
  readonly accept: string | null
}

/** All that the steps ask for, whether they were taken or not. */
export const decisionsOf = (evolution: Evolution): readonly Decision[] => evolution.steps.flatMap((step) => decisionOf(step, evolution) ?? [])

const decisionOf = (step: Step, { steps }: Evolution): Decision | null => {
  const subject = subjectOf(step)
  switch (step.kind) {
    case 'model-dropped':
      return { accept: `drop:${subject}`, message: `${subject} is no more in the schema: its table goes, with all rows.${renamedModelHint(step.model, steps)}` }
    case 'field-dropped':
      // Who said that it is to be dropped need not say so again.
      if (step.field.deprecated) return null
      return { accept: `drop:${subject}`, message: `${subject} is no more in the schema: its column goes, with all values.${renamedFieldHint(step.model, step.field, steps)}` }
    case 'value-dropped':
      if (step.to !== null) return null
      return { accept: `drop:${subject}`, message: `${subject} is no more in the schema, and nothing says what becomes of rows that have it: write { name: ${step.value}, to: … } at ${step.enum}. If none has it, accept that; the migration fails if one does.${renamedValueHint(step.enum, step.value, steps)}` }
    case 'field-added':
      if (step.field.nullable || step.fill.kind !== 'none') return null
      return { accept: `empty:${step.model}`, message: `${subject} is new and never null, and nothing says what the rows that are there get: give it a \`backfill\` or a default, or make it nullable. If there are no rows, accept that.` }
    case 'required':
      if (step.fill.kind !== 'none') return null
      return { accept: `narrow:${subject}`, message: `${subject} may be null no more: give it a \`backfill\` or a default, which rows get that have none. The migration fails if one is null.` }
    case 'type-changed':
      if (step.effect === 'widened' || step.convert !== null) return null
      return {
        accept: `${step.effect === 'narrowed' ? 'narrow' : 'convert'}:${subject}`,
        message: `${subject} changes from ${typeWords(step.from)} to ${typeWords(step.to)}: the migration fails if a value does not fit. \`convert\` can say how values become others.`,
      }
    case 'reference-changed':
      if (step.to === null) return null
      return { accept: `retarget:${subject}`, message: `${subject} leads to ${step.to} now: the migration fails if a row's value is the id of no ${step.to}.` }
    default:
      return null
  }
}

/** What was dropped looks like what was added: most likely it was renamed. */
const renamedFieldHint = (model: string, field: Field, steps: readonly Step[]): string => {
  const added = steps.flatMap((step) => (step.kind === 'field-added' && step.model === model ? [step.field] : []))
  const alike = added.filter((each) => JSON.stringify(each.type) === JSON.stringify(field.type))
  const name = suggest(field.name, alike.map((each) => each.name)) ?? (alike.length === 1 ? alike[0]?.name : undefined)
  if (name === undefined) return ''
  const was = field.reference === null ? field.name : field.reference.relation
  return ` Or was it renamed? Then write \`was: ${was}\` at ${name}.`
}

const renamedValueHint = (name: string, value: string, steps: readonly Step[]): string => {
  const added = steps.flatMap((step) => (step.kind === 'value-added' && step.enum === name ? [step.value] : []))
  const alike = suggest(value, added) ?? (added.length === 1 ? added[0] : undefined)
  return alike === undefined ? '' : ` Or was it renamed? Then write { name: ${alike}, was: ${value} }.`
}

const renamedModelHint = (model: Model, steps: readonly Step[]): string => {
  const added = steps.flatMap((step) => (step.kind === 'model-added' ? [step.model] : []))
  const names = new Set(model.fields.map(({ name }) => name))
  const alike = added.find((each) => each.fields.filter(({ name }) => names.has(name)).length * 2 > each.fields.length + 2)
  return alike === undefined ? '' : ` Or was it renamed? Then write \`was: ${model.name}\` at ${alike.name}.`
}
