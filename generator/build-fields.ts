import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DeclaredField, DeclaredModel, DeclaredReference, DeclaredScalar, Flag, Word } from './document.js'
import { readType, type TypeNames } from './field-types.js'
import { readLiteral } from './literals.js'
import type { ConflictPolicy, Enum, Field, FieldType, Reference } from './model.js'
import { snakeCase } from './names.js'
import { patternFault } from './pattern.js'
import type { Report } from './problem.js'
import { didYouMean } from './suggest.js'

export interface FieldContext {
  readonly names: TypeNames
  readonly enums: readonly Enum[]
  readonly report: Report
}

/** The fields of a model: implicit ones, then a join's references, then those declared. `broken`: names that could not be read. */
export const buildFields = (
  model: DeclaredModel,
  context: FieldContext,
): { readonly fields: readonly Field[]; readonly broken: ReadonlySet<string> } => {
  const timestamps = model.timestamps?.value ?? true
  const fields: Field[] = implicitFields.filter((each) => timestamps || each.type.kind !== 'timestamp')
  const broken = new Set<string>()
  const policy = policyOf(model, context.report)
  const add = (declared: DeclaredField, join: boolean): void => {
    const field = declared.kind === 'scalar'
      ? buildScalar(declared, policy, context)
      : buildReference(declared, policy, join, context)
    if (field !== null) fields.push(field)
    else for (const name of [declared.name.text, idName(declared.name.text)]) broken.add(name)
  }
  for (const side of model.join?.sides ?? []) add(side, true)
  for (const field of model.fields) if (!isImplicit(field.name.text)) add(field, false)
  return { fields, broken }
}

/** Such a field was refused by its name. */
const isImplicit = (name: string): boolean => implicitFields.some((each) => each.name === name)

/** The policy of fields that name none. */
const policyOf = ({ conflict }: DeclaredModel, report: Report): ConflictPolicy => {
  const policy = readPolicy(conflict, report) ?? 'latest'
  if (conflict === null || policy !== 'counter') return policy
  report('SG111', conflict.at, 'a whole model cannot be a counter', 'write conflict: counter at the fields that are counted')
  return 'latest'
}

/** `project` → `projectId`. */
export const idName = (relation: string): string => `${relation}Id`

const plain = {
  default: null, unique: false, readonly: false, immutable: false, serverOnly: false, conflict: 'latest', doc: null, was: null, reference: null,
} as const

const implicitFields: readonly Field[] = [
  { ...plain, name: 'id', column: 'id', columnId: 'id', type: { kind: 'uuid' }, nullable: false, immutable: true, implicit: true },
  { ...plain, name: 'createdAt', column: 'created_at', columnId: 'created_at', type: { kind: 'timestamp' }, nullable: false, readonly: true, implicit: true },
  { ...plain, name: 'updatedAt', column: 'updated_at', columnId: 'updated_at', type: { kind: 'timestamp' }, nullable: false, readonly: true, implicit: true },
]

