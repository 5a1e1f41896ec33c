/** The methods of a cache: what each is called, says and does. */
import { type Field, type Model, type Relation, type Schema, fieldOf, modelOf } from '../model.js'
import { camelCase } from '../names.js'
import { type SortedReader, type ThroughReader, type UniqueReader, label, readerOf, throughName } from './client-readers.js'
import { type Code, binding, code, ident, join } from './code.js'
import { typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { aWord, listed, sentence, words } from './words.js'

/** A method: `signature { body }`. */
export interface Member {
  readonly doc: string
  readonly signature: Code
  readonly body: Code
}

/** The cache that a method belongs to. */
export interface Cache {
  readonly schema: Schema
  readonly model: Model
  readonly imports: Imports
}

/** `#byProject`, the index behind a reader. */
export const memberOf = (name: string): Code => code`#${ident(name)}`

/** `ofProject(projectId: Uuid): readonly Task[]` */
export const sortedMember = ({ model, imports }: Cache, { method, member, field, order }: SortedReader): Member => {
  const which = field.reference === null ? `with this ${field.name}` : `of ${aWord(label(field))}`
  return {
    doc: `${sentence(words(model.plural))} ${which}${order.length === 0 ? '' : `, by ${listed(order.map(label))}`}.`,
    signature: code`${ident(method)}(${parameter(field, imports)}): readonly ${ident(model.name)}[]`,
    body: code`return this.${memberOf(member)}.get(${binding(field.name)})`,
  }
}

/** `byEmail(email: string): User | undefined` */
export const uniqueMember = ({ model, imports }: Cache, { method, member, fields }: UniqueReader): Member => ({
  doc: `The ${words(model.name)} with this ${listed(fields.map(label))}, if this client holds it.`,
  signature: code`${ident(method)}(${join(fields.map((field) => parameter(field, imports)))}): ${ident(model.name)} | undefined`,
  body: code`return this.${memberOf(member)}.get(${join(fields.map((field) => binding(field.name)))})`,
})

/** `labelsOfTask(taskId: Uuid): readonly Label[]`, on the cache of the join model. */
export const throughMember = (cache: Cache, { method, near, far, model }: ThroughReader): Member => {
  const joined = code`this.${ident(readerOf(near))}(${binding(near.name)})`
  return {
    doc: `${sentence(words(modelOf(cache.schema, model).plural))} of ${aWord(label(near))}, as far as this client holds them.`,
    signature: code`${ident(method)}(${parameter(near, cache.imports)}): readonly ${rowOf(cache, model)}[]`,
    body: code`return ${joined}.flatMap((row) => ${cacheOf(cache, model)}.get(row.${ident(far.name)}) ?? [])`,
  }
}

/** `project(task: Task): Project | undefined`, `labels(task: Task): readonly Label[]` */
export const relationMember = (cache: Cache, relation: Relation): Member => {
  const { schema, model } = cache
  const self = binding(camelCase(model.name))
  const head = code`${ident(relation.name)}(${self}: ${ident(model.name)})`
  const row = rowOf(cache, relation.model)
  switch (relation.kind) {
    case 'one': {
      const id = code`${self}.${ident(relation.field)}`
      const read = code`${cacheOf(cache, relation.model)}.get(${id})`
      return {
        doc: `The ${words(relation.name)} of ${aWord(model.name)}, or undefined while it is outside this client's scopes.`,
        signature: code`${head}: ${row} | undefined`,
        body: relation.nullable ? code`return ${id} === null ? undefined : ${read}` : code`return ${read}`,
      }
    }
    case 'many': {
      const reader = ident(readerOf(fieldOf(modelOf(schema, relation.model), relation.field)))
      return {
        doc: `${sentence(words(relation.name))} of ${aWord(model.name)}, as far as this client holds them.`,
        signature: code`${head}: readonly ${row}[]`,
        body: code`return ${cacheOf(cache, relation.model)}.${reader}(${self}.id)`,
      }
    }
    case 'through': {
      const reader = ident(throughName(relation.name, fieldOf(modelOf(schema, relation.join), relation.near)))
      return {
        doc: `${sentence(words(relation.name))} of ${aWord(model.name)}, through the join table ${relation.join}.`,
        signature: code`${head}: readonly ${row}[]`,
        body: code`return ${cacheOf(cache, relation.join)}.${reader}(${self}.id)`,
      }
    }
  }
}

/** Nobody asks for the rows of null: where a reference may be null, the row says so. */
const parameter = (field: Field, imports: Imports): Code =>
  code`${binding(field.name)}: ${typeOf({ type: field.type, nullable: false }, imports)}`

const cacheOf = ({ schema }: Cache, name: string): Code => code`this.db.${ident(modelOf(schema, name).plural)}`

const rowOf = ({ model, imports }: Cache, name: string): Code =>
  name === model.name ? ident(name) : imports.type(modelFile('shared', name), name)
