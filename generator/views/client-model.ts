import type { Model, Relation, Schema } from '../model.js'
import { comparatorName, comparatorsOf } from './client-order.js'
import { memberOf, relationMember, sortedMember, throughMember, uniqueMember } from './client-members.js'
import { sortedReaders, throughReaders, uniqueReaders } from './client-readers.js'
import { type Code, code, ident, join, literal } from './code.js'
import type { Imports } from './imports.js'
import { clientName } from './names-of-app.js'
import { modelFile } from './paths.js'
import { aWord, words } from './words.js'

/** For templates/client-model.ts.hbs: the cache of a model, with its readers. */
export const clientModelView = (schema: Schema, model: Model, imports: Imports) => {
  const shared = modelFile('shared', model.name)
  const row = imports.type(shared, model.name)
  const modelName = ident(`${model.name}Model`)
  const sorted = sortedReaders(model)
  const unique = uniqueReaders(model)
  const on = { schema, model, imports }
  const view = {
    modelName,
    modelDoc: `Types of the ${words(model.plural)}' cache: row, writes and relations, for queries.`,
    label: literal(model.name),
    row,
    newName: imports.type(shared, `New${model.name}`),
    patchName: imports.type(shared, `${model.name}Patch`),
    relations: model.relations.map((relation) => ({ name: ident(relation.name), type: relationType(relation, imports, model) })),
    eventName: ident(`${model.name}Event`),
    eventDoc: `What happened to ${aWord(model.name)} in this cache.`,
    event: code`${imports.runtime('CacheEvent')}<${modelName}>`,
    comparators: comparatorsOf(sorted, row, imports),
    cacheName: ident(`${model.name}Cache`),
    cacheDoc: `The ${words(model.plural)} this client holds, with one reader per index and per relation.`,
    cacheBase: code`${imports.runtime('ModelCache')}<${modelName}, ${imports.type('client/index', clientName(schema))}>`,
    indexes: [
      ...sorted.map(({ member, field, order }) => ({
        member: memberOf(member),
        index: code`this.sorted(${join([literal(field.name), ...(order.length === 0 ? [] : [comparatorName(order)])])})`,
      })),
      ...unique.map(({ member, fields }) => ({
        member: memberOf(member),
        index: code`this.unique(${join(fields.map((field) => literal(field.name)))})`,
      })),
    ],
    readers: [
      ...sorted.map((reader) => sortedMember(on, reader)),
      ...unique.map((reader) => uniqueMember(on, reader)),
      ...throughReaders(schema, model).map((reader) => throughMember(on, reader)),
      ...model.relations.map((relation) => relationMember(on, relation)),
    ],
  }
  return { ...view, imports: imports.statements() }
}

const relationType = (relation: Relation, imports: Imports, model: Model): Code => {
  const name = `${relation.model}Model`
  const target = relation.model === model.name ? ident(name) : imports.type(modelFile('client', relation.model), name)
  return code`${imports.runtime(relation.kind === 'one' ? 'One' : 'Many')}<${target}>`
}
