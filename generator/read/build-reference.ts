import type { DeclaredReference } from './document.js'
import type { TypeNames } from './field-types.js'
import { optionsOf } from './field-options.js'
import type { Field, Reference } from '../model.js'
import { checkPolicy, type Policy } from './policies.js'
import type { Report } from '../problem.js'
import { didYouMean } from './suggest.js'

/** `project` → `projectId`. */
export const idName = (relation: string): string => `${relation}Id`

/** The field that holds the id of the row a reference leads to; null if it leads nowhere, which was reported. */
export const buildReference = (
  declared: DeclaredReference,
  policy: Policy,
  join: boolean,
  names: TypeNames,
  report: Report,
): Field | null => {
  const [, model = '', question] = /^([A-Za-z0-9_]+)(\?)?$/.exec(declared.ref.text.trim()) ?? []
  if (!names.models.has(model)) {
    report('SG301', declared.ref.at, `unknown model "${model === '' ? declared.ref.text : model}"`, didYouMean(model, [...names.models]))
    return null
  }
  const nullable = question !== undefined
  if (join && nullable) report('SG303', declared.ref.at, 'a reference of a join is never null', `write ${model}`)
  const onDelete = readOnDelete(declared, nullable, join, report)
  const options = optionsOf(declared, idName(declared.name.text), policy, report)
  const field: Field = {
    ...options,
    immutable: join || options.immutable,
    type: { kind: 'uuid' },
    nullable,
    default: null,
    was: declared.was === null ? null : idName(declared.was.text),
    reference: { relation: declared.name.text, model, inverse: declared.inverse?.text ?? null, onDelete },
  }
  checkPolicy(field, declared, report)
  return field
}

/** Join rows go with either side; elsewhere a row that is referred to stays unless the schema says otherwise. */
const readOnDelete = ({ onDelete }: DeclaredReference, nullable: boolean, join: boolean, report: Report): Reference['onDelete'] => {
  const fallback = join ? 'cascade' : 'restrict'
  if (onDelete === null) return fallback
  const choice = onDeleteChoices.find((each) => each === onDelete.text)
  if (choice === undefined) {
    report('SG102', onDelete.at, `unknown onDelete "${onDelete.text}"`, didYouMean(onDelete.text, onDeleteChoices))
    return fallback
  }
  if (choice === 'setNull' && !nullable) {
    report('SG304', onDelete.at, 'setNull on a reference that is never null', 'make it nullable ({ ref: User? }), or use cascade or restrict')
  }
  return choice
}

const onDeleteChoices = ['cascade', 'setNull', 'restrict', 'noAction'] as const
