/** For templates/client-scopes.ts.hbs and client-index.ts.hbs: the client with its caches and scopes. */
import { type Schema, type Scope, modelOf } from '../model.js'
import { code, ident, literal, union } from './code.js'
import { typeOf } from './field-source.js'
import type { Imports } from './imports.js'
import { clientName, paramsName, scopesName } from './names-of-app.js'
import { modelFile } from './paths.js'
import { type Exported, enumExports, exported } from './re-exports.js'
import { descriptorName } from './shared-model.js'
import { listed, sentence, words } from './words.js'

export const clientScopesView = (schema: Schema, imports: Imports) => {
  const client = imports.type('client/index', clientName(schema))
  const view = {
    params: schema.scopes.filter(hasParams).map((scope) => ({
      name: paramsName(scope),
      doc: `Parameters of the scope ${scope.name}.`,
      fields: scope.params.map((param) => ({ name: ident(param.name), type: typeOf(param, imports), optional: param.nullable })),
    })),
    interfaceName: ident(`${client}Scopes`),
    interfaceDoc: 'The sets of rows that this client can hold. Opening one twice gives two handles on the same rows.',
    handle: imports.runtime('ScopeHandle'),
    functionName: scopesName(schema),
    functionDoc: 'Scopes of a client, with their parameters by name.',
    client,
    scopes: schema.scopes.map((scope) => ({
      name: ident(scope.name),
      doc: scope.doc ?? `${carriedPlurals(schema, scope)}.`,
      parameter: hasParams(scope) ? code`params: ${paramsName(scope)}` : code``,
      open: hasParams(scope)
        ? code`(params) => client.openScope(${literal(scope.name)}, params)`
        : code`() => client.openScope(${literal(scope.name)}, {})`,
    })),
  }
  return { ...view, imports: imports.statements() }
}

export const clientIndexView = (schema: Schema, imports: Imports) => {
  const client = clientName(schema)
  const models = ident(`${client}Models`)
  const transaction = ident(`${client}Transaction`)
  const view = {
    exports: [
      ...schema.models.flatMap(({ name }) => [
        exported('client', modelFile('shared', name), [name, `New${name}`, `${name}Patch`]),
        exported('client', modelFile('client', name), [`${name}Cache`, `${name}Event`, `${name}Model`]),
      ]),
      ...enumExports(schema, 'client'),
      ...scopeExports(schema),
    ],
    modelsName: models,
    models: schema.models.map(({ name, plural }) => ({
      name: ident(plural),
      model: imports.type(modelFile('client', name), `${name}Model`),
    })),
    transactionName: transaction,
    transactionDoc: 'What a local transaction can write; all of it holds, or nothing.',
    writer: imports.runtime('Writer'),
    eventName: ident(`${client}Event`),
    eventDoc: 'What happened to a row of any cache.',
    events: union(schema.models.map(({ name }) => imports.type(modelFile('client', name), `${name}Event`)), 40),
    client,
    clientDoc: 'The caches of this client and its connection to the server.',
    base: code`${imports.runtime('SyncClient')}<${models}, ${transaction}>`,
    caches: schema.models.map((model) => ({
      name: ident(model.plural),
      cache: imports.value(modelFile('client', model.name), `${model.name}Cache`),
      descriptor: imports.value(modelFile('shared', model.name), descriptorName(model)),
    })),
    scopes: schema.scopes.length === 0 ? null : imports.value('client/scopes', scopesName(schema)),
    openName: ident(`open${client}`),
    openDoc: 'Opens the caches (offline, too) and connects in the background.',
    openOptions: imports.runtime('OpenOptions'),
    open: imports.runtime('openClient'),
    schema: imports.value('shared/schema', 'schema'),
  }
  return { ...view, imports: imports.statements() }
}

const scopeExports = (schema: Schema): readonly Exported[] => {
  if (schema.scopes.length === 0) return []
  return [exported('client', 'client/scopes', [`${clientName(schema)}Scopes`, ...schema.scopes.filter(hasParams).map(paramsName)])]
}

const hasParams = (scope: Scope): boolean => scope.params.length > 0

const carriedPlurals = (schema: Schema, scope: Scope): string => {
  const plurals = scope.lines.map(({ model }) => words(modelOf(schema, model).plural))
  return sentence(listed([...new Set(plurals)]))
}
