import type { DeclaredField, DeclaredModel, DeclaredPolicy } from './document.js'
import type { ConflictPolicy, Field } from '../model.js'
import type { Report } from '../problem.js'
import { didYouMean } from './suggest.js'
import { type Export, readExport } from './type-reference.js'

/** What decides a field's conflicts; `merge` is the app's function under `custom`. */
export interface Policy {
  readonly conflict: ConflictPolicy
  readonly merge: Export | null
}

/** The policy of fields that name none. */
export const policyOf = ({ conflict }: DeclaredModel, report: Report): Policy => {
  const policy = readPolicy(conflict, report) ?? fallback
  if (conflict === null || !ofFields.has(policy.conflict)) return policy
  report('SG111', conflict.at, `a whole model cannot be ${nameOf(policy.conflict)}`, `write conflict: ${conflict.text} at the fields that it suits`)
  return fallback
}

/** The policy that a field names, or that of its model. */
export const policyOfField = ({ conflict }: DeclaredField, ofModel: Policy, report: Report): Policy =>
  readPolicy(conflict, report) ?? ofModel

/** Reports a policy that does not suit the type of its field. */
export const checkPolicy = (field: Field, declared: DeclaredField, report: Report): void => {
  const at = declared.conflict?.at ?? declared.name.at
  const { kind } = field.type
  const misfit = field.reference === null ? misfitOf(field) : ofFields.has(field.conflict) && field.conflict !== 'custom' ? 'use another policy' : null
  const type = field.reference === null ? kind : 'a reference'
  if (misfit !== null) report('SG111', at, `${type} cannot be ${nameOf(field.conflict)}`, misfit)
  else if (field.nullable && (field.conflict === 'counter' || field.conflict === 'set')) {
    const empty = field.conflict === 'counter' ? '0' : '[]'
    report('SG112', at, `${nameOf(field.conflict)} that may be null has nothing to add to`, `take the ? away, and write a default of ${empty}`)
  }
}

/** What to do instead; null: the policy suits. */
const misfitOf = ({ type, conflict }: Field): string | null => {
  switch (conflict) {
    case 'counter':
      return type.kind === 'int' || type.kind === 'float' ? null : 'use int or float, which can be added to'
    case 'set':
      return type.kind === 'list' ? null : 'use a list, whose elements can be added and removed'
    case 'max':
    case 'min':
      return ['json', 'bytes', 'uuid', 'list'].includes(type.kind) ? 'use a type that has an order: a number, a time, text, an enum' : null
    default:
      return null
  }
}

const readPolicy = (declared: DeclaredPolicy | null, report: Report): Policy | null => {
  if (declared === null) return null
  const conflict = policies.find((each) => each === declared.text)
  if (conflict === undefined) {
    report('SG102', declared.at, `unknown conflict policy "${declared.text}"`, didYouMean(declared.text, policies))
    return null
  }
  if (conflict !== 'custom') return { conflict, merge: null }
  if (declared.custom !== null) return { conflict, merge: readExport(declared.custom, 'function', report) }
  report('SG103', declared.at, 'custom names no function', 'write conflict: { custom: ./merge.ts#mergeNotes }')
  return null
}

const policies = ['latest', 'server', 'client', 'reject', 'max', 'min', 'counter', 'set', 'custom'] as const

/** Policies that suit some types and not others. */
const ofFields: ReadonlySet<ConflictPolicy> = new Set(['max', 'min', 'counter', 'set', 'custom'])

const fallback: Policy = { conflict: 'latest', merge: null }

/** As in "a list cannot be a counter". */
const nameOf = (policy: ConflictPolicy): string => (policy === 'counter' || policy === 'set' ? `a ${policy}` : `conflict: ${policy}`)
