/** The types of a model on the server: the shared ones with what only the server sees or sets. */
import type { Field, Model } from '../model.js'
import { type Code, ident } from './code.js'
import { typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { isCreatable, isOptional, isPatchable, patchType, travelling } from './shared-model.js'
import { aWord, sentence, words } from './words.js'

/** `interface name extends base { added }`, or without anything added `type name = base`. */
export interface ServerType {
  readonly name: Code
  readonly doc: string
  /** Null: the shared type has no members to extend. */
  readonly base: Code | null
  readonly added: readonly { readonly name: Code; readonly type: Code; readonly optional: boolean }[]
}

/** Row, create and patch. */
export const serverTypesOf = (model: Model, imports: Imports): readonly ServerType[] => {
  const shared = (name: string): Code => imports.type(modelFile('shared', model.name), name)
  const extra = model.fields.filter((field) => field.serverOnly || (field.readonly && !field.implicit))
  const creatable = extra.filter((field) => field.serverOnly || !isCreatable(field))
  const patchable = extra.filter((field) => !field.immutable)
  const nothingShared = patchable.length > 0 && !travelling(model).some(isPatchable)
  const added = (fields: readonly Field[], optional: (field: Field) => boolean, type = typeOf) =>
    fields.map((field) => ({ name: ident(field.name), type: type(field, imports), optional: optional(field) }))
  return [
    {
      name: ident(`${model.name}Record`),
      doc: `${sentence(aWord(model.name))} as the server sees it.`,
      base: shared(model.name),
      added: added(extra.filter((field) => field.serverOnly), () => false),
    },
    {
      name: ident(`New${model.name}Record`),
      doc: `What server code gives for a new ${words(model.name)}.`,
      base: shared(`New${model.name}`),
      added: added(creatable, isOptional),
    },
    {
      name: ident(`${model.name}RecordPatch`),
      doc: `What server code may change of ${aWord(model.name)}.`,
      base: nothingShared ? null : shared(`${model.name}Patch`),
      added: added(patchable, () => true, (field) => patchType(field as Field, imports)),
    },
  ]
}
