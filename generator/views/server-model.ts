/** server/<model>.ts: a model's SQL, codecs and types on the server. */
import type { Field, Model, Schema } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type ModelSql, type Statement, modelSql, sqlType } from '../sql/index.js'
import { type Code, code, ident, join, literal, object } from './code.js'
import { type Places, codecOf, decodeOf, descriptorOf, typeOf } from './field-source.js'
import { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { type PropertyView, descriptorName, fieldsName, isCreatable, isOptional, isPatchable, patchType, travelling } from './shared-model.js'
import { claimsName } from './shared-schema.js'
import { aWord, sentence, words } from './words.js'

/** A type of the server: the shared one with what only the server sees or sets. */
export interface ServerTypeView {
  readonly name: Code
  readonly doc: string
  /** The shared type. */
  readonly alias: Code
  /** What it extends: the shared type, unless that has no members. */
  readonly base: Code | null
  /** Empty: the type is the shared one. */
  readonly added: readonly PropertyView[]
}

/** A constant with a statement's text. */
export interface SqlConstantView {
  readonly name: Code
  readonly doc: string
  readonly text: string
}

export interface ServerModelView {
  readonly imports: readonly Code[]
  readonly types: readonly ServerTypeView[]
  readonly typesName: Code
  readonly typesDoc: string
  readonly name: Code
  readonly record: Code
  readonly create: Code
  readonly patch: Code
  readonly hiddenName: Code
  readonly hiddenDoc: string
  readonly hidden: readonly { readonly name: Code; readonly descriptor: Code }[]
  readonly statements: readonly SqlConstantView[]
  readonly modelName: Code
  readonly modelDoc: string
  readonly descriptor: Code
  readonly table: Code
  readonly columns: readonly { readonly name: Code; readonly column: Code }[]
  readonly access: readonly { readonly name: Code; readonly statement: Code }[]
  readonly wire: readonly Code[]
  readonly row: readonly { readonly name: Code; readonly value: Code }[]
  readonly eventName: Code
  readonly eventDoc: string
  readonly event: Code
  readonly hooksName: Code
  readonly hooksDoc: string
  readonly hooks: Code
}

export const serverModelView = (schema: Schema, model: Model, places: Places): ServerModelView => {
  const imports = new Imports()
  const sql = modelSql(schema, model)
  const record = ident(`${model.name}Record`)
  const hidden = model.fields.filter((field) => field.serverOnly)
  const view = {
    types: typesOf(model, imports, places),
    typesName: serverTypesName(model),
    typesDoc: `Types of ${aWord(model.name)} for transactions, hooks and events of the server.`,
    name: literal(model.name),
    record,
    create: ident(`New${model.name}Record`),
    patch: ident(`${model.name}RecordPatch`),
    hiddenName: hiddenName(model),
    hiddenDoc: `The fields of ${aWord(model.name)} that never leave the server.`,
    hidden: hidden.map((field) => ({ name: ident(field.name), descriptor: descriptorOf(field, imports, places) })),
    statements: statementsOf(model, sql),
    modelName: ident(`${camelCase(model.name)}Model`),
    modelDoc: `${model.name} for the runtime: its SQL, access rules and codecs.`,
    descriptor: sharedValue(imports, model, descriptorName(model)),
    table: literal(model.table),
    columns: model.fields.map((field) => ({ name: ident(field.name), column: columnOf(field, model, imports) })),
    access: rules.map((rule) => ({ name: ident(rule), statement: statementOf(sql.access[rule], `may${pascalCase(rule)}`) })),
    wire: [code`Number(row[1])`, ...travelling(model).map((field, at) => wireOf(field, at === 0 ? 0 : at + 1, imports))],
    row: model.fields.map((field, at) => ({ name: ident(field.name), value: rowOf(field, at === 0 ? 0 : at + 1, imports, places) })),
    eventName: ident(`${model.name}ServerEvent`),
    eventDoc: `What happened to ${aWord(model.name)} in the database, whoever did it.`,
    event: code`${imports.runtime('ServerEvent')}<${literal(model.name)}, ${record}>`,
    hooksName: ident(`${model.name}Hooks`),
    hooksDoc: `What the app adds to clients' writes of ${words(model.plural)}.`,
    hooks: code`${imports.runtime('ModelHooks')}<${record}, ${imports.type('../shared/claims.js', claimsName(schema))}, ${imports.type('./index.js', transactionName(schema))}>`,
  }
  imports.runtime('ServerModel')
  if (hidden.length > 0) imports.runtime('FieldDescriptor')
  return { ...view, imports: imports.statements() }
}

/** `TaskServerTypes` */
export const serverTypesName = (model: Model): Code => ident(`${model.name}ServerTypes`)

/** `TrackerServerTransaction` */
export const transactionName = (schema: Schema): Code => ident(`${pascalCase(schema.name)}ServerTransaction`)

/** A statement with its bindings as an object literal: `{ text: boardTaskSince, values: ['params.projectId'] }` */
export const statementCode = (statement: Statement, constant: Code): Code =>
  object([['text', constant], ['values', code`[${join(statement.values.map((value) => literal(value)))}]`]])

const rules = ['read', 'create', 'update', 'delete'] as const

const statementOf = (statement: Statement | null, constant: string): Code =>
  statement === null ? literal(null) : statementCode(statement, ident(constant))

const statementsOf = (model: Model, sql: ModelSql): readonly SqlConstantView[] => [
  { name: ident('rows'), doc: `$1 uuid[]: ${words(model.plural)} as they travel.`, text: sql.rows },
  { name: ident('lock'), doc: `$1 uuid[]: ${words(model.plural)} with every column, locked in the order of their ids.`, text: sql.lock },
  { name: ident('deletion'), doc: `$1 uuid[]: deletes ${words(model.plural)}.`, text: sql.delete },
  ...rules.flatMap((rule) => {
    const statement = sql.access[rule]
    const doc = `$1 uuid[]: those that the identity may ${rule}.`
    return statement === null ? [] : [{ name: ident(`may${pascalCase(rule)}`), doc, text: statement.text }]
  }),
]

const typesOf = (model: Model, imports: Imports, places: Places): readonly ServerTypeView[] => {
  const based = (name: string): Pick<ServerTypeView, 'alias' | 'base'> => ({ alias: imports.type(shared(model), name), base: ident(name) })
  const added = (fields: readonly Field[], optional: (field: Field) => boolean, type: (field: Field) => Code): readonly PropertyView[] =>
    fields.map((field) => ({ name: ident(field.name), type: type(field), optional: optional(field), doc: field.doc }))
  const plain = (field: Field): Code => typeOf(field, imports, places)
  const settable = model.fields.filter((field) => field.serverOnly || (field.readonly && !field.implicit))
  const creatable = settable.filter((field) => field.serverOnly || !isCreatable(field))
  const patchable = settable.filter((field) => !field.immutable && (field.serverOnly || !isPatchable(field)))
  const nothing = !travelling(model).some(isPatchable)
  return [
    {
      name: ident(`${model.name}Record`),
      ...based(model.name),
      doc: `${sentence(aWord(model.name))} as the server sees it.`,
      added: added(model.fields.filter((field) => field.serverOnly), () => false, plain),
    },
    {
      name: ident(`New${model.name}Record`),
      ...based(`New${model.name}`),
      doc: `What server code gives for a new ${words(model.name)}.`,
      added: added(creatable, isOptional, plain),
    },
    {
      name: ident(`${model.name}RecordPatch`),
      ...(nothing && patchable.length > 0 ? { alias: code``, base: null } : based(`${model.name}Patch`)),
      doc: `What server code may change of ${aWord(model.name)}.`,
      added: added(patchable, () => true, (field) => patchType(field, imports, places)),
    },
  ]
}

const columnOf = (field: Field, model: Model, imports: Imports): Code => {
  const fields = field.serverOnly ? hiddenName(model) : sharedValue(imports, model, fieldsName(model))
  return object([
    ['column', literal(field.column)],
    ['columnId', literal(field.columnId)],
    ['sqlType', literal(sqlType(field.type))],
    ['field', code`${fields}.${ident(field.name)}`],
    ...(field.serverOnly ? [['serverOnly', literal(true)] as const] : []),
  ])
}

/** A cell of the driver's row as it travels. */
const wireOf = (field: Field, at: number, imports: Imports): Code => {
  const cell = code`row[${at}]`
  if (field.type.kind === 'timestamp') return code`${imports.runtime('wireTimestamp')}(${cell})`
  if (field.type.kind === 'bytes') return code`${imports.runtime('wireBytes')}(${cell})`
  return code`${cell} as ${imports.runtime('Wire')}`
}

/** A cell of the driver's row as hooks and server code see it. */
const rowOf = (field: Field, at: number, imports: Imports, places: Places): Code => {
  const codec = codecOf(field.type)
  return decodeOf(field, codec === null ? code`row[${at}]` : wireOf(field, at, imports), imports, places)
}

const hiddenName = (model: Model): Code => ident(`${camelCase(model.name)}ServerFields`)

const shared = (model: Model): string => `../shared/${modelFile(model.name)}.js`

const sharedValue = (imports: Imports, model: Model, name: Code): Code => imports.value(shared(model), name)
