import type { Schema } from '../model.js'
import { camelCase } from '../names.js'
import { shapeHash } from '../sql/index.js'
import { type Code, code, ident, literal, union } from './code.js'
import type { Imports } from './imports.js'
import { claimsDescriptorName, claimsName, clientName, scopeName, transactionName } from './names-of-app.js'
import { modelFile, scopeFile } from './paths.js'
import { enumExports, exported } from './re-exports.js'

/** For templates/server-index.ts.hbs: the server of a schema, and the types that tie its models together. */
export const serverIndexView = (schema: Schema, imports: Imports, hasHistory: boolean) => {
  const title = clientName(schema)
  const types = ident(`${title}ServerTypes`)
  const hooks = ident(`${title}Hooks`)
  const claims = imports.type('shared/claims', claimsName(schema))
  const file = (name: string): string => modelFile('server', name)
  const byPlural = (suffix: string) =>
    schema.models.map(({ name, plural }) => ({ name: ident(plural), type: imports.type(file(name), `${name}${suffix}`) }))
  const view = {
    exports: [
      exported('server', 'shared/claims', [claims]),
      ...schema.models.map(({ name }) => exported('server', file(name), typesOf(name))),
      ...enumExports(schema, 'server'),
    ],
    typesName: types,
    claims,
    types: byPlural('ServerTypes'),
    transactionName: transactionName(schema),
    transaction: code`${imports.runtime('ServerTransaction')}<${types}>`,
    hooksName: hooks,
    hooks: byPlural('Hooks'),
    eventName: ident(`${title}ServerEvent`),
    events: union(schema.models.map(({ name }) => imports.type(file(name), `${name}ServerEvent`)), 40),
    optionsName: ident(`${title}ServerOptions`),
    options: code`${imports.runtime('ServerOptions')}<${claims}, ${hooks}>`,
    serverName: ident(`${title}Server`),
    server: code`${imports.runtime('SyncServer')}<${types}>`,
    schemaName: ident(`${camelCase(schema.name)}ServerSchema`),
    schemaType: imports.runtime('ServerSchema'),
    schema: imports.value('shared/schema', 'schema'),
    transitions: hasHistory ? imports.value('shared/schema', 'transitions') : null,
    shape: literal(shapeHash(schema)),
    claimsDescriptor: imports.value('shared/claims', claimsDescriptorName(schema)),
    models: schema.models.map(({ name }) => ({ name: ident(name), model: imports.value(file(name), modelName(name)) })),
    scopes: schema.scopes.map((scope) => ({ name: ident(scope.name), scope: imports.value(scopeFile(scope), scopeName(scope)) })),
    createName: ident(`create${title}Server`),
    create: imports.runtime('createServer'),
  }
  return { ...view, imports: imports.statements() }
}

const typesOf = (name: string): readonly string[] =>
  [`New${name}Record`, `${name}Hooks`, `${name}Record`, `${name}RecordPatch`, `${name}ServerEvent`]

const modelName = (name: string): Code => ident(`${camelCase(name)}Model`)
