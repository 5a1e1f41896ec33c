import { buildReference, idName } from './build-reference.js'
import { buildScalar, type FieldContext } from './build-scalar.js'
import type { DeclaredField, DeclaredModel } from './document.js'
import { readExpression } from './expressions.js'
import type { Field } from '../model.js'
import { policyOf } from './policies.js'

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
      : buildReference(declared, policy, join, context.names, context.report)
    if (field !== null) fields.push(field)
    else for (const name of [declared.name.text, idName(declared.name.text)]) broken.add(name)
  }
  for (const side of model.join?.sides ?? []) add(side, true)
  for (const field of model.fields) if (!isImplicit(field.name.text)) add(field, false)
  return { fields: withBackfills(fields, model, broken, context), broken }
}

/** What a field is filled from may be named before it. */
const withBackfills = (fields: readonly Field[], model: DeclaredModel, broken: ReadonlySet<string>, { enums, report }: FieldContext): readonly Field[] =>
  fields.map((field) => {
    const declared = model.fields.find(({ name, kind }) => field.name === (kind === 'reference' ? idName(name.text) : name.text))
    const node = declared?.backfill ?? null
    if (node === null || broken.size > 0) return field
    const others = fields.filter((each) => each !== field)
    return { ...field, backfill: readExpression(node, field, { target: field.name, fields: others, old: null, serverOnly: field.serverOnly, enums, report }) }
  })

/** Such a field was refused by its name. */
const isImplicit = (name: string): boolean => implicitFields.some((each) => each.name === name)

const plain = {
  default: null, unique: false, readonly: false, immutable: false, serverOnly: false, conflict: 'latest', merge: null, doc: null, was: null, deprecated: false,
  backfill: null, convert: null, reference: null,
} as const

const implicitFields: readonly Field[] = [
  { ...plain, name: 'id', column: 'id', columnId: 'id', type: { kind: 'uuid' }, nullable: false, immutable: true, implicit: true },
  { ...plain, name: 'createdAt', column: 'created_at', columnId: 'created_at', type: { kind: 'timestamp' }, nullable: false, readonly: true, implicit: true },
  { ...plain, name: 'updatedAt', column: 'updated_at', columnId: 'updated_at', type: { kind: 'timestamp' }, nullable: false, readonly: true, implicit: true },
]
