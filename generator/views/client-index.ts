/** client/scopes.ts and client/index.ts: the client with its caches and scopes. */
import { type Schema, type Scope, modelOf } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { type Code, code, ident, join, literal, union } from './code.js'
import { type Places, labelsName, typeOf } from './field-source.js'
import { Imports } from './imports.js'
import { modelFile } from './paths.js'
import { descriptorName } from './shared-model.js'
import { listed, sentence, words } from './words.js'

export interface ClientScopesView {
  readonly imports: readonly Code[]
  readonly interfaceName: Code
  readonly interfaceDoc: string
  readonly functionName: Code
  readonly functionDoc: string
  readonly client: Code
  readonly handle: Code
  readonly params: readonly { readonly name: Code; readonly doc: string; readonly fields: readonly { readonly name: Code; readonly type: Code; readonly optional: boolean }[] }[]
  readonly scopes: readonly { readonly name: Code; readonly doc: string; readonly parameter: Code; readonly open: Code }[]
}

export const clientScopesView = (schema: Schema, places: Places): ClientScopesView => {
  const imports = new Imports()
  const client = clientName(schema)
  const view = {
    interfaceName: ident(`${client}Scopes`),
    interfaceDoc: 'The sets of rows that this client can hold. Opening one twice gives two handles on the same rows.',
    functionName: ident(`${camelCase(schema.name)}Scopes`),
    functionDoc: 'Scopes of a client, with their parameters by name.',
    client: imports.type('./index.js', client),
    handle: imports.runtime('ScopeHandle'),
    params: schema.scopes.filter(({ params }) => params.length > 0).map((scope) => ({
      name: paramsName(scope),
      doc: `Parameters of the scope ${scope.name}.`,
      fields: scope.params.map((param) => ({ name: ident(param.name), type: typeOf(param, imports, places), optional: param.nullable })),
    })),
    scopes: schema.scopes.map((scope) => ({
      name: ident(scope.name),
      doc: scope.doc ?? `${carriedPlurals(schema, scope)}.`,
      parameter: scope.params.length === 0 ? code`` : code`params: ${paramsName(scope)}`,
      open: scope.params.length === 0
        ? code`() => client.openScope(${literal(scope.name)}, {})`
        : code`(params) => client.openScope(${literal(scope.name)}, params)`,
    })),
  }
  return { ...view, imports: imports.statements() }
}

export interface ClientIndexView {
  readonly imports: readonly Code[]
  readonly client: Code
  readonly clientDoc: string
  readonly base: Code
  readonly caches: readonly { readonly name: Code; readonly make: Code }[]
  readonly scopes: Code
  readonly modelsName: Code
  readonly models: readonly { readonly name: Code; readonly model: Code }[]
  readonly transactionName: Code
  readonly transactionDoc: string
  readonly writer: Code
  readonly eventName: Code
  readonly eventDoc: string
  readonly events: Code
  readonly openName: Code
  readonly openDoc: string
  readonly openOptions: Code
  readonly openClient: Code
  readonly exports: readonly { readonly names: Code; readonly from: Code; readonly type: boolean }[]
}

export const clientIndexView = (schema: Schema): ClientIndexView => {
  const imports = new Imports()
  const client = clientName(schema)
  const models = ident(`${client}Models`)
  const transaction = ident(`${client}Transaction`)
  imports.value('../shared/schema.js', 'schema')
  const view = {
    client,
    clientDoc: 'The caches of this client and its connection to the server.',
    base: code`${imports.runtime('SyncClient')}<${models}, ${transaction}>`,
    caches: schema.models.map((model) => ({
      name: ident(model.plural),
      make: code`new ${imports.value(`./${modelFile(model.name)}.js`, `${model.name}Cache`)}(this.store, this, ${imports.value(`../shared/${modelFile(model.name)}.js`, descriptorName(model))})`,
    })),
    scopes: imports.value('./scopes.js', `${camelCase(schema.name)}Scopes`),
    modelsName: models,
    models: schema.models.map((model) => ({
      name: ident(model.plural),
      model: imports.type(`./${modelFile(model.name)}.js`, `${model.name}Model`),
    })),
    transactionName: transaction,
    transactionDoc: 'What a local transaction can write; all of it holds, or nothing.',
    writer: imports.runtime('Writer'),
    eventName: ident(`${client}Event`),
    eventDoc: 'What happened to a row of any cache.',
    events: union(schema.models.map((model) => imports.type(`./${modelFile(model.name)}.js`, `${model.name}Event`)), 40),
    openName: ident(`open${client}`),
    openDoc: 'Opens the caches (offline, too) and connects in the background.',
    openOptions: imports.runtime('OpenOptions'),
    openClient: imports.runtime('openClient'),
    exports: [
      ...schema.models.flatMap((model) => [
        { names: names([model.name, `New${model.name}`, `${model.name}Patch`]), from: literal(`../shared/${modelFile(model.name)}.js`), type: true },
        { names: names([`${model.name}Cache`, `${model.name}Event`, `${model.name}Model`]), from: literal(`./${modelFile(model.name)}.js`), type: true },
      ]),
      ...enumExports(schema),
      { names: names([`${client}Scopes`, ...schema.scopes.filter(({ params }) => params.length > 0).map(paramsName)]), from: literal('./scopes.js'), type: true },
    ],
  }
  return { ...view, imports: imports.statements() }
}

/** Re-exports of the schema's enums, for both sides. */
export const enumExports = (schema: Schema): ClientIndexView['exports'] =>
  schema.enums.length === 0
    ? []
    : [{ names: join(schema.enums.flatMap(({ name }) => [code`type ${ident(name)}`, ident(labelsName(name))])), from: literal('../shared/enums.js'), type: false }]

/** `Tracker` */
export const clientName = (schema: Schema): Code => ident(pascalCase(schema.name))

/** `BoardParams` */
export const paramsName = (scope: Scope): Code => ident(`${pascalCase(scope.name)}Params`)

const names = (all: readonly string[]): Code => join(all.map(ident))

const carriedPlurals = (schema: Schema, scope: Scope): string => {
  const plurals = scope.lines.map(({ model }) => words(modelOf(schema, model).plural))
  return sentence(listed([...new Set(plurals)]))
}

