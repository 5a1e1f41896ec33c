/** client/<model>.ts: the cache of a model, with its readers. */
import { type Field, type Model, type Relation, type Schema, fieldOf, modelOf } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type SortedReader, label, readerOf, sortedReaders, throughName, throughReaders, uniqueReaders } from './client-readers.js'
import { type Code, binding, code, ident, join, literal } from './code.js'
import { type Places, typeOf } from './field-source.js'
import { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { aWord, listed, sentence, words } from './words.js'

export interface ClientModelView {
  readonly imports: readonly Code[]
  readonly comparators: readonly { readonly name: Code; readonly type: Code; readonly compare: Code; readonly doc: string }[]
  readonly modelName: Code
  readonly modelDoc: string
  readonly row: Code
  readonly newName: Code
  readonly patchName: Code
  readonly name: Code
  readonly relations: readonly { readonly name: Code; readonly type: Code }[]
  readonly eventName: Code
  readonly eventDoc: string
  readonly event: Code
  readonly cacheName: Code
  readonly cacheDoc: string
  readonly cacheBase: Code
  readonly indexes: readonly { readonly member: Code; readonly index: Code }[]
  readonly readers: readonly { readonly doc: string; readonly signature: Code; readonly body: Code }[]
}

export const clientModelView = (schema: Schema, model: Model, client: string, places: Places): ClientModelView => {
  const imports = new Imports()
  const shared = `../shared/${modelFile(model.name)}.js`
  const row = imports.type(shared, model.name)
  const sorted = sortedReaders(model)
  const unique = uniqueReaders(model)
  const view = {
    comparators: comparatorsOf(sorted, row, imports),
    modelName: ident(`${model.name}Model`),
    modelDoc: `Types of the ${words(model.plural)}' cache: row, writes and relations, for queries.`,
    row,
    newName: imports.type(shared, `New${model.name}`),
    patchName: imports.type(shared, `${model.name}Patch`),
    name: literal(model.name),
    relations: model.relations.map((relation) => ({ name: ident(relation.name), type: relationType(relation, model, imports) })),
    eventName: ident(`${model.name}Event`),
    eventDoc: `What happened to ${aWord(model.name)} in this cache.`,
    event: code`${imports.runtime('CacheEvent')}<${ident(`${model.name}Model`)}>`,
    cacheName: ident(`${model.name}Cache`),
    cacheDoc: `The ${words(model.plural)} this client holds, with one reader per index and per relation.`,
    cacheBase: code`${imports.runtime('ModelCache')}<${ident(`${model.name}Model`)}, ${imports.type('./index.js', client)}>`,
    indexes: [
      ...sorted.map((reader) => ({ member: ident(reader.member), index: sortedIndex(reader) })),
      ...unique.map((reader) => ({ member: ident(reader.member), index: code`this.unique(${join(reader.fields.map((field) => literal(field.name)))})` })),
    ],
    readers: [
      ...sorted.map((reader) => ({
        doc: sortedDoc(model, reader),
        signature: code`${ident(reader.method)}(${parameter(reader.field, imports, places)}): readonly ${row}[]`,
        body: code`return this.#${ident(reader.member)}.get(${binding(reader.field.name)})`,
      })),
      ...unique.map((reader) => ({
        doc: `The ${words(model.name)} with this ${listed(reader.fields.map(label))}, if this client holds it.`,
        signature: code`${ident(reader.method)}(${join(reader.fields.map((field) => parameter(field, imports, places)))}): ${row} | undefined`,
        body: code`return this.#${ident(reader.member)}.get(${join(reader.fields.map((field) => binding(field.name)))})`,
      })),
      ...throughReaders(schema, model).map((reader) => ({
        doc: `${sentence(words(modelOf(schema, reader.model).plural))} of ${aWord(label(reader.near))}, as far as this client holds them.`,
        signature: code`${ident(reader.method)}(${parameter(reader.near, imports, places)}): readonly ${rowType(reader.model, model, imports)}[]`,
        body: code`return this.${ident(readerOf(reader.near))}(${binding(reader.near.name)}).flatMap((row) => this.db.${cacheOf(schema, reader.model)}.get(row.${ident(reader.far.name)}) ?? [])`,
      })),
      ...model.relations.map((relation) => relationReader(schema, model, relation, imports)),
    ],
  }
  return { ...view, imports: imports.statements() }
}

const relationReader = (schema: Schema, model: Model, relation: Relation, imports: Imports): ClientModelView['readers'][number] => {
  const self = binding(camelCase(model.name))
  const target = rowType(relation.model, model, imports)
  const of = code`${ident(relation.name)}(${self}: ${ident(model.name)})`
  switch (relation.kind) {
    case 'one':
      return {
        doc: `The ${words(relation.name)} of ${aWord(model.name)}, or undefined while it is outside this client's scopes.`,
        signature: code`${of}: ${target} | undefined`,
        body: oneBody(schema, relation, self),
      }
    case 'many':
      return {
        doc: `${sentence(words(relation.name))} of ${aWord(model.name)}, as far as this client holds them.`,
        signature: code`${of}: readonly ${target}[]`,
        body: code`return this.db.${cacheOf(schema, relation.model)}.${ident(readerOf(fieldOf(modelOf(schema, relation.model), relation.field)))}(${self}.id)`,
      }
    case 'through':
      return {
        doc: `${sentence(words(relation.name))} of ${aWord(model.name)}, through the join table ${relation.join}.`,
        signature: code`${of}: readonly ${target}[]`,
        body: code`return this.db.${cacheOf(schema, relation.join)}.${ident(throughName(relation.name, fieldOf(modelOf(schema, relation.join), relation.near)))}(${self}.id)`,
      }
  }
}

const oneBody = (schema: Schema, relation: Extract<Relation, { kind: 'one' }>, self: Code): Code => {
  const id = code`${self}.${ident(relation.field)}`
  const read = code`this.db.${cacheOf(schema, relation.model)}.get(${id})`
  return relation.nullable ? code`return ${id} === null ? undefined : ${read}` : code`return ${read}`
}

const relationType = (relation: Relation, model: Model, imports: Imports): Code => {
  const target = relation.model === model.name ? ident(`${model.name}Model`) : imports.type(`./${modelFile(relation.model)}.js`, `${relation.model}Model`)
  return code`${imports.runtime(relation.kind === 'one' ? 'One' : 'Many')}<${target}>`
}

const rowType = (name: string, model: Model, imports: Imports): Code =>
  name === model.name ? ident(name) : imports.type(`../shared/${modelFile(name)}.js`, name)

const cacheOf = (schema: Schema, name: string): Code => ident(modelOf(schema, name).plural)

const parameter = (field: Field, imports: Imports, places: Places): Code =>
  code`${binding(field.name)}: ${typeOf({ type: field.type, nullable: false }, imports, places)}`

const sortedIndex = ({ field, order }: SortedReader): Code =>
  order.length === 0 ? code`this.sorted(${literal(field.name)})` : code`this.sorted(${literal(field.name)}, ${comparatorName(order)})`

const sortedDoc = (model: Model, { field, order }: SortedReader): string => {
  const rows = `${sentence(words(model.plural))} ${field.reference === null ? `with this ${field.name}` : `of ${aWord(label(field))}`}`
  return `${rows}${order.length === 0 ? '' : `, by ${listed(order.map(label))}`}.`
}

/** `byStateThenPosition` */
const comparatorName = (order: readonly Field[]): Code => ident(`by${order.map((field) => pascalCase(field.name)).join('Then')}`)

const comparatorsOf = (readers: readonly SortedReader[], row: Code, imports: Imports): ClientModelView['comparators'] => {
  const byName = new Map(readers.filter(({ order }) => order.length > 0).map(({ order }) => [comparatorName(order), order]))
  return [...byName].map(([name, order]) => {
    const parts = order.map((field) => comparing(field, imports))
    return {
      name,
      type: code`${imports.runtime('Comparator')}<${row}>`,
      doc: `By ${listed(order.map((field) => field.name))}, as PostgreSQL orders them.`,
      compare: parts.length === 1 ? join(parts) : code`${imports.runtime('inOrder')}(${join(parts)})`,
    }
  })
}

const comparing = (field: Field, imports: Imports): Code => {
  const bare = imports.runtime(comparatorOf(field))
  const compare = field.nullable ? code`${imports.runtime('nullsLast')}(${bare})` : bare
  return code`${imports.runtime('comparing')}(${literal(field.name)}, ${compare})`
}

const comparatorOf = (field: Field): 'compareNumber' | 'compareBigint' | 'compareDecimal' | 'compareBoolean' | 'compareTimestamp' | 'compareText' => {
  switch (field.type.kind) {
    case 'int':
    case 'float':
      return 'compareNumber'
    case 'bigint':
      return 'compareBigint'
    case 'decimal':
      return 'compareDecimal'
    case 'boolean':
      return 'compareBoolean'
    case 'timestamp':
      return 'compareTimestamp'
    default:
      return 'compareText'
  }
}
