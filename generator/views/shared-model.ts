import type { Field, Model, Reference, Relation } from '../model.js'
import { camelCase } from '../names.js'
import { joinSides } from '../read/build-indexes.js'
import { type Code, code, ident, literal, object } from './code.js'
import { decodeOf, descriptorOf, encodeOf, typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { aWord, sentence, words } from './words.js'

/** For templates/shared-model.ts.hbs: what both sides know of a model. */
export const sharedModelView = (model: Model, imports: Imports) => {
  const fields = travelling(model)
  const property = (field: Field) => ({ name: ident(field.name), type: typeOf(field, imports), doc: docOf(field), warning: field.deprecated ? docOf(field) : null })
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
    pair: model.join ? literal(joinSides(model).map(({ name }) => name)) : null,
    relations: model.relations.map((relation) => ({ name: ident(relation.name), descriptor: relationDescriptor(model, relation) })),
    decode: fields.map((field, at) => ({ name: ident(field.name), value: decodeOf(field, code`wire[${at}]`, imports) })),
    encode: fields.map((field) => encodeOf(field, code`row.${ident(field.name)}`, imports)),
  }
  return { ...view, imports: imports.statements() }
}

/** Of a field that is to be dropped, as editors strike it out. */
const docOf = ({ doc, deprecated }: Field): string | null => (deprecated ? `@deprecated ${doc ?? 'To be dropped.'}` : doc)

/** Fields that leave the server, in wire order. */
export const travelling = (model: Model): readonly Field[] => model.fields.filter((field) => !field.serverOnly)

/** Whether a client may give the field when it creates a row. */
export const isCreatable = (field: Field): boolean => field.name === 'id' || (!field.implicit && !field.readonly)

/** Whether a create may leave the field out. */
export const isOptional = (field: Field): boolean => field.name === 'id' || field.nullable || field.default !== null

/** Whether a client may change the field. */
export const isPatchable = (field: Field): boolean => !field.implicit && !field.readonly && !field.immutable

/** A counter is patched by an amount, a set by its elements or as a whole. */
export const patchType = (field: Field, imports: Imports): Code => {
  const type = typeOf(field, imports)
  switch (field.conflict) {
    case 'counter':
      return code`{ readonly add: number }`
    case 'set':
      return code`${type} | { readonly add?: ${type}; readonly remove?: ${type} }`
    default:
      return type
  }
}

/** `taskFields` */
export const fieldsName = (model: Model): Code => ident(`${camelCase(model.name)}Fields`)

/** `taskDescriptor` */
export const descriptorName = (model: Model): Code => ident(`${camelCase(model.name)}Descriptor`)

const relationDescriptor = (owner: Model, relation: Relation): Code => {
  const facts = relation.kind === 'one' ? { ...factsOf(relation), onDelete: onDeleteOf(owner, relation.field) } : factsOf(relation)
  return object(Object.entries(facts).map(([key, value]) => [key, literal(value)]))
}

const factsOf = (relation: Relation) =>
  relation.kind === 'through'
    ? { kind: relation.kind, model: relation.model, join: relation.join, near: relation.near, far: relation.far }
    : { kind: relation.kind, model: relation.model, field: relation.field }

const onDeleteOf = ({ fields }: Model, name: string): Reference['onDelete'] =>
  fields.find((field) => field.name === name)?.reference?.onDelete ?? 'noAction'
