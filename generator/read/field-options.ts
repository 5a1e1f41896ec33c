import type { DeclaredField, Flag } from './document.js'
import { snakeCase } from '../names.js'
import type { Report } from '../problem.js'
import { type Policy, policyOfField } from './policies.js'

/** What values and references have in common. `policy` is the model's. */
export const optionsOf = (declared: DeclaredField, name: string, policy: Policy, report: Report) => ({
  name,
  column: declared.column?.text ?? snakeCase(name),
  columnId: declared.column?.text ?? snakeCase(name),
  unique: isSet(declared.unique),
  readonly: isSet(declared.readonly),
  immutable: isSet(declared.immutable),
  serverOnly: isSet(declared.serverOnly),
  ...policyOfField(declared, policy, report),
  doc: declared.doc?.text ?? null,
  deprecated: isSet(declared.deprecated),
  backfill: null,
  convert: null,
  implicit: false,
})

const isSet = (flag: Flag | null): boolean => flag?.value ?? false
