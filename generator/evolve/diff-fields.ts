import { isDeepStrictEqual } from 'node:util'
import type { Field, Model } from '../model.js'
import type { FieldStep, Fill } from './steps.js'
import { typeNotation } from '../read/field-types.js'
import { typeEffect } from './type-effect.js'

/** What happened to the fields of a model that already have their new names. Dropped ones last: others may be filled from them. */
export const fieldSteps = (before: Model, after: Model): readonly FieldStep[] => [
  ...after.fields.flatMap((now): readonly FieldStep[] => {
    const was = before.fields.find(({ name }) => name === now.name)
    return was === undefined ? [{ kind: 'field-added', model: after.name, field: now, fill: fillOf(now) }] : changes(after.name, was, now)
  }),
  ...before.fields
    .filter(({ name }) => !after.fields.some((each) => each.name === name))
    .map((field): FieldStep => ({ kind: 'field-dropped', model: after.name, field })),
]

/** What rows that are there get in a new column: what the schema says, else its default, as new rows that do not name it. */
const fillOf = (field: Field): Fill => {
  if (field.implicit) return { kind: 'now' }
  if (field.backfill?.kind === 'literal') return { kind: 'constant', value: field.backfill.value }
  if (field.backfill !== null) return { kind: 'expression', expression: field.backfill }
  return field.default === null ? { kind: 'none' } : { kind: 'constant', value: field.default.value }
}

/** The declared one, if it begins with what the field was. */
const conversionOf = (was: Field, now: Field): Field['convert'] => {
  const { convert } = now
  if (convert === null || isDeepStrictEqual(was.type, now.type)) return null
  return typeNotation(convert.from) === typeNotation(was.type) && (convert.nullable || !was.nullable) ? convert : null
}

const changes = (model: string, was: Field, now: Field): readonly FieldStep[] => {
  const at = { model, field: now.name } as const
  const [from, to] = [was.reference, now.reference]
  const convert = conversionOf(was, now)
  return [
    ...(isSameType(was.type, now.type)
      ? []
      : [{ kind: 'type-changed', ...at, from: was.type, to: now.type, effect: typeEffect(was.type, now.type), convert } as const]),
    ...(was.nullable === now.nullable
      ? []
      : now.nullable
        ? [{ kind: 'nullable', ...at } as const]
        : [{ kind: 'required', ...at, fill: convert === null ? fillOf(now) : ({ kind: 'converted' } as const) } as const]),
    ...(isDeepStrictEqual(was.default, now.default) ? [] : [{ kind: 'default-changed', ...at, to: now.default } as const]),
    ...(from?.model === to?.model ? [] : [{ kind: 'reference-changed', ...at, from: from?.model ?? null, to: to?.model ?? null } as const]),
    ...(from?.model !== to?.model || from?.onDelete === to?.onDelete ? [] : [{ kind: 'on-delete-changed', ...at } as const]),
    ...(was.serverOnly === now.serverOnly ? [] : [{ kind: 'server-only', ...at, on: now.serverOnly } as const]),
    ...(was.readonly === now.readonly && was.immutable === now.immutable ? [] : [{ kind: 'writing-changed', ...at } as const]),
    ...(was.conflict === now.conflict && isSameExport(was.merge, now.merge) ? [] : [{ kind: 'conflict-changed', ...at, to: now.conflict } as const]),
  ]
}

const isSameType = (was: Field['type'], now: Field['type']): boolean =>
  was.kind === 'json' && now.kind === 'json' ? isSameExport(was.ts, now.ts) : isDeepStrictEqual(was, now)

/** Lock files of before named the file from where the generator was called: `schemas/merge.ts` for `merge.ts`. */
const isSameExport = (was: Field['merge'], now: Field['merge']): boolean =>
  was === null || now === null ? was === now : was.name === now.name && (was.file === now.file || was.file.endsWith(`/${now.file}`))
