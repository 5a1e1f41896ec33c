import type { Field, Model, Relation } from '../model.js'
import { camelCase } from '../names.js'
import { type Code, code, ident, literal, object } from './code.js'
import { decodeOf, descriptorOf, encodeOf, typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { aWord, sentence, words } from './words.js'

/** For templates/shared-model.ts.hbs: what both sides know of a model. */
export const sharedModelView = (model: Model, imports: Imports) => {
  const fields = travelling(model)
  const property = (field: Field) => ({ name: ident(field.name), type: typeOf(field, imports), doc: field.doc })
  const view = {
    name: ident(model.name),
    doc: model.doc ?? `${sentence(aWord(model.name))}.`,
    row: fields.map(property),
    newName: ident(`New${model.name}`),
    newDoc: `What a new ${words(model.name)} takes; the rest has defaults.`,
    create: fields.filter(isCreatable).map((field) => ({ ...property(field), optional: isOptional(field) })),
    patchName: ident(`${model.name}Patch`),
    patchDoc: `${fields.some(isPatchable) ? 'What' : 'Nothing'} may change of ${aWord(model.name)}.`,
    patch: fields.filter(isPatchable).map((field) => ({ ...property(field), type: patchType(field, imports) })),
    fieldsName: fieldsName(model),
    fieldsDoc: `The fields of ${aWord(model.name)}, in wire order.`,
    fields: fields.map((field) => ({ name: ident(field.name), descriptor: descriptorOf(field, imports) })),
    fieldType: imports.runtime('FieldDescriptor'),
    descriptorName: descriptorName(model),
    descriptorDoc: `${model.name} for the runtime: fields, relations and wire codec.`,
    descriptorType: imports.runtime('ModelDescriptor'),
    label: literal(model.name),
    plural: literal(model.plural),
    timestamps: literal(model.timestamps),
    deleteConflict: literal(model.deleteConflict),
    relations: model.relations.map((relation) => ({ name: ident(relation.name), descriptor: relationDescriptor(relation) })),
    decode: fields.map((field, at) => ({ name: ident(field.name), value: decodeOf(field, code`wire[${at}]`, imports) })),
    encode: fields.map((field) => encodeOf(field, code`row.${ident(field.name)}`, imports)),
  }
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
export const patchType = (field: Field, imports: Imports): Code =>
  field.conflict === 'counter' ? code`{ readonly add: number }` : typeOf(field, imports)

/** `taskFields` */
export const fieldsName = (model: Model): Code => ident(`${camelCase(model.name)}Fields`)

/** `taskDescriptor` */
export const descriptorName = (model: Model): Code => ident(`${camelCase(model.name)}Descriptor`)

const relationDescriptor = (relation: Relation): Code => {
  const { kind, model } = relation
  const facts =
    kind === 'through'
      ? { kind, model, join: relation.join, near: relation.near, far: relation.far }
      : { kind, model, field: relation.field }
  return object(Object.entries(facts).map(([key, value]) => [key, literal(value)]))
}
