/** server/index.ts: the server of a schema, and the types that tie its models together. */
import type { Schema } from '../model.js'
import { camelCase, pascalCase } from '../names.js'
import { shapeHash } from '../sql/index.js'
import { enumExports } from './client-index.js'
import { type Code, code, ident, join, literal, union } from './code.js'
import { Imports } from './imports.js'
import { modelFile, scopeFile } from './paths.js'
import { scopeName } from './server-scope.js'
import { serverTypesName, transactionName } from './server-model.js'
import { claimsDescriptorName, claimsName } from './shared-schema.js'

export interface ServerIndexView {
  readonly imports: readonly Code[]
  readonly exports: readonly { readonly names: Code; readonly from: Code; readonly type: boolean }[]
  readonly name: Code
  readonly claims: Code
  readonly claimsDescriptor: Code
  readonly typesName: Code
  readonly types: readonly { readonly name: Code; readonly type: Code }[]
  readonly transactionName: Code
  readonly transaction: Code
  readonly hooksName: Code
  readonly hooks: readonly { readonly name: Code; readonly type: Code }[]
  readonly eventName: Code
  readonly events: Code
  readonly optionsName: Code
  readonly options: Code
  readonly serverName: Code
  readonly server: Code
  readonly schemaName: Code
  readonly schemaType: Code
  readonly shape: Code
  readonly models: readonly { readonly name: Code; readonly model: Code }[]
  readonly scopes: readonly { readonly name: Code; readonly scope: Code }[]
  readonly createName: Code
  readonly create: Code
}

export const serverIndexView = (schema: Schema): ServerIndexView => {
  const imports = new Imports()
  const title = pascalCase(schema.name)
  const types = ident(`${title}ServerTypes`)
  const hooks = ident(`${title}Hooks`)
  const file = (name: string): string => `./${modelFile(name)}.js`
  imports.value('../shared/schema.js', 'schema')
  const claims = imports.type('../shared/claims.js', claimsName(schema))
  const view = {
    exports: [
      { names: claims, from: literal('../shared/claims.js'), type: true },
      ...schema.models.map(({ name }) => ({
        names: join([`${name}Hooks`, `${name}Record`, `${name}RecordPatch`, `${name}ServerEvent`, `New${name}Record`].map(ident)),
        from: literal(file(name)),
        type: true,
      })),
      ...enumExports(schema),
    ],
    name: literal(schema.name),
    claims,
    claimsDescriptor: imports.value('../shared/claims.js', claimsDescriptorName(schema)),
    typesName: types,
    types: schema.models.map((model) => ({ name: ident(model.plural), type: imports.type(file(model.name), serverTypesName(model)) })),
    transactionName: transactionName(schema),
    transaction: code`${imports.runtime('ServerTransaction')}<${types}>`,
    hooksName: hooks,
    hooks: schema.models.map((model) => ({ name: ident(model.plural), type: imports.type(file(model.name), `${model.name}Hooks`) })),
    eventName: ident(`${title}ServerEvent`),
    events: union(schema.models.map(({ name }) => imports.type(file(name), `${name}ServerEvent`)), 40),
    optionsName: ident(`${title}ServerOptions`),
    options: code`${imports.runtime('ServerOptions')}<${claims}, ${hooks}>`,
    serverName: ident(`${title}Server`),
    server: code`${imports.runtime('SyncServer')}<${types}>`,
    schemaName: ident(`${camelCase(schema.name)}ServerSchema`),
    schemaType: imports.runtime('ServerSchema'),
    shape: literal(shapeHash(schema)),
    models: schema.models.map(({ name }) => ({ name: ident(name), model: imports.value(file(name), `${camelCase(name)}Model`) })),
    scopes: schema.scopes.map((scope) => ({ name: ident(scope.name), scope: imports.value(`./${scopeFile(scope)}.js`, scopeName(scope)) })),
    createName: ident(`create${title}Server`),
    create: imports.runtime('createServer'),
  }
  return { ...view, imports: imports.statements() }
}
