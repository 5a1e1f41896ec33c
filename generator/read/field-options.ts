import type { DeclaredField, DeclaredModel, Flag, Word } from './document.js'
import type { ConflictPolicy } from '../model.js'
import { snakeCase } from '../names.js'
import type { Report } from '../problem.js'
import { didYouMean } from './suggest.js'

/** What values and references have in common. `policy` is the model's. */
export const optionsOf = (declared: DeclaredField, name: string, policy: ConflictPolicy, report: Report) => ({
  name,
  column: declared.column?.text ?? snakeCase(name),
  columnId: declared.column?.text ?? snakeCase(name),
  unique: isSet(declared.unique),
  readonly: isSet(declared.readonly),
  immutable: isSet(declared.immutable),
  serverOnly: isSet(declared.serverOnly),
  conflict: readPolicy(declared.conflict, report) ?? policy,
  doc: declared.doc?.text ?? null,
  implicit: false,
})

const isSet = (flag: Flag | null): boolean => flag?.value ?? false

/** The policy of fields that name none. */
export const policyOf = ({ conflict }: DeclaredModel, report: Report): ConflictPolicy => {
  const policy = readPolicy(conflict, report) ?? 'latest'
  if (conflict === null || policy !== 'counter') return policy
  report('SG111', conflict.at, 'a whole model cannot be a counter', 'write conflict: counter at the fields that are counted')
  return 'latest'
}

const readPolicy = (word: Word | null, report: Report): ConflictPolicy | null => {
  if (word === null) return null
  const policy = policies.find((each) => each === word.text)
  if (policy !== undefined) return policy
  if (['max', 'min', 'set', 'custom'].includes(word.text)) {
    report('SG107', word.at, `conflict: ${word.text} is not supported yet`, 'use latest, server, client, reject or counter')
  } else {
    report('SG102', word.at, `unknown conflict policy "${word.text}"`, didYouMean(word.text, policies))
  }
  return null
}

const policies = ['latest', 'server', 'client', 'reject', 'counter'] as const
