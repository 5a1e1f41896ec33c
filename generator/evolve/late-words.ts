/** What a schema says of a change that was made before: it comes too late, and nothing would come of it in silence. */
import { isDeepStrictEqual } from 'node:util'
import type { Field, Model } from '../model.js'
import type { Decision } from './decisions.js'
import type { Evolution } from './diff.js'

/** Each `backfill`, `convert` and `to` that is new or another, where no step of this run does what it says. */
export const lateWords = (evolution: Evolution): readonly Decision[] => [
  ...evolution.next.models.flatMap((model) => {
    const before = evolution.renamed.models.find(({ name }) => name === model.name)
    return before === undefined ? [] : model.fields.flatMap((field) => ofField(model, field, before, evolution))
  }),
  ...evolution.next.enums.flatMap(({ name, values, dropped }) => {
    const before = evolution.previous.enums.find((each) => each.name === name)
    return dropped.flatMap(({ name: value, to }): readonly Decision[] => {
      const isMade = evolution.steps.some((step) => step.kind === 'value-dropped' && step.enum === name && step.value === value)
      const said = before?.dropped.find((each) => each.name === value)?.to
      const former = values.find((each) => each.name === to)?.was
      if (before === undefined || isMade || said === to || (said !== undefined && said === former)) return []
      return [{ accept: `keep:${name}.${value}`, message: `${name}.${value} went before, and its rows with it: \`to: ${to}\` comes too late. ${whatToDo}` }]
    })
  }),
]

const ofField = (model: Model, field: Field, before: Model, evolution: Evolution): readonly Decision[] => {
  const was = before.fields.find(({ name }) => name === field.name)
  if (was === undefined) return []
  const own = evolution.steps.filter((step) => 'model' in step && step.model === model.name && 'field' in step && step.field === field.name)
  const subject = `${model.name}.${field.name}`
  const isSaid = (word: 'backfill' | 'convert'): boolean => field[word] === null || isDeepStrictEqual(underNewNames(was[word], model, evolution), field[word])
  return [
    ...(isSaid('backfill') || own.some(({ kind }) => kind === 'required')
      ? []
      : [{ accept: `keep:${subject}`, message: `${subject} is there already, and its rows have their values: ${was.backfill === null ? 'a' : 'another'} \`backfill\` comes too late. ${whatToDo}` }]),
    ...(isSaid('convert') || own.some(({ kind }) => kind === 'type-changed')
      ? []
      : [{ accept: `keep:${subject}`, message: `${subject} has its type already, and its values were converted: ${was.convert === null ? 'a' : 'another'} \`convert\` comes too late. ${whatToDo}` }]),
  ]
}

const whatToDo =
  'If no database has applied the migration that was written then, take that back (restore the output folder from version control) and generate again. Else write it as it was, or take it out, and change rows by SQL of your own. To leave rows and devices as they are, accept that.'

/** With the names of now for the fields and values that it names. */
const underNewNames = (said: Field['backfill'] | Field['convert'], model: Model, { steps }: Evolution): unknown => {
  const names = new Map(
    steps.flatMap((step): readonly (readonly [string, string])[] => {
      if (step.kind === 'field-renamed' && step.model === model.name) return [[step.from, step.field]]
      if (step.kind === 'value-dropped' && step.to !== null) return [[step.value, step.to]]
      return step.kind === 'value-renamed' ? [[step.from, step.value]] : []
    }),
  )
  return JSON.parse(JSON.stringify(said), (key, value: unknown) => (key !== 'kind' && typeof value === 'string' ? (names.get(value) ?? value) : value))
}