const optionsOf = (declared: DeclaredField, name: string, policy: ConflictPolicy, report: Report) => ({
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

const buildScalar = (declared: DeclaredScalar, policy: ConflictPolicy, context: FieldContext): Field | null => {
  const { report } = context
  const typed = readType(declared.type, context.names, report)
  if (typed === null) return null
  const type = refine(typed.type, declared, report)
  const { nullable } = typed
  const field: Field = {
    ...optionsOf(declared, declared.name.text, policy, report),
    type,
    nullable,
    default: readDefault(declared, type, nullable, context),
    was: declared.was?.text ?? null,
    reference: null,
  }
  checkCounter(field, declared, report)
  return field
}

/** The type with what other keywords add to it. */
const refine = (type: FieldType, declared: DeclaredScalar, report: Report): FieldType => {
  const { max, pattern, ts } = declared
  const misplaced = (at: { readonly at: Word['at'] }, keyword: string, of: string): void =>
    report('SG111', at.at, `"${keyword}" does not apply to ${declared.type.text}`, `only ${of} has it`)
  if (type.kind === 'string') {
    if (ts !== null) misplaced(ts, 'ts', 'json')
    return { ...type, max: readMax(declared, report), pattern: readPattern(pattern, report) }
  }
  if (max !== null) misplaced(max, 'max', 'string')
  if (pattern !== null) misplaced(pattern, 'pattern', 'string')
  if (type.kind === 'json') return { ...type, ts: ts === null ? null : readTypeReference(ts, report) }
  if (ts !== null) misplaced(ts, 'ts', 'json')
  return type
}

/** PostgreSQL's longest varchar. */
const longestString = 10_485_760

const readMax = ({ max }: DeclaredScalar, report: Report): number | null => {
  if (max === null) return null
  const value = max.kind === 'scalar' && typeof max.value === 'number' ? max.value : NaN
  if (Number.isInteger(value) && value >= 1 && value <= longestString) return value
  report('SG108', max.at, '"max" is not a length', `write the longest number of characters, 1 to ${longestString}; without a limit use text`)
  return null
}

const readPattern = (pattern: Word | null, report: Report): string | null => {
  const fault = pattern === null ? null : patternFault(pattern.text)
  if (pattern === null || fault === null) return pattern?.text ?? null
  report('SG110', pattern.at, fault.message, fault.hint)
  return null
}

/** `./json-types.ts#ProjectSettings`: a file in the schema's folder and a type that it exports. */
const readTypeReference = (word: Word, report: Report): Extract<FieldType, { kind: 'json' }>['ts'] => {
  const [, path = '', name = ''] = /^\.\/((?:[A-Za-z0-9_-][A-Za-z0-9_.-]*\/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*\.[mc]?ts)#([A-Za-z_$][A-Za-z0-9_$]*)$/.exec(word.text) ?? []
  if (path === '') {
    report('SG113', word.at, `"${word.text}" does not name a type`, 'write a file beside the schema and a type it exports: ./json-types.ts#ProjectSettings')
    return null
  }
  const file = join(dirname(word.at.file), path).replaceAll('\\', '/')
  if (!existsSync(file)) {
    report('SG113', word.at, `there is no file ${file}`, `create it, and export the type ${name} from it`)
    return null
  }
  return { file, name }
}

const readDefault = (declared: DeclaredScalar, type: FieldType, nullable: boolean, { enums, report }: FieldContext): Field['default'] => {
  const node = declared.default
  if (node === null) return null
  if (node.kind === 'scalar' && node.value === null && type.kind !== 'json') {
    const hint = nullable ? 'leave it out: a nullable field is null by default' : `make the type nullable: ${declared.type.text}?`
    report('SG109', node.at, 'null is no default', hint)
    return null
  }
  const literal = readLiteral(node, type, enums)
  if ('value' in literal) return literal
  report('SG109', node.at, `this default does not fit ${declared.type.text}`, `write ${literal.expected}`)
  return null
}

const checkCounter = (field: Field, declared: DeclaredScalar, report: Report): void => {
  if (field.conflict !== 'counter') return
  const at = declared.conflict?.at ?? declared.name.at
  if (field.type.kind !== 'int' && field.type.kind !== 'float') {
    report('SG111', at, `a counter cannot be ${declared.type.text}`, 'use int or float, which can be added to')
  } else if (field.nullable) {
    report('SG112', at, 'a counter that may be null has nothing to add to', `write ${field.type.kind} and a default of 0`)
  }
}

const buildReference = (declared: DeclaredReference, policy: ConflictPolicy, join: boolean, context: FieldContext): Field | null => {
  const { report, names } = context
  const [, model = '', question] = /^([A-Za-z0-9_]+)(\?)?$/.exec(declared.ref.text.trim()) ?? []
  if (!names.models.has(model)) {
    report('SG301', declared.ref.at, `unknown model "${model === '' ? declared.ref.text : model}"`, didYouMean(model, [...names.models]))
    return null
  }
  const nullable = question !== undefined
  if (join && nullable) report('SG303', declared.ref.at, 'a reference of a join is never null', `write ${model}`)
  const onDelete = readOnDelete(declared, nullable, join, report)
  const options = optionsOf(declared, idName(declared.name.text), policy, report)
  if (options.conflict === 'counter') report('SG111', declared.conflict?.at ?? declared.name.at, 'a reference cannot be a counter', 'use another policy')
  return {
    ...options,
    immutable: join || options.immutable,
    type: { kind: 'uuid' },
    nullable,
    default: null,
    was: declared.was === null ? null : idName(declared.was.text),
    reference: { relation: declared.name.text, model, inverse: declared.inverse?.text ?? null, onDelete },
  }
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
