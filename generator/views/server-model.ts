import type { Field, Model, Schema } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type ModelSql, modelSql, sqlType } from '../sql/index.js'
import { type Code, code, ident, literal, object } from './code.js'
import { decodeOf, descriptorOf, travelsAsItIs, typeOf } from './field-source.js'
import type { Imports, NameInFile } from './imports.js'
import { claimsName, transactionName } from './names-of-app.js'
import { modelFile } from './paths.js'
import { serverTypesOf } from './server-types.js'
import { descriptorName, fieldsName, travelling } from './shared-model.js'
import { type Constant, statementCode } from './statements.js'
import { aWord, words } from './words.js'

/** For templates/server-model.ts.hbs: a model's SQL, codecs and types on the server. */
export const serverModelView = (schema: Schema, model: Model, imports: Imports) => {
  const sql = modelSql(schema, model)
  const record = ident(`${model.name}Record`)
  const label = literal(model.name)
  const claims = imports.type('shared/claims', claimsName(schema))
  const transaction = imports.type('server/index', transactionName(schema))
  const hidden = model.fields.filter((field) => field.serverOnly)
  const view = {
    types: serverTypesOf(model, imports),
    typesName: ident(`${model.name}ServerTypes`),
    typesDoc: `Types of ${aWord(model.name)} for transactions, hooks and events of the server.`,
    label,
    record,
    create: ident(`New${model.name}Record`),
    patch: ident(`${model.name}RecordPatch`),
    eventName: ident(`${model.name}ServerEvent`),
    eventDoc: `What happened to ${aWord(model.name)} in the database, whoever did it.`,
    event: code`${imports.runtime('ServerEvent')}<${label}, ${record}>`,
    hooksName: ident(`${model.name}Hooks`),
    hooksDoc: `What the app adds to clients' writes of ${words(model.plural)}.`,
    hooks: code`${imports.runtime('ModelHooks')}<${record}, ${claims}, ${transaction}>`,
    hiddenName: hiddenName(model),
    hiddenDoc: `The fields of ${aWord(model.name)} that never leave the server.`,
    hidden: hidden.map((field) => ({ name: ident(field.name), descriptor: descriptorOf(field, imports) })),
    fieldType: hidden.length === 0 ? null : imports.runtime('FieldDescriptor'),
    statements: statementsOf(model, sql),
    modelName: ident(`${camelCase(model.name)}Model`),
    modelDoc: `${model.name} for the runtime: its SQL, access rules and codecs.`,
    modelType: imports.runtime('ServerModel'),
    descriptor: imports.value(modelFile('shared', model.name), descriptorName(model)),
    table: literal(model.table),
    columns: model.fields.map((field) => ({ name: ident(field.name), column: columnOf(field, model, imports) })),
    access: rules.map((rule) => ({ name: ident(rule), statement: accessOf(sql, rule) })),
    wire: [code`Number(row[1])`, ...travelling(model).map((field, at) => wireOf(field, place(at), imports))],
    row: model.fields.map((field, at) => ({ name: ident(field.name), value: rowOf(field, place(at), imports) })),
  }
  return { ...view, imports: imports.statements() }
}

const rules = ['read', 'create', 'update', 'delete'] as const

const statementsOf = (model: Model, sql: ModelSql): readonly Constant[] => {
  const rows = words(model.plural)
  return [
    { name: ident('rows'), doc: `$1 uuid[]: ${rows} as they travel.`, text: sql.rows },
    { name: ident('lock'), doc: `$1 uuid[]: ${rows} with every column, locked in the order of their ids.`, text: sql.lock },
    { name: ident('deletion'), doc: `$1 uuid[]: deletes ${rows}.`, text: sql.delete },
    ...rules.flatMap((rule) => {
      const text = sql.access[rule]?.text
      const doc = `$1 uuid[]: those that the identity may ${rule}.`
      return text === undefined ? [] : [{ name: accessName(rule), doc, text }]
    }),
  ]
}

const accessOf = (sql: ModelSql, rule: (typeof rules)[number]): Code => {
  const statement = sql.access[rule]
  return statement === null ? literal(null) : statementCode(statement, accessName(rule))
}

const accessName = (rule: string): Code => ident(`may${pascalCase(rule)}`)

const columnOf = (field: Field, model: Model, imports: Imports): Code => {
  const fields = field.serverOnly ? hiddenName(model) : imports.value(modelFile('shared', model.name), fieldsName(model))
  return object([
    ['column', literal(field.column)],
    ['columnId', literal(field.columnId)],
    ['sqlType', literal(sqlType(field.type))],
    ['field', code`${fields}.${ident(field.name)}`],
    ...(field.serverOnly ? [['serverOnly', literal(true)] as const] : []),
    ...(field.merge === null ? [] : [['merge', mergeOf(field, field.merge, imports)] as const]),
  ])
}

/** The app's function, with the type that its field has. */
const mergeOf = (field: Field, merge: NameInFile, imports: Imports): Code =>
  code`${imports.appValue(merge)} satisfies ${imports.runtime('Merge')}<${typeOf(field, imports)}>`

const hiddenName = (model: Model): Code => ident(`${camelCase(model.name)}ServerFields`)

/** Rows are read as `id, version, …`: where the field at this place of the descriptor stands. */
const place = (at: number): Code => code`row[${at === 0 ? 0 : at + 1}]`

/** A cell of the driver's row as it travels. */
const wireOf = (field: Field, cell: Code, imports: Imports): Code => {
  if (field.type.kind === 'timestamp') return code`${imports.runtime('wireTimestamp')}(${cell})`
  if (field.type.kind === 'bytes') return code`${imports.runtime('wireBytes')}(${cell})`
  return code`${cell} as ${imports.runtime('Wire')}`
}

/** A cell of the driver's row as hooks and server code see it. */
const rowOf = (field: Field, cell: Code, imports: Imports): Code =>
  decodeOf(field, travelsAsItIs(field.type) ? cell : wireOf(field, cell, imports), imports)
