/** shared/<model>.ts: what both sides know of a model. */
import type { Field, Model, Relation } from '../model.js'
import { camelCase } from '../names.js'
import { type Code, code, ident, literal, object } from './code.js'
import { type Places, decodeOf, descriptorOf, encodeOf, typeOf } from './field-source.js'
import { Imports } from './imports.js'
import { aWord, sentence, words } from './words.js'

/** One property of a generated interface. */
export interface PropertyView {
  readonly name: Code
  readonly type: Code
  readonly optional: boolean
  readonly doc: string | null
}

export interface SharedModelView {
  readonly imports: readonly Code[]
  readonly name: Code
  readonly doc: string
  readonly newName: Code
  readonly newDoc: string
  readonly patchName: Code
  readonly patchDoc: string
  readonly row: readonly PropertyView[]
  readonly create: readonly PropertyView[]
  readonly patch: readonly PropertyView[]
  readonly fieldsName: Code
  readonly fieldsDoc: string
  readonly descriptorName: Code
  readonly descriptorDoc: string
  readonly facts: { readonly name: Code; readonly plural: Code; readonly timestamps: Code; readonly deleteConflict: Code }
  readonly fields: readonly { readonly name: Code; readonly descriptor: Code }[]
  readonly relations: readonly { readonly name: Code; readonly descriptor: Code }[]
  readonly decode: readonly { readonly name: Code; readonly value: Code }[]
  readonly encode: readonly Code[]
}

export const sharedModelView = (model: Model, places: Places): SharedModelView => {
  const imports = new Imports()
  const fields = travelling(model)
  const property = (field: Field): PropertyView => ({ name: ident(field.name), type: typeOf(field, imports, places), optional: false, doc: field.doc })
  const view = {
    name: ident(model.name),
    doc: model.doc ?? `${sentence(aWord(model.name))}.`,
    newName: ident(`New${model.name}`),
    newDoc: `What a new ${words(model.name)} takes; the rest has defaults.`,
    patchName: ident(`${model.name}Patch`),
    patchDoc: fields.some(isPatchable) ? `What may change of ${aWord(model.name)}.` : `Nothing of ${aWord(model.name)} may change.`,
    row: fields.map(property),
    create: fields.filter(isCreatable).map((field) => ({ ...property(field), optional: isOptional(field) })),
    patch: fields.filter(isPatchable).map((field) => ({ ...property(field), type: patchType(field, imports, places), optional: true })),
    fieldsName: fieldsName(model),
    fieldsDoc: `The fields of ${aWord(model.name)}, in wire order.`,
    descriptorName: descriptorName(model),
    descriptorDoc: `${model.name} for the runtime: fields, relations and wire codec.`,
    facts: {
      name: literal(model.name),
      plural: literal(model.plural),
      timestamps: literal(model.timestamps),
      deleteConflict: literal(model.deleteConflict),
    },
    fields: fields.map((field) => ({ name: ident(field.name), descriptor: descriptorOf(field, imports, places) })),
    relations: model.relations.map((relation) => ({ name: ident(relation.name), descriptor: relationDescriptor(relation) })),
    decode: fields.map((field, at) => ({ name: ident(field.name), value: decodeOf(field, code`wire[${at}]`, imports, places) })),
    encode: fields.map((field) => encodeOf(field, code`row.${ident(field.name)}`, imports)),
  }
  imports.runtime('FieldDescriptor')
  imports.runtime('ModelDescriptor')
  return { ...view, imports: imports.statements() }
}

/** Fields that leave the server, in wire order. */
export const travelling = (model: Model): readonly Field[] => model.fields.filter((field) => !field.serverOnly)

/** Whether a client may give the field when it creates a row. */
export const isCreatable = (field: Field): boolean => field.name === 'id' || (!field.implicit && !field.readonly)

/** Whether a create may leave the field out. */
export const isOptional = (field: Field): boolean => field.name === 'id' || field.nullable || field.default !== null

/** Whether a client may change the field. */
export const isPatchable = (field: Field): boolean => !field.implicit && !field.readonly && !field.immutable

/** A counter is patched by an amount. */
export const patchType = (field: Field, imports: Imports, places: Places): Code =>
  field.conflict === 'counter' ? code`{ readonly add: number }` : typeOf(field, imports, places)

export const fieldsName = (model: Model): Code => ident(`${camelCase(model.name)}Fields`)

export const descriptorName = (model: Model): Code => ident(`${camelCase(model.name)}Descriptor`)

const relationDescriptor = (relation: Relation): Code => {
  const { name: _, ...facts } = relation
  const kept = relation.kind === 'one' ? { kind: facts.kind, model: relation.model, field: relation.field } : facts
  return object(Object.entries(kept).map(([key, value]) => [key, literal(value)]))
}
